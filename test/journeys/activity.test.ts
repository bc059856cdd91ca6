import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { poll, requestCode, userinfo } from '../helpers/device.ts';
import { linkIn, type Phone } from '../helpers/journey-phone.ts';
import { type Place, setups, startPlace } from '../helpers/journey-place.ts';

const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const email = 'ann@example.org';

for (const setup of setups) {
  let place: Place;
  let own: Phone;
  let theirs: Phone;
  before(async () => {
    place = await startPlace(setup, {
      env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1', LATCHKEY_COUNTRY_HEADER: 'x-country' },
    });
    own = await place.phone({ timezoneId: 'Pacific/Kiritimati' });
    await own.open('/signup');
    await own.signUp(email);
    theirs = await place.phone({ userAgent: iPhone, extraHTTPHeaders: { 'x-country': 'NG' } });
    await theirs.open('/signin');
    await theirs.signIn(email);
  });
  after(() => place?.close());

  const isSignedIn = async (phone: Phone): Promise<boolean> => {
    await phone.open('/sessions');
    return phone.at() === '/sessions';
  };

  test(`F4, F9: on ${setup}, from the mail about a sign-in to a browser that is signed out and a device that is dead`, async () => {
    // What the stranger does with it.
    const code = await requestCode(place.url, 'example-tv');
    await theirs.open('/link');
    await theirs.typeCode(code.user_code);
    await theirs.approve();
    const tokens = await poll(place.url, 'example-tv', code.device_code);
    const token = String(tokens.body.access_token);
    assert.equal((await userinfo(place.url, token)).status, 200);

    const mail = await place.mailbox.waitFor(email, '/activity/undo/');
    assert.equal(mail.subject, 'New sign-in to your account');
    assert.match(mail.text ?? '', /Safari on iPhone[\s\S]*Nigeria/);
    const row = (mail.text ?? '').match(/\/activity\/(?!undo)[\w-]+/)?.[0] ?? '';
    await own.open(row);
    assert.match(await own.words(), /Signed in[\s\S]*Safari on iPhone[\s\S]*Nigeria/);
    assert.ok(await own.tab.isChecked('main input[type=checkbox]'), 'the device is ticked');
    await own.press({ name: 'action', value: 'disown' });
    assert.match(await own.words(), /1 browser was signed out[\s\S]*1 device was unlinked/);
    assert.equal(await isSignedIn(theirs), false);
    assert.equal((await userinfo(place.url, token)).status, 401);
    assert.ok(await isSignedIn(own));
    const told = await place.mailbox.waitFor(email, '1 device was unlinked');
    assert.match(told.subject ?? '', /“This wasn’t me”: what we did/);
    await own.open(`${row}/done`);
    await own.follow('/security/password');
    assert.match(await own.heading(), /password/i);
  });

  test(`on ${setup}, one press in the mail ends it without signing in`, async () => {
    await theirs.open('/signin');
    await theirs.signIn(email);
    await place.mailbox.waitFor(email, '/activity/undo/');
    const again = await place.phone({ userAgent: iPhone });
    await again.open('/signin');
    await again.signIn(email);
    const undo = linkIn(await place.mailbox.waitFor(email, '/activity/undo/'), '/activity/undo/');
    const anybody = await place.phone({ javaScriptEnabled: false });
    await anybody.open(undo);
    assert.ok(await isSignedIn(again), 'looking changes nothing');
    await anybody.press({ form: '/activity/undo' });
    assert.match(await anybody.heading(), /That sign-in is ended/);
    assert.equal(await isSignedIn(again), false);
    assert.ok(await isSignedIn(theirs), 'and nothing else is');
    await anybody.close();
    await again.close();
  });

  test(`F10: on ${setup}, everywhere else is signed out in one press`, async () => {
    await own.open('/sessions');
    assert.match(await own.words(), /This browser[\s\S]*Safari on iPhone/);
    await own.press({ name: 'action', value: 'others' });
    assert.match(await own.words(), /You are signed out everywhere else/);
    assert.equal(await isSignedIn(theirs), false);
  });

  test(`on ${setup}, each line stands under its reader's own day, and the list is a file in one press`, async () => {
    await own.open('/activity');
    const zoned = await own.tab.evaluate(() => {
      const rows = [...document.querySelectorAll<HTMLElement>('[data-days] li')];
      return rows.map((row) => {
        const day = row.closest('section')?.querySelector('h2')?.textContent?.trim() ?? '';
        const at = new Date(row.querySelector('time')?.dateTime ?? '');
        return { day, own: new Intl.DateTimeFormat(navigator.language, { dateStyle: 'medium' }).format(at) };
      });
    });
    assert.ok(zoned.length >= 5);
    for (const { day, own } of zoned) assert.equal(day, own);
    await own.open('/activity/export');
    const [download] = await Promise.all([
      own.tab.waitForEvent('download'),
      own.tab.click('button[name=format][value=csv]'),
    ]);
    assert.equal(download.suggestedFilename(), 'activity.csv');
  });
}
