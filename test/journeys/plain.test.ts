import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { introspect, poll, requestCode, userinfo } from '../helpers/device.ts';
import { createHttpBrowser, type HttpPage } from '../helpers/http-browser.ts';
import { codeIn, linkIn } from '../helpers/journey-phone.ts';
import { type Place, setups, startPlace } from '../helpers/journey-place.ts';
import { approve } from '../helpers/link-journey.ts';
import { testPassword } from '../helpers/test-app.ts';

for (const setup of setups) {
  describe(`A8: scripts off, on ${setup}`, () => {
    let place: Place;
    before(async () => {
      place = await startPlace(setup);
    });
    after(() => place?.close());

    test('a television and a phone in Chromium without scripts', async () => {
      const [tv, phone] = await Promise.all([
        place.tv({ javaScriptEnabled: false }),
        place.phone({ javaScriptEnabled: false }),
      ]);
      const code = await tv.showCode();
      await phone.open(await tv.scan());
      assert.match(await phone.heading(), /Is this the code on your screen\?/);
      assert.ok((await phone.words()).includes(code));
      await phone.press({ form: '/link' });
      await phone.follow('/signup');
      await phone.signUp('noa@example.org');
      await phone.approve();
      assert.match(await phone.heading(), /Example TV is now signed in as noa/);
      // The page refreshes itself; the server behind it polls at its own pace.
      await tv.shows('ask');
      assert.match(await tv.words(), /Linked to the account n…@example\.org/);
      await tv.tab.click('#yes');
      await tv.shows('home');
      await phone.open('/devices');
      await phone.tab.locator('main a', { hasText: 'TV example' }).click();
      await phone.press({ name: 'action', value: 'unlink' });
      assert.match(await phone.words(), /is unlinked/);
      await tv.tab.reload();
      await tv.shows('over');
      assert.match(await tv.words(), /This TV was unlinked/);
    });

    test('a person with nothing but forms', async () => {
      const browser = createHttpBrowser(place.url);
      const email = 'ida@example.org';
      const code = await requestCode(place.url, 'example-tv', { device_name: 'Kitchen TV', device_type: 'tv' });
      const signin = await browser.submit(await browser.open('/link'), { user_code: code.user_code });
      assert.equal(signin.url.pathname, '/signin');
      const confirm = await browser.submit(await browser.open('/signup'), { email });
      const mail = await place.mailbox.waitFor(email);
      const protect = await browser.submit(confirm, { code: codeIn(mail) });
      const review = await browser.submit(protect, { password: testPassword });
      assert.ok(review.text.includes(code.user_code), 'the code came along');
      const done = await approve(browser, review);
      assert.match(done.text, /Example TV is now signed in as ida/);
      assert.match(done.html, /<noscript><meta http-equiv="refresh"/, 'tells without scripts when the device is there');
      const { body } = await poll(place.url, 'example-tv', code.device_code);
      const accessToken = String(body.access_token);
      assert.equal((await userinfo(place.url, accessToken)).body.email, email);

      const undo = linkIn(await place.mailbox.waitFor(email, '/devices/undo/'), '/devices/undo/');
      const stranger = createHttpBrowser(place.url);
      const asked = await stranger.open(undo);
      assert.equal((await userinfo(place.url, accessToken)).status, 200);
      const ended = await stranger.submit(asked, {}, { name: 'action', value: 'unlink' });
      assert.match(ended.text, /Kitchen TV is no longer linked/);
      assert.equal((await introspect(place.url, 'example-tv', accessToken)).body.active, false);
      assert.equal((await userinfo(place.url, accessToken)).status, 401);
    });

    test('a television with nothing but forms', async () => {
      const screen = createHttpBrowser(place.url);
      const idle = await screen.open('/examples/tv');
      const press = (page: HttpPage) => {
        const form = page.root.querySelector('.view.on form');
        assert.ok(form);
        return screen.post(form.getAttribute('action') ?? '', {});
      };
      const viewOf = (page: HttpPage) => page.root.querySelector('.view.on')?.id;
      const waiting = await press(idle);
      const code = waiting.root.querySelector('#code')?.text ?? '';
      assert.match(code, /^\w{4}-\w{4}$/);
      const browser = createHttpBrowser(place.url);
      await place.server.createAccount('eve@example.org');
      await browser.submit(await browser.open('/link'), { user_code: code });
      const password = await browser.submit(await browser.open('/signin'), { email: 'eve@example.org' });
      const review = await browser.submit(password, { password: testPassword });
      const stopped = await browser.submit(review, {}, { name: 'decision', value: 'decline' });
      assert.match(stopped.text, /Stopped\. Nothing was linked/);
      let shown = waiting;
      for (const until = Date.now() + 30_000; viewOf(shown) === 'waiting' && Date.now() < until; ) {
        await pause(250);
        shown = await press(shown);
      }
      assert.equal(viewOf(shown), 'over');
      assert.match(shown.root.querySelector('#over')?.text ?? '', /Turned down on your phone/);
      assert.equal(viewOf(await press(shown)), 'waiting', 'one key press gets a new code');
    });
  });
}
