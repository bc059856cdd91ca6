import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, mock } from 'node:test';
import { hours, minutes, seconds } from '../../src/clock.ts';
import { introspect, poll, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** The computer's clock is set forward or back by an hour, for us and for the engine alike. */
describe('the clock jumps', () => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;
  let time = Date.now();
  let people = 0;

  const jump = (by: number): void => {
    time += by;
    mock.timers.setTime(time);
  };
  const code = () => requestCode(server.url, tv);
  const ask = async (deviceCode: string) => {
    jump(seconds(5));
    const { status, body, headers } = await poll(server.url, tv, deviceCode);
    const wait = headers.get('retry-after');
    assert.ok(wait === null || Number(wait) > 0, `Retry-After: ${wait}`);
    return status === 200 ? 'tokens' : String(body.error);
  };

  before(async () => {
    mock.timers.enable({ apis: ['Date'], now: time });
    server = await startTestApp();
    tv = (await server.createClient()).id;
  });
  after(async () => {
    mock.timers.reset();
    await server.stop();
  });
  beforeEach(async () => {
    const email = `person${people++}@example.org`;
    await server.createAccount(email);
    person = createHttpBrowser(server.url);
    await signIn(person, email, testPassword);
  });

  for (const [name, by] of [
    ['forward', hours(1)],
    ['back', -hours(1)],
  ] as const) {
    it(`an hour ${name}: whoever is signed in and linked stays so, and new links work`, async () => {
      const linked = await code();
      await linkCode(person, linked.user_code);
      const tokens = (await poll(server.url, tv, linked.device_code)).body;
      jump(by);
      assert.match((await person.open('/devices')).text, /Acme TV/);
      assert.equal((await userinfo(server.url, String(tokens.access_token))).status, by > 0 ? 401 : 200);
      const renewed = await refresh(server.url, tv, String(tokens.refresh_token));
      assert.equal(renewed.status, 200);
      assert.ok(Number(renewed.body.expires_in) > 0);
      assert.equal((await introspect(server.url, tv, String(renewed.body.access_token))).body.active, true);

      const next = await code();
      assert.equal(next.expires_in, 600);
      assert.equal(await ask(next.device_code), 'authorization_pending');
      await linkCode(person, next.user_code);
      assert.equal(await ask(next.device_code), 'tokens');
      // And home again, as when a time server has been believed for a moment.
      jump(-by);
      assert.equal((await refresh(server.url, tv, String(renewed.body.refresh_token))).status, 200);
    });

    it(`an hour ${name}: a proof is not fresh any more, to be spent on a link or to change security`, async () => {
      const { user_code } = await code();
      assert.match((await person.open('/security/password')).url.pathname, /^\/security/);
      jump(by);
      assert.match((await person.open('/security/password')).url.pathname, /^\/prove/);
      const again = by > 0 ? (await code()).user_code : user_code;
      const review = await reviewCode(person, again);
      const next = await person.submit(review, {}, { name: 'decision', value: 'approve' });
      assert.ok(next.root.querySelector('input[name="password"]'), next.text);
    });

    it(`an hour ${name}: limits on wrong codes end when they said, or sooner, never later`, async () => {
      const guess = async () => person.submit(await person.open('/link'), { user_code: 'GGGG-GGGG' });
      let page = await guess();
      while (page.status === 404) page = await guess();
      assert.equal(page.status, 429);
      jump(by);
      page = await guess();
      if (by > 0) return void assert.equal(page.status, 404);
      const wait = Number(page.headers.get('retry-after'));
      assert.equal(page.status, 429);
      assert.ok(wait > 0 && wait <= 600, `Retry-After: ${wait}`);
      jump(minutes(10));
      assert.equal((await guess()).status, 404);
    });
  }

  it('an hour forward: a code that waited has run out, and says so at once', async () => {
    const { device_code, user_code } = await code();
    const review = await reviewCode(person, user_code);
    assert.equal(await ask(device_code), 'authorization_pending');
    jump(hours(1));
    assert.equal(await ask(device_code), 'expired_token');
    assert.doesNotMatch((await approve(person, review)).text, /now signed in/);
    assert.equal(await ask(device_code), 'expired_token');
  });

  it('an hour forward and home again: the code waits again', async () => {
    const { device_code, user_code } = await code();
    jump(hours(1));
    await server.app.tidy();
    jump(-hours(1));
    assert.equal(await ask(device_code), 'authorization_pending');
    await linkCode(person, user_code);
    assert.equal(await ask(device_code), 'tokens');
  });

  it('an hour back: a code that waited waits on, at the same pace, and is linked', async () => {
    const { device_code, user_code } = await code();
    assert.equal(await ask(device_code), 'authorization_pending');
    jump(-hours(1));
    assert.equal(await ask(device_code), 'authorization_pending');
    assert.equal(await ask(device_code), 'authorization_pending');
    await linkCode(person, user_code);
    assert.equal(await ask(device_code), 'tokens');
  });

  it('an hour back: an approved code is redeemed, and a lost answer given again', async () => {
    const { device_code, user_code } = await code();
    await linkCode(person, user_code);
    jump(-hours(1));
    const first = await poll(server.url, tv, device_code);
    assert.equal(first.status, 200);
    jump(-hours(1));
    assert.deepEqual((await poll(server.url, tv, device_code)).body, first.body);
    jump(hours(2));
  });

  it('a poll that is held is answered by the decision, whatever the clock does', async () => {
    for (const by of [hours(1), -hours(1)]) {
      const { device_code, user_code } = await code();
      jump(by);
      const fresh = by > 0 ? await code() : { device_code, user_code };
      const held = poll(server.url, tv, fresh.device_code, { prefer: 'wait=25' });
      jump(-by / 2);
      await linkCode(person, fresh.user_code);
      assert.equal((await held).status, 200);
    }
  });
});
