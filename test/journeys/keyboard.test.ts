import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seconds } from '../../src/clock.ts';
import { poll, requestCode } from '../helpers/device.ts';
import { codeIn, type Phone } from '../helpers/journey-phone.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';
import { testPassword } from '../helpers/test-app.ts';

let place: Place;
before(async () => {
  place = await startPlace();
});
after(() => place?.close());

/** A person who has a keyboard and nothing else. */
function handsOn({ tab }: Phone) {
  const isFocused = (selector: string) =>
    tab.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
  /** Goes there with Tab, and makes sure that the focus can be seen on the way. */
  const go = async (selector: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses++) {
      if (await isFocused(selector)) return;
      await tab.keyboard.press('Tab');
      const { outline, hidden } = await tab.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        const style = getComputedStyle(focused);
        const after = getComputedStyle(focused, '::after');
        const box = focused.getBoundingClientRect();
        const outline = [style, after].some(
          (each) => each.outlineStyle !== 'none' && parseFloat(each.outlineWidth) >= 2,
        );
        return { outline, hidden: box.bottom < 0 || box.top > innerHeight };
      });
      assert.ok((outline && !hidden) || (await isFocused('body')), 'WCAG 2.4.7, 2.4.11: the focus cannot be seen');
    }
    assert.fail(`no way to ${selector} on ${tab.url()} with Tab`);
  };
  const enter = async (): Promise<void> => {
    const loaded = tab.waitForEvent('load');
    await Promise.all([loaded, tab.keyboard.press('Enter')]);
  };
  return {
    go,
    enter,
    async type(name: string, text: string): Promise<void> {
      await go(`main input[name="${name}"]`);
      await tab.keyboard.press('ControlOrMeta+a');
      await tab.keyboard.type(text);
    },
  };
}

test('A8: the whole journey by keyboard, and Enter on the review approves nothing', async () => {
  const phone = await place.phone();
  const { tab } = phone;
  const hands = handsOn(phone);
  const code = await requestCode(place.url, 'example-tv', { device_name: 'Study TV', device_model: 'Vision 55' });

  await phone.open('/link');
  await hands.type('user_code', 'bcdf');
  await hands.enter();
  assert.equal(await tab.evaluate(() => document.activeElement?.className), 'error-summary', 'the error comes first');
  await hands.go('.error-summary a');
  await tab.keyboard.press('Enter');
  await hands.type('user_code', code.user_code.replace('-', ''));
  await hands.enter();
  await hands.go('a[href="/signup"]');
  await hands.enter();
  await hands.type('email', 'ada@example.org');
  await hands.enter();
  await hands.type('code', codeIn(await place.mailbox.waitFor('ada@example.org')));
  await hands.enter();
  await hands.type('password', testPassword);
  await hands.enter();

  const review = phone.at();
  assert.match(review, /^\/link\/[\w.-]+$/);
  assert.equal(await tab.evaluate(() => document.activeElement === document.body), true, 'nothing is chosen yet');
  await tab.keyboard.press('Enter');
  await tab.keyboard.press('Space');
  assert.equal((await poll(place.url, 'example-tv', code.device_code)).body.error, 'authorization_pending');
  assert.equal(phone.at(), review);
  const order = await tab.$$eval('main button[name=decision]', (all) => all.map((each) => each.getAttribute('value')));
  assert.deepEqual(order, ['decline', 'approve'], 'No comes first');
  // Both at the same moment: fonts that arrive move everything below them.
  const [no, yes] = await tab.$$eval('main button[name=decision]', (all) =>
    all.map((each) => each.getBoundingClientRect()).map(({ width, height, y }) => ({ width, height, y })),
  );
  assert.ok(no && yes);
  assert.deepEqual([no.width, no.height, no.y], [yes.width, yes.height, yes.y], 'No weighs as much as Yes');
  assert.ok(yes.y + yes.height <= 844, `both are on a phone’s first screen, not at ${yes.y + yes.height}`);

  await hands.go('button[value=approve]');
  await hands.enter();
  assert.match(await phone.heading(), /is now signed in as ada/);
  place.server.clock.advance(seconds(5));
  // The page hears at once that the television has its tokens, and says so.
  const told = tab.waitForEvent('load');
  assert.equal((await poll(place.url, 'example-tv', code.device_code)).status, 200);
  await told;

  await hands.go('main a[href^="/devices/"]');
  await hands.enter();
  await hands.type('name', 'Den TV');
  await hands.enter();
  assert.match(await phone.heading(), /Den TV/, 'Enter in the name saves it and unlinks nothing');
  await hands.go('main button[value=unlink]');
  await hands.enter();
  assert.match(await phone.words(), /Den TV is unlinked/);
});

test('the television is worked by a remote: one button at a time, arrows and OK', async () => {
  const tv = await place.tv();
  const focused = () => tv.tab.evaluate(() => document.activeElement?.textContent);
  assert.equal(await focused(), 'Show a code');
  await tv.showCode();
  assert.equal(await focused(), 'Get a new code');
  const phone = await place.phone();
  await place.server.createAccount('bo@example.org');
  await phone.open('/link');
  await phone.typeCode(await tv.code());
  await phone.signIn('bo@example.org');
  await phone.approve();
  await tv.wait(seconds(5));
  await tv.shows('ask');
  assert.equal(await focused(), 'Yes, this is me');
  await tv.tab.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'No, sign out');
  await tv.tab.keyboard.press('ArrowLeft');
  await tv.pressOk();
  await tv.shows('home');
  assert.equal(await focused(), 'Sign out');
});
