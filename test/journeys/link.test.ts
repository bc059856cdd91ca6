import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seconds } from '../../src/clock.ts';
import { introspect, poll, requestCode, userinfo } from '../helpers/device.ts';
import { linkIn, type Phone } from '../helpers/journey-phone.ts';
import { type Place, setups, startPlace } from '../helpers/journey-place.ts';
import type { Tv } from '../helpers/journey-tv.ts';

for (const setup of setups) {
  describe(`a television and a phone, on ${setup}`, () => {
    let place: Place;
    let tv: Tv;
    let phone: Phone;
    const email = 'robin@example.org';
    before(async () => {
      place = await startPlace(setup);
      [tv, phone] = await Promise.all([place.tv(), place.phone({ passkeys: true })]);
    });
    after(() => place?.close());

    /** A device linked by this phone, with its tokens. */
    async function linkDevice(name: string): Promise<{ accessToken: string }> {
      const code = await requestCode(place.url, 'example-tv', { device_name: name, device_type: 'terminal' });
      await phone.open(`/L/${code.user_code}`);
      await phone.press({ form: '/link' });
      await phone.approve();
      const { body } = await poll(place.url, 'example-tv', code.device_code);
      // The page loads itself anew, which would cut short wherever the phone goes next.
      await phone.tab.waitForSelector('[data-state=redeemed]');
      return { accessToken: String(body.access_token) };
    }
    const isActive = async (accessToken: string): Promise<boolean> => {
      const { body } = await introspect(place.url, 'example-tv', accessToken);
      return body.active === true;
    };

    test('A1, B1: a typed code survives making an account, and both screens say that they are linked', async () => {
      const code = await tv.showCode();
      assert.equal((await tv.scan()).toLowerCase(), `${place.url}/l/${code.replace('-', '')}`.toLowerCase());

      await phone.open('/link');
      await phone.typeCode(code.replace('-', ' ').toLowerCase());
      assert.equal(phone.at(), '/signin');
      assert.match(await phone.words(), /Your code is kept/);
      await phone.follow('/signup');
      await phone.signUp(email);
      assert.match(await phone.heading(), /Are you signing in to Example TV on another device right now\?/);
      const review = await phone.words();
      for (const fact of [code, 'TV example, Web page', 'robin@example.org', 'same network'])
        assert.ok(review.includes(fact), `the review says nothing of ${fact}:\n${review}`);

      await phone.press({ name: 'decision', value: 'approve' });
      assert.match(await phone.heading(), /Example TV is now signed in as robin/, 'the passkey made just now suffices');
      await tv.wait(seconds(5));
      await tv.shows('ask');
      assert.match(await tv.words(), /Linked to the account r…@example\.org/);
      assert.doesNotMatch(await tv.words(), /robin/, 'others are in the room');
      await phone.tab.waitForSelector('[data-state=redeemed]');
      assert.match(await phone.words(), /The device has signed in/, 'the phone notices by itself');
      await tv.pressOk();
      await tv.shows('home');
    });

    test('B27: a mail tells of it; its link changes nothing until one press unlinks', async () => {
      const mail = await place.mailbox.waitFor(email);
      assert.match(mail.subject ?? '', /Example TV was linked to your account/);
      const { accessToken } = await linkDevice('Old laptop');
      const undo = linkIn(await place.mailbox.waitFor(email, '/devices/undo/'), '/devices/undo/');
      const elsewhere = await place.phone();
      await elsewhere.open(undo);
      assert.match(await elsewhere.heading(), /Unlink Old laptop\?/);
      assert.equal(await isActive(accessToken), true, 'mail scanners open links too');
      await elsewhere.press({ form: '/devices/undo' });
      assert.match(await elsewhere.heading(), /Old laptop is no longer linked/);
      assert.equal(await isActive(accessToken), false);
      assert.equal((await userinfo(place.url, accessToken)).status, 401);
      await elsewhere.close();
    });

    test('K7: the next device asks again who it is, by one press on the passkey', async () => {
      const { user_code: code } = await requestCode(place.url, 'example-tv');
      await phone.open('/link');
      await phone.typeCode(code);
      await phone.press({ name: 'decision', value: 'approve' });
      assert.match(phone.at(), /^\/link\/[\w.-]+\/prove$/);
      await phone.tab.locator('main [data-passkey=get] button').click();
      await phone.tab.waitForURL(/\/link\/[\w.-]+$/);
      assert.match(await phone.heading(), /is now signed in/);
    });

    test('D1, D2: devices are listed and renamed; unlinking ends every token before the page answers', async () => {
      const { accessToken } = await linkDevice('Terminal');
      assert.equal((await userinfo(place.url, accessToken)).body.email, email);
      await phone.open('/devices');
      const list = await phone.words();
      for (const name of ['TV example', 'Terminal']) assert.ok(list.includes(name), list);
      await phone.tab.locator('main a', { hasText: 'Terminal' }).click();
      await phone.tab.waitForURL(/\/devices\/[\w-]+$/);
      await phone.fill('name', 'Work terminal');
      await phone.press({ name: 'action', value: 'rename' });
      assert.match(await phone.heading(), /Work terminal/);
      await phone.press({ name: 'action', value: 'unlink' });
      assert.match(await phone.words(), /Work terminal is unlinked/);
      assert.equal(await isActive(accessToken), false);
      assert.equal((await userinfo(place.url, accessToken)).status, 401);
    });

    test('a television that is unlinked says so at its next look', async () => {
      await phone.open('/devices');
      await phone.tab.locator('main a', { hasText: 'TV example' }).click();
      await phone.tab.waitForURL(/\/devices\/[\w-]+$/);
      await phone.press({ name: 'action', value: 'unlink' });
      await tv.wait(seconds(31));
      await tv.shows('over');
      assert.match(await tv.words(), /This TV was unlinked/);
    });

    test('A4: a refusal reaches the television, and one key press gets a new code', async () => {
      const first = await tv.showCode();
      await phone.open(await tv.scan());
      assert.match(await phone.words(), new RegExp(first));
      await phone.press({ form: '/link' });
      await phone.press({ name: 'decision', value: 'decline' });
      assert.match(await phone.heading(), /Stopped\. Nothing was linked/);
      await tv.wait(seconds(5));
      await tv.shows('over');
      assert.match(await tv.words(), /Turned down on your phone/);
      assert.notEqual(await tv.showCode(), first);
    });
  });
}
