import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const known = 'https://tv.example';
const stranger = 'https://evil.example';

/** C15 (RFC 9700 §2.6): scripts of an app's own pages may call, no others, and the authorization endpoint nobody. */
describe('C15: scripts of other origins', () => {
  let server: TestApp;
  let app: string;
  let other: string;
  let secret: { id: string; secret: string };

  before(async () => {
    server = await startTestApp();
    app = (await server.createClient({ webOrigins: [known] })).id;
    other = (await server.createClient({ name: 'Other' })).id;
    const confidential = await server.createClient({ name: 'Box', public: false });
    secret = { id: confidential.id, secret: confidential.secret ?? '' };
    await server.createAccount('sam@example.org');
  });
  after(() => server.stop());

  const preflight = (path: string, origin: string, method = 'POST') =>
    fetch(server.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization, dpop',
      },
    });
  const post = (path: string, origin: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { method: 'POST', headers: { origin, ...headers }, body: new URLSearchParams(fields) });
  const allowed = (response: Response): string | null => response.headers.get('access-control-allow-origin');

  const linked = async () => {
    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    const code = await requestCode(server.url, app);
    await linkCode(person, code.user_code);
    return (await poll(server.url, app, code.device_code)).body as { access_token: string; refresh_token: string };
  };

  for (const path of ['/token', '/device_authorization', '/userinfo', '/revoke', '/introspect', '/par']) {
    it(`a preflight of ${path} is answered for a registered origin only`, async () => {
      const yes = await preflight(path, known);
      assert.deepEqual([yes.status, allowed(yes)], [204, known]);
      assert.match(yes.headers.get('access-control-allow-methods') ?? '', /POST/);
      assert.equal(yes.headers.get('access-control-allow-headers'), 'authorization, dpop');
      assert.equal(yes.headers.get('access-control-allow-credentials'), null, 'never with cookies');
      const no = await preflight(path, stranger);
      assert.deepEqual([no.status, allowed(no)], [403, null]);
      assert.match(no.headers.get('vary') ?? '', /Origin/i);
    });
  }

  it('/auth and the pages of people never answer a script', async () => {
    for (const path of ['/auth', '/auth/x', '/link', '/signin', '/devices', '/interaction/x']) {
      for (const origin of [known, stranger]) {
        assert.equal(allowed(await preflight(path, origin, 'GET')), null, path);
        assert.equal(allowed(await fetch(server.url + path, { headers: { origin }, redirect: 'manual' })), null, path);
      }
    }
  });

  it('metadata and keys may be read by everyone', async () => {
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']) {
      assert.equal(allowed(await fetch(server.url + path, { headers: { origin: stranger } })), stranger);
      assert.equal(allowed(await preflight(path, stranger, 'GET')), stranger);
    }
  });

  it('a whole link works from a registered origin', async () => {
    const issued = await post('/device_authorization', known, { client_id: app, scope: 'openid' });
    assert.deepEqual([issued.status, allowed(issued)], [200, known]);
    const { device_code, user_code } = (await issued.json()) as Record<string, string>;
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: app, device_code };
    const pending = await post('/token', known, form as Record<string, string>);
    assert.deepEqual([pending.status, allowed(pending)], [400, known]);
    assert.equal(((await pending.json()) as { error: string }).error, 'authorization_pending');

    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    await linkCode(person, user_code ?? '');
    const redeemed = await post('/token', known, form as Record<string, string>);
    assert.deepEqual([redeemed.status, allowed(redeemed)], [200, known]);
    const tokens = (await redeemed.json()) as { access_token: string; refresh_token: string };

    const headers = { origin: known, authorization: `Bearer ${tokens.access_token}` };
    const info = await fetch(`${server.url}/userinfo`, { headers });
    assert.deepEqual([info.status, allowed(info)], [200, known]);
    const revoked = await post('/revoke', known, { client_id: app, token: tokens.refresh_token });
    assert.deepEqual([revoked.status, allowed(revoked)], [200, known]);
  });

  it('a request of a stranger is refused, whatever client it names, and so is one for another client', async () => {
    const { access_token, refresh_token } = await linked();
    const bearer = { authorization: `Bearer ${access_token}` };
    const basic = { authorization: `Basic ${btoa(`${secret.id}:${secret.secret}`)}` };
    const refresh = { grant_type: 'refresh_token', refresh_token };
    const responses = [
      await post('/device_authorization', stranger, { client_id: app }),
      await post('/device_authorization', known, { client_id: other }),
      await post('/device_authorization', known, {}, basic),
      await post('/token', stranger, { ...refresh, client_id: app }),
      await post('/token', known, { ...refresh, client_id: other }),
      await post('/revoke', stranger, { client_id: app, token: access_token }),
      await fetch(`${server.url}/userinfo`, { headers: { origin: stranger, ...bearer } }),
    ];
    for (const response of responses) {
      assert.deepEqual([response.status, allowed(response)], [400, null], response.url);
    }
    const info = await fetch(`${server.url}/userinfo`, { headers: { origin: known, ...bearer } });
    assert.equal(info.status, 200, 'nothing of the above revoked anything');
  });

  it('pages that live at the issuer may call for any client', async () => {
    const issued = await post('/device_authorization', server.url, { client_id: other });
    assert.equal(issued.status, 200);
  });
});
