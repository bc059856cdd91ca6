import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { minutes } from '../../src/clock.ts';
import { chooseAccount, signInToApp } from '../helpers/app-sign-in.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { authorizationRequest, refused, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const sam = 'sam@example.org';
const kim = 'kim@example.org';

/** Decision 6: our browser session says who is signed in to apps, and how lately they proved it. */
describe('openid-client and the session', () => {
  let server: TestApp;
  let config: client.Configuration;
  let person: HttpBrowser;
  const ids: Record<string, string> = {};

  before(async () => {
    server = await startTestApp();
    for (const email of [sam, kim]) ids[email] = await server.createAccount(email);
    config = await registerApp(server, webApp);
  });
  after(() => server.stop());
  beforeEach(() => {
    person = createHttpBrowser(server.url);
  });

  /** Signs in some minutes before now: the engine's clock is real, so that the past is what can be moved. */
  const signInEarlier = async (email: string, ago = minutes(10)) => {
    server.clock.advance(-ago);
    await signIn(person, email, testPassword);
    server.clock.advance(ago);
  };

  /** Asks for a sign-in; the account the app ends up with, what the person was asked, and when they proved it. */
  const ask = async (more: Record<string, string> = {}, answers: Parameters<typeof signInToApp>[2] = {}) => {
    const { url, checks } = await authorizationRequest(config, more);
    const { steps, callback } = await signInToApp(person, url, answers);
    const maxAge = more.max_age === undefined ? {} : { maxAge: Number(more.max_age) };
    const tokens = await client.authorizationCodeGrant(config, callback, { ...checks, ...maxAge });
    const { sub, auth_time } = tokens.claims() ?? {};
    return { steps, sub, idToken: tokens.id_token ?? '', age: Date.now() / 1000 - Number(auth_time) };
  };

  const silently = async (more: Record<string, string> = {}): Promise<string> => {
    const { url, checks } = await authorizationRequest(config, { prompt: 'none', ...more });
    const page = await person.open(url.href);
    assert.equal(page.url.origin, 'https://app.example');
    assert.equal(page.url.searchParams.get('iss'), server.url);
    return refused(client.authorizationCodeGrant(config, page.url, checks));
  };

  describe('prompt=none', () => {
    it('login_required when nobody is signed in', async () => {
      assert.equal(await silently(), 'login_required');
    });

    it('succeeds after consent; consent_required for more than was allowed', async () => {
      await ask({}, { email: sam });
      assert.equal(await silently(), 'nothing was refused');
      assert.equal(await silently({ scope: 'openid email profile' }), 'consent_required');
    });

    it('login_required when the proof is older than max_age', async () => {
      await signInEarlier(sam);
      await ask();
      assert.equal(await silently({ max_age: '60' }), 'login_required');
      assert.equal(await silently({ max_age: '3600' }), 'nothing was refused');
    });

    it('F9: login_required after the session was ended from another browser', async () => {
      await ask({}, { email: sam });
      assert.equal(await silently(), 'nothing was refused');
      const elsewhere = createHttpBrowser(server.url);
      await signIn(elsewhere, sam, testPassword);
      const others = { name: 'action', value: 'others' };
      const ended = await elsewhere.submit(await elsewhere.open('/sessions'), {}, others);
      assert.equal(ended.url.search, '?ended=others');
      assert.equal(await silently(), 'login_required');
    });

    it('F9: what an app holds, and no person can see, ends with signing out everywhere else; a device stays', async () => {
      const thief = createHttpBrowser(server.url);
      await signIn(thief, sam, testPassword);
      const scope = { scope: 'openid offline_access', prompt: 'consent' };
      const { url, checks } = await authorizationRequest(config, scope);
      const { callback } = await signInToApp(thief, url);
      const held = await client.authorizationCodeGrant(config, callback, checks);
      await client.fetchUserInfo(config, held.access_token, ids[sam] ?? '');

      await signIn(person, sam, testPassword);
      const tv = await registerApp(server, {});
      const code = await client.initiateDeviceAuthorization(tv, { scope: 'openid offline_access' });
      await linkCode(person, code.user_code);
      const { device_code } = code;
      const type = 'urn:ietf:params:oauth:grant-type:device_code';
      const device = await client.genericGrantRequest(tv, type, { device_code });

      await person.submit(await person.open('/sessions'), {}, { name: 'action', value: 'others' });
      assert.equal(await refused(client.refreshTokenGrant(config, held.refresh_token ?? '')), 'invalid_grant');
      assert.notEqual(
        await refused(client.fetchUserInfo(config, held.access_token, ids[sam] ?? '')),
        'nothing was refused',
      );
      assert.ok((await client.refreshTokenGrant(tv, device.refresh_token ?? '')).access_token);
    });

    it('login_required after signing out of us', async () => {
      await ask({}, { email: sam });
      await person.submit(await person.open('/signout'), {});
      assert.equal(await silently(), 'login_required');
    });
  });

  describe('a fresh proof', () => {
    it('prompt=login asks for one, and auth_time says so', async () => {
      await signInEarlier(sam);
      const first = await ask();
      assert.deepEqual(first.steps, ['permissions']);
      assert.ok(first.age > 500);
      const second = await ask({ prompt: 'login' });
      assert.deepEqual(second.steps, ['password']);
      assert.ok(second.age < 300);
    });

    it('max_age asks for one only when the last is older', async () => {
      await signInEarlier(sam);
      await ask();
      assert.deepEqual((await ask({ max_age: '3600' })).steps, []);
      const asked = await ask({ max_age: '300' });
      assert.deepEqual(asked.steps, ['password']);
      assert.ok(asked.age < 300);
    });
  });

  describe('several accounts in one browser', () => {
    it('/auth uses the current account, not the one the engine remembers', async () => {
      assert.equal((await ask({}, { email: sam })).sub, ids[sam]);
      await signIn(person, kim, testPassword);
      const asKim = await ask();
      assert.deepEqual([asKim.sub, asKim.steps], [ids[kim], ['permissions']]);
      await switchTo(sam);
      assert.equal((await ask()).sub, ids[sam]);
    });

    it('what one account allowed is not allowed for another', async () => {
      await ask({}, { email: sam });
      await signIn(person, kim, testPassword);
      assert.notEqual(await silently(), 'nothing was refused');
      await ask();
      assert.equal(await silently(), 'nothing was refused');
    });

    for (const pushed of [false, true]) {
      it(`whoever switches while the permissions page is open is asked again${pushed ? ' (PAR)' : ''}`, async () => {
        await signIn(person, sam, testPassword);
        await signIn(person, kim, testPassword);
        const { url, parameters, checks } = await authorizationRequest(config);
        const from = pushed ? await client.buildAuthorizationUrlWithPAR(config, parameters) : url;
        const page = await person.open(from.href);
        assert.match(page.text, /kim@example\.org/);
        await switchTo(sam);
        const held = await person.submit(page, {}, { name: 'decision', value: 'approve' });
        assert.equal(held.url.origin, server.url, 'nobody said yes for the account in use');
        const asked = await person.open(page.url.href);
        assert.match(asked.text, /sam@example\.org/);
        const done = await person.submit(asked, {}, { name: 'decision', value: 'approve' });
        const tokens = await client.authorizationCodeGrant(config, done.url, checks);
        assert.equal(tokens.claims()?.sub, ids[sam]);
      });
    }

    it('an app that means another account gets that one, chosen by the person, or none', async () => {
      await signIn(person, kim, testPassword);
      const { idToken } = await ask();
      await signIn(person, sam, testPassword);
      const chosen = await ask({ id_token_hint: idToken }, { account: ids[kim] ?? '' });
      assert.deepEqual([chosen.sub, chosen.steps], [ids[kim], ['account']]);

      person = createHttpBrowser(server.url);
      const { url, checks } = await authorizationRequest(config, { id_token_hint: idToken });
      const { callback } = await signInToApp(person, url, { email: sam });
      assert.equal(await refused(client.authorizationCodeGrant(config, callback, checks)), 'login_required');
    });
  });

  const switchTo = async (email: string) => {
    await chooseAccount(person, await person.open('/accounts'), ids[email] ?? '');
  };
});
