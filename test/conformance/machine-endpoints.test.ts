import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deviceCodeGrant, poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { connectRaw, requestHead } from '../helpers/raw-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const origin = 'https://tv.example';
const form = 'application/x-www-form-urlencoded';
const posted = ['/token', '/device_authorization', '/devicecode', '/introspect', '/revoke', '/par'];
const read = ['/jwks', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];

/** What a program is told at the endpoints for programs: always in one shape, and so that a script may read it. */
describe('fault C3: endpoints for programs', () => {
  let server: TestApp & { client: string };
  let tv: string;
  let access: string;
  let refresh: string;

  before(async () => {
    server = await startOne();
    tv = server.client;
    await server.createAccount('sam@example.org');
    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    const code = await requestCode(server.url, tv);
    await linkCode(person, code.user_code);
    const { body } = await poll(server.url, tv, code.device_code);
    [access, refresh] = [String(body.access_token), String(body.refresh_token)];
  });
  after(() => server.stop());

  async function startOne(): Promise<TestApp & { client: string }> {
    const app = await startTestApp();
    app.app.server.log.level = 'silent';
    return { ...app, client: (await app.createClient({ webOrigins: [origin] })).id };
  }
  const basic = (id: string, secret = ''): string => `Basic ${btoa(`${id}:${secret}`)}`;

  async function isReadable(response: Response, status: number, what: string): Promise<Record<string, unknown>> {
    assert.equal(response.status, status, what);
    assert.equal(response.headers.get('access-control-allow-origin'), origin, what);
    const exposed = response.headers.get('access-control-expose-headers') ?? '';
    for (const name of ['Retry-After', 'WWW-Authenticate', 'DPoP-Nonce']) assert.ok(exposed.includes(name), what);
    assert.match(response.headers.get('vary') ?? '', /origin/i, what);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/, what);
    const body = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(body), ['error', 'error_description'], what);
    assert.equal(response.headers.get('cache-control'), 'no-store', what);
    return body;
  }

  it('fault C3: a method that an address does not take is 405 and says which it takes, everywhere', async () => {
    const takes = new Map<string, string>([
      ...posted.map((path): [string, string] => [path, 'POST, OPTIONS']),
      ...read.map((path): [string, string] => [path, 'GET, HEAD, OPTIONS']),
      ['/userinfo', 'GET, HEAD, POST, OPTIONS'],
    ]);
    for (const [path, allow] of takes) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
        if (allow.split(', ').includes(method)) continue;
        const response = await fetch(server.url + path, { method, headers: { origin } });
        assert.equal(response.headers.get('allow'), allow, `${method} ${path}`);
        if (method === 'HEAD') assert.equal(response.status, 405);
        else await isReadable(response, 405, `${method} ${path}`);
      }
    }
  });

  it('fault C3: what is not understood is 415, whatever it is and wherever', async () => {
    const bodies: [string, Record<string, string>][] = [
      ['{"client_id":"x"}', { 'content-type': 'application/json' }],
      ['client_id=x', { 'content-type': 'text/plain' }],
      ['client_id=x', { 'content-type': `${form}-like` }],
      ['--x\r\n', { 'content-type': 'multipart/form-data; boundary=x' }],
      ['client_id=x', { 'content-type': form, 'content-encoding': 'gzip' }],
    ];
    for (const path of [...posted, '/userinfo']) {
      for (const [body, headers] of bodies) {
        const response = await fetch(server.url + path, { method: 'POST', headers: { origin, ...headers }, body });
        assert.equal(response.headers.get('accept-post'), form);
        await isReadable(response, 415, `${path} ${JSON.stringify(headers)}`);
      }
    }
    for (const type of ['Application/X-WWW-Form-Urlencoded', `${form};charset=UTF-8`, `${form} ; charset=utf-8`]) {
      const response = await fetch(`${server.url}/device_authorization`, {
        ...{ method: 'POST', headers: { 'content-type': type }, body: `client_id=${tv}` },
      });
      assert.equal(response.status, 200, type);
    }
  });

  it('fault C3: what is too large or unproven may be read by a script', async () => {
    const headers = { origin, 'content-type': form };
    const client = `client_id=${tv}`;
    for (const path of [...posted, '/userinfo']) {
      const large = await fetch(server.url + path, {
        method: 'POST',
        headers,
        body: `${client}&x=${'x'.repeat(70_000)}`,
      });
      await isReadable(large, 413, path);
    }
    const wrong = await fetch(`${server.url}/userinfo`, { headers: { origin, authorization: 'Bearer nothing' } });
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer /);
    await isReadable(wrong, 401, 'userinfo');
  });

  it('fault C3: a database that is away is told in the same shape, and a script may read that', async () => {
    const { url, client, outside, stop } = await startOne();
    await fetch(`${url}/token`, { headers: { origin } });
    await outside.database.close();
    for (const path of ['/introspect', '/revoke', '/userinfo']) {
      const authorization: Record<string, string> = path === '/userinfo' ? { authorization: 'Bearer x' } : {};
      const headers = { origin, 'content-type': form, ...authorization };
      const body = `client_id=${client}&token=x`;
      const away = await fetch(url + path, { method: 'POST', headers, body });
      assert.ok(Number(away.headers.get('retry-after')) > 0);
      await isReadable(away, 503, path);
    }
    await stop();
  });

  it('fault C3: a stranger’s origin reads nothing of it', async () => {
    for (const [path, method] of [
      ['/token', 'GET'],
      ['/userinfo', 'PUT'],
    ] as const) {
      const response = await fetch(server.url + path, { method, headers: { origin: 'https://evil.example' } });
      assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [405, null]);
    }
  });

  it('fault C3: an empty secret is none, for a public client alone (RFC 6749 §2.3.1)', async () => {
    const authorization = basic(tv);
    const asked = await postForm(`${server.url}/device_authorization`, { scope: 'openid' }, { authorization });
    assert.equal(asked.status, 200);
    const code = { grant_type: deviceCodeGrant, device_code: String(asked.body.device_code) };
    assert.equal((await postForm(`${server.url}/token`, code, { authorization })).body.error, 'authorization_pending');
    const introspected = await postForm(`${server.url}/introspect`, { token: access }, { authorization });
    assert.equal(introspected.body.active, true);
    const box = await server.createClient({ public: false });
    for (const [id, fields] of [
      [box.id, {}],
      ['nobody', {}],
      [tv, { client_id: box.id }],
    ] as [string, object][]) {
      const refused = await postForm(
        `${server.url}/introspect`,
        { token: access, ...fields },
        { authorization: basic(id) },
      );
      assert.ok([400, 401].includes(refused.status), id);
      assert.ok(['invalid_client', 'invalid_request'].includes(String(refused.body.error)));
    }
  });

  it('fault C3: several spaces after a scheme are one (RFC 9110 §11.4)', async () => {
    for (const spaces of [' ', '  ', '     ']) {
      const client = await connectRaw(server.url);
      client.send(requestHead('GET /userinfo', { authorization: `Bearer${spaces}${access}`, connection: 'close' }));
      assert.match(await client.closed, /^HTTP\/1\.1 200 /);
    }
    const odd = await fetch(`${server.url}/userinfo`, { headers: { authorization: 'Bearer a b' } });
    assert.equal(odd.status, 400);
  });

  it('fault C3: userinfo by POST: the token in the header, with any or no body, or in the form (RFC 6750 §2.2)', async () => {
    const authorization = `Bearer ${access}`;
    const ways: RequestInit[] = [
      { headers: { authorization } },
      { headers: { authorization, 'content-type': 'application/json' } },
      { headers: { authorization, 'content-type': form }, body: '' },
      { headers: { 'content-type': form }, body: `access_token=${access}` },
    ];
    for (const way of ways) {
      const response = await fetch(`${server.url}/userinfo`, { method: 'POST', ...way });
      assert.equal(response.status, 200, JSON.stringify(way));
      assert.equal(typeof ((await response.json()) as { sub: unknown }).sub, 'string');
    }
  });

  it('fault C3: parameters in the address are not read, and that is said (RFC 8628 §3.1, RFC 6749 §3.2)', async () => {
    for (const path of posted) {
      const response = await fetch(`${server.url}${path}?client_id=${tv}&scope=openid`, {
        method: 'POST',
        headers: { origin },
      });
      const { error, error_description } = await isReadable(response, 400, path);
      assert.equal(error, 'invalid_request');
      assert.match(String(error_description), /in the body/);
    }
  });

  it('fault C3: whatever is refused at the token endpoint says why, also in front of the engine', async () => {
    const { device_code } = await requestCode(server.url, tv);
    for (const code of [device_code, device_code, 'x'.repeat(43)]) {
      const { body } = await poll(server.url, tv, code);
      assert.deepEqual(Object.keys(body), ['error', 'error_description']);
      assert.ok(String(body.error_description).length > 10);
    }
  });

  it('fault C3: a revocation is answered by an empty object, whatever the token is worth', async () => {
    for (const token of ['nothing', access, refresh, refresh]) {
      const response = await fetch(`${server.url}/revoke`, {
        ...{ method: 'POST', body: new URLSearchParams({ client_id: tv, token }) },
      });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(await response.json(), {});
    }
  });
});
