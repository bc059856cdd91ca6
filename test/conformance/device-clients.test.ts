import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as client from 'openid-client';
import { createClients } from '../../src/clients/clients.ts';
import { days, seconds } from '../../src/clock.ts';
import { createClientCheck } from '../../src/engine/client-check.ts';
import {
  type DeviceAnswer,
  deviceCodeGrant,
  introspect,
  poll,
  postForm,
  refresh,
  requestCode,
  userinfo,
} from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { authorizationRequest, callback, configure } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const sam = 'sam@example.org';
type App = { id: string; headers: Record<string, string>; fields: Record<string, string> };

/** What a device's app may do, whatever it says of itself, and for how long. */
describe('apps on devices', () => {
  let server: TestApp;
  let person: HttpBrowser;
  let withSecret: App;
  let without: App;

  before(async () => {
    server = await startTestApp({ env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1' } });
    await server.createAccount(sam);
    person = await newPerson();
    const { id, secret } = await server.createClient({ public: false });
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    withSecret = { id, headers: { authorization }, fields: {} };
    const plain = await server.createClient();
    without = { id: plain.id, headers: {}, fields: { client_id: plain.id } };
  });
  after(() => server.stop());

  const newPerson = async (): Promise<HttpBrowser> => {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, sam, testPassword);
    return browser;
  };
  const send = (app: App, path: string, fields: Record<string, string>, more = {}): Promise<DeviceAnswer> =>
    postForm(server.url + path, { ...app.fields, ...fields }, { ...app.headers, ...more });
  const ask = (app: App, more: Record<string, string> = {}, headers = {}): Promise<DeviceAnswer> =>
    send(app, '/device_authorization', { scope: 'openid email offline_access', ...more }, headers);
  const redeem = (app: App, deviceCode: unknown): Promise<DeviceAnswer> =>
    send(app, '/token', { grant_type: deviceCodeGrant, device_code: String(deviceCode) });
  const linked = async (app: App): Promise<Record<string, unknown>> => {
    const { body } = await ask(app);
    await linkCode(person, String(body.user_code));
    return (await redeem(app, body.device_code)).body;
  };
  const both = async <T>(look: (app: App) => Promise<T>): Promise<T> => {
    const [one, other] = [await look(withSecret), await look(without)];
    assert.deepEqual(one, other);
    return other;
  };
  /** What is the same in two runs. */
  const shape = (body: Record<string, unknown>) => ({
    members: Object.keys(body).sort(),
    ...{ scope: body.scope, expires_in: body.expires_in, token_type: body.token_type },
  });

  describe('with and without a secret', () => {
    it('A26, B32: are reviewed in the same words, take the same proof and get the same, and no more than they may', async () => {
      server.clock.advance(seconds(90));
      const { words, tokens } = await both(async (app) => {
        const { body } = await ask(app, { device_name: 'Living room', scope: 'openid email offline_access admin' });
        const review = await reviewCode(person, String(body.user_code));
        const words = review.text.replaceAll(String(body.user_code), '…');
        const proof = await person.submit(review, {}, { name: 'decision', value: 'approve' });
        assert.ok(proof.root.querySelector('input[name="password"]'), 'a proof for each');
        assert.equal((await redeem(app, body.device_code)).body.error, 'authorization_pending');
        await person.submit(proof, { password: testPassword });
        return { words, asked: shape(body), tokens: shape((await redeem(app, body.device_code)).body) };
      });
      assert.match(words, /Acme TV/);
      assert.ok(tokens.members.includes('refresh_token'));
      assert.equal(tokens.scope, 'openid email offline_access');
    });

    it('A26: are told to slow down alike', async () => {
      await both(async (app) => {
        const { body } = await ask(app);
        const polls: unknown[] = [];
        for (let i = 0; i < 3; i++) polls.push((await redeem(app, body.device_code)).body.error);
        return polls;
      });
    });

    it('A26: learn nothing of the tokens of other apps, and can end none', async () => {
      const other = (await server.createClient()).id;
      const code = await requestCode(server.url, other);
      await linkCode(person, code.user_code);
      const { access_token, refresh_token } = (await poll(server.url, other, code.device_code)).body;
      await both(async (app) => {
        for (const token of [String(access_token), String(refresh_token)]) {
          assert.deepEqual((await send(app, '/introspect', { token })).body, { active: false });
          await send(app, '/revoke', { token });
        }
      });
      assert.equal((await introspect(server.url, other, String(access_token))).body.active, true);
    });

    it('A26: their links last equally long', async () => {
      await both(async (app) => {
        const { refresh_token } = await linked(app);
        const { body } = await send(app, '/introspect', { token: String(refresh_token) });
        const lasts = Number(body.exp) - server.clock.now() / 1000;
        return Math.round(lasts / 60);
      });
    });
  });

  describe('lifetimes', () => {
    it('B33: access tokens live ten minutes, and thirty days is the longest that nobody asked for', async () => {
      const { access_token, expires_in } = await linked(without);
      assert.equal(expires_in, 600);
      const about = (await introspect(server.url, without.id, String(access_token))).body;
      assert.equal(Number(about.exp) - Number(about.iat), 600);
      const [found] = await createClients({ ...server.outside, accepted: createClientCheck() }).list();
      assert.equal(found?.deviceDays, 30);
    });

    it('B33: however often a device refreshes, its link ends when it was to end', async () => {
      // The engine's own clock is real, so that the past is what can be moved.
      server.clock.advance(-days(31));
      person = await newPerson();
      const { refresh_token } = await linked(without);
      let token = String(refresh_token);
      for (let week = 0; week < 4; week++) {
        server.clock.advance(days(7));
        const { status, body } = await refresh(server.url, without.id, token);
        assert.equal(status, 200, `after ${week + 1} weeks`);
        token = String(body.refresh_token);
      }
      server.clock.advance(days(3));
      const late = await refresh(server.url, without.id, token);
      assert.deepEqual([late.status, late.body.error], [400, 'invalid_grant']);
      person = await newPerson();
    });
  });

  describe('and the browser in which they were approved', () => {
    it('F11: an approval signs nobody in to the app in the browser', async () => {
      const grants = ['device_code', 'authorization_code', 'refresh_token'];
      const app = await server.createClient({ grants, redirectUris: [callback] });
      const cookies = [...person.cookies.keys()].sort();
      const code = await requestCode(server.url, app.id);
      await linkCode(person, code.user_code);
      const { status, body } = await poll(server.url, app.id, code.device_code);
      assert.equal(status, 200);
      assert.deepEqual([...person.cookies.keys()].sort(), cookies, 'no other session');
      const config = await configure(server, app.id, client.None());
      for (const more of [{}, { id_token_hint: String(body.id_token) }]) {
        const { url } = await authorizationRequest(config, { prompt: 'none', scope: 'openid', ...more });
        const answer = await person.open(url.href);
        assert.equal(answer.url.origin, 'https://app.example');
        assert.equal(answer.url.searchParams.get('code'), null);
        assert.match(answer.url.searchParams.get('error') ?? '', /^(?:login|consent)_required$/);
      }
      const { url } = await authorizationRequest(config, { scope: 'openid' });
      const asked = await person.open(url.href);
      assert.ok(asked.root.querySelector('button[name="decision"][value="approve"]'), asked.text);
    });

    it("F11: a device's tokens open no page of the account", async () => {
      const { access_token, refresh_token, id_token } = await linked(without);
      assert.equal((await userinfo(server.url, String(access_token))).status, 200);
      for (const token of [access_token, refresh_token, id_token].map(String)) {
        for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `DPoP ${token}` }, {}]) {
          const stranger = createHttpBrowser(server.url, headers);
          for (const cookie of ['latchkey-session', 'latchkey-engine']) stranger.cookies.set(cookie, token);
          for (const path of ['/devices', '/account', '/security']) {
            assert.equal((await stranger.open(path)).url.pathname, '/signin', path);
          }
        }
      }
    });
  });
});
