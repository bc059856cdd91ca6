import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createClients } from '../../src/clients/clients.ts';
import { seconds } from '../../src/clock.ts';
import { createClientCheck } from '../../src/engine/client-check.ts';
import { deviceCodeGrant, introspect, poll, postForm, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { createProofKey } from '../helpers/proof-of-key.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const callback = 'https://app.example/callback';
const verifier = 'x'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const web = { public: false, grants: ['authorization_code', 'refresh_token'], redirectUris: [callback] };
type Client = { id: string; secret: string | undefined };

/** What requests may get, and what is told of it to whom. */
describe('what a request may get', () => {
  let server: TestApp;
  let person: HttpBrowser;
  before(async () => {
    server = await startTestApp();
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  const basic = ({ id, secret }: Client) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });
  const tokenFor = (client: Client, fields: Record<string, string>, more = {}) =>
    postForm(`${server.url}/token`, fields, { ...basic(client), ...more });
  const forSelf = (client: Client, scope?: string) =>
    tokenFor(client, { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const about = (client: Client, token: unknown) =>
    postForm(`${server.url}/introspect`, { token: String(token) }, basic(client));
  const request = (id: string, more: Record<string, string>): URL => {
    const url = new URL('/auth', server.url);
    const base = { client_id: id, response_type: 'code', redirect_uri: callback, scope: 'openid' };
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    url.search = new URLSearchParams({ ...base, ...pkce, ...more }).toString();
    return url;
  };
  /** The page that asks, and then the callback. */
  async function allow(url: URL) {
    const page = await person.open(url.href);
    const yes = page.root.querySelector('button[name="decision"][value="approve"]');
    if (!yes) return { text: page.text, back: page.url };
    const back = await person.submit(page, {}, { name: 'decision', value: 'approve' });
    return { text: page.text, back: back.url };
  }
  async function signedIn(client: Client, more: Record<string, string>, fields: Record<string, string> = {}) {
    const { text, back } = await allow(request(client.id, more));
    const code = back.searchParams.get('code') ?? '';
    const grant = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
    const { body } = await tokenFor(client, { ...grant, ...fields });
    return { text, body, back };
  }
  const clients = () => createClients({ ...server.outside, accepted: createClientCheck() });

  it('fault A5: client_credentials gives what the operator registered and nothing else, however it is asked', async () => {
    const service = await server.createClient({
      ...{ public: false, grants: ['client_credentials'], scope: 'openid things stuff' },
    });
    for (const [asked, given] of [
      ['things', 'things'],
      ['things admin', 'things'],
      ['admin', undefined],
      ['openid', undefined],
      ['openid stuff', 'stuff'],
      [undefined, 'things stuff'],
    ] as const) {
      const { status, body } = await forSelf(service, asked);
      if (given === undefined) {
        assert.deepEqual([status, body.error], [400, 'invalid_scope'], String(asked));
        continue;
      }
      assert.equal(body.scope, given, String(asked));
      assert.equal((await about(service, body.access_token)).body.scope, given);
    }
  });

  it('fault A5: the code flow and PAR give what the operator registered, scopes of APIs too, and say so', async () => {
    const app = await server.createClient({ ...web, scope: 'openid things' });
    for (const pushed of [false, true]) {
      const scope = 'openid email things admin';
      const parameters = request(app.id, { scope }).searchParams;
      const par = pushed && (await postForm(`${server.url}/par`, Object.fromEntries(parameters), basic(app)));
      const { body, text } = await signedIn(app, par ? { request_uri: String(par.body.request_uri) } : { scope });
      assert.equal(body.scope, 'openid things', text);
      assert.equal((await about(app, body.access_token)).body.scope, 'openid things');
    }
    for (const scope of ['email', 'admin']) {
      const { back } = await allow(request(app.id, { scope }));
      assert.equal(back.searchParams.get('error'), 'invalid_scope');
    }
    const { body } = await signedIn(app, { scope: '' });
    assert.equal(body.scope, 'openid things', 'what it registered');
  });

  it('fault A5: claims asked for by name lead past no ceiling', async () => {
    const app = await server.createClient({ ...web, scope: 'openid' });
    const wanted = { email: null, name: { essential: true }, sid: null };
    const claims = JSON.stringify({ userinfo: wanted, id_token: wanted });
    const { body, text } = await signedIn(app, { claims });
    assert.doesNotMatch(text, /email address/i);
    const info = (await userinfo(server.url, String(body.access_token))).body;
    assert.deepEqual(Object.keys(info), ['sub']);
    const idToken = JSON.parse(Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString());
    for (const name of Object.keys(wanted)) assert.ok(!(name in Object(idToken)), name);
  });

  it('fault A5: what an operator takes away ends for what was given before: refresh, introspection, userinfo', async () => {
    const tv = await server.createClient({ scope: 'openid email things' });
    const code = await requestCode(server.url, tv.id, { scope: 'openid email things' });
    await linkCode(person, code.user_code);
    const { body } = await poll(server.url, tv.id, code.device_code);
    assert.equal(body.scope, 'openid email things');
    await clients().change(tv.id, { scope: 'openid' });
    server.clock.advance(seconds(6));
    assert.equal((await introspect(server.url, tv.id, String(body.access_token))).body.scope, 'openid');
    assert.deepEqual(Object.keys((await userinfo(server.url, String(body.access_token))).body), ['sub']);
    const next = await refresh(server.url, tv.id, String(body.refresh_token));
    assert.deepEqual([next.status, next.body.scope], [200, 'openid']);
    const narrower = await postForm(`${server.url}/token`, {
      ...{
        grant_type: 'refresh_token',
        client_id: tv.id,
        refresh_token: String(next.body.refresh_token),
        scope: 'email',
      },
    });
    assert.deepEqual([narrower.status, narrower.body.error], [400, 'invalid_scope']);
  });

  it('fault A5: where nothing of what was given is left, there is nothing more, whichever way it is asked for', async () => {
    for (const idTokenAlg of ['ES256', 'RS256']) {
      const tv = await server.createClient({ scope: 'openid things', idTokenAlg });
      const [kept, waiting] = await Promise.all(
        [1, 2].map(() => requestCode(server.url, tv.id, { scope: 'openid things' })),
      );
      assert.ok(kept && waiting);
      for (const code of [kept, waiting]) await linkCode(person, code.user_code);
      const { body } = await poll(server.url, tv.id, kept.device_code);
      assert.equal(body.scope, 'openid things');
      await clients().change(tv.id, { scope: 'other' });
      server.clock.advance(seconds(6));
      const refused = [
        await refresh(server.url, tv.id, String(body.refresh_token)),
        await poll(server.url, tv.id, waiting.device_code),
      ];
      for (const answer of refused) assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_scope']);
      const told = await introspect(server.url, tv.id, String(body.access_token));
      assert.deepEqual(told.body, { active: false }, idTokenAlg);
      await clients().change(tv.id, { scope: 'things' });
      server.clock.advance(seconds(6));
      const again = await refresh(server.url, tv.id, String(body.refresh_token));
      assert.deepEqual([again.status, again.body.scope], [200, 'things'], 'nothing was used up');
    }
  });

  it('fault A6: pages show what will be granted, never words of the address', async () => {
    const lure = 'openid Press_YES_to_keep_your_account https://evil.example/help';
    const app = await server.createClient({ ...web, scope: 'openid things' });
    const { text } = await allow(request(app.id, { scope: lure, prompt: 'consent' }));
    assert.match(text, /Know which account is yours/);
    assert.doesNotMatch(text, /Press_YES|evil\.example/);
    for (const isPublic of [true, false]) {
      const tv = await server.createClient({ public: isPublic });
      const fields = { scope: lure, client_id: tv.id, ...(tv.secret ? { client_secret: tv.secret } : {}) };
      const asked = await postForm(`${server.url}/device_authorization`, fields);
      const review = await reviewCode(person, String(asked.body.user_code));
      assert.doesNotMatch(review.html, /Press_YES|evil\.example/);
    }
  });

  it('fault A9: a token is told to its own client, to a service that its operator named, and to nobody else', async () => {
    const service = await server.createClient({ public: false, grants: ['client_credentials'] });
    const stranger = await server.createClient({ public: false, grants: ['client_credentials'] });
    const device = await server.createClient({ public: false });
    const plain = await server.createClient();
    const app = await server.createClient({ ...web, services: [service.id] });
    const own = await server.createClient({ public: false, grants: ['client_credentials'], services: [service.id] });
    const scope = { scope: 'openid offline_access', prompt: 'consent' };
    const { body } = await signedIn(app, scope);
    const { access_token: its } = (await forSelf(own)).body;
    for (const token of [body.access_token, its]) {
      const told = (await about(service, token)).body;
      assert.deepEqual([told.active, told.aud], [true, service.id]);
      for (const other of [stranger, device])
        assert.deepEqual((await about(other, token)).body, { active: false }, 'default: no');
      assert.deepEqual((await introspect(server.url, plain.id, String(token))).body, { active: false });
    }
    assert.equal((await about(app, body.access_token)).body.active, true);
    assert.deepEqual((await about(service, body.refresh_token)).body, { active: false });
    await clients().remove(app.id);
    server.clock.advance(seconds(6));
    assert.deepEqual((await about(service, body.access_token)).body, { active: false }, 'of an app that is gone');
  });

  it('fault C4: PKCE is optional only where the operator says so, with nonce and openid, and never without a secret', async () => {
    const without = { code_challenge: '', code_challenge_method: '' };
    const strict = await server.createClient(web);
    const lax = await server.createClient({ ...web, pkceOptional: true });
    const mayDoWithout = async ({ id }: Client, more: object): Promise<boolean> => {
      const { back } = await allow(request(id, { ...without, ...more }));
      return back.searchParams.get('code') !== null;
    };
    assert.equal(await mayDoWithout(strict, { nonce: 'n' }), false);
    assert.equal(await mayDoWithout(lax, { nonce: 'n', scope: 'email' }), false, 'no ID token to hold it');
    assert.equal(await mayDoWithout(lax, { nonce: 'n' }), true);
    for (const nothing of [{}, { nonce: '' }]) {
      const loose = await signedIn(lax, { ...without, ...nothing }, { code_verifier: '' });
      assert.equal(loose.body.error, 'invalid_grant', 'nothing ties it to its request');
    }
    const bare = Object.fromEntries(request(strict.id, { ...without, nonce: 'n' }).searchParams);
    const pushed = await postForm(`${server.url}/par`, bare, basic(strict));
    assert.equal(pushed.body.error, 'invalid_request', 'nor by PAR');
    const { body } = await signedIn(lax, { ...without, nonce: 'n' }, { code_verifier: '' });
    const idToken = JSON.parse(Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString());
    assert.equal(Object(idToken).nonce, 'n');
    const { back } = await allow(request(lax.id, { nonce: 'n' }));
    const stolen = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: callback,
    };
    assert.equal((await tokenFor(lax, stolen)).body.error, 'invalid_grant', 'who began with PKCE ends with it');
    for (const wrong of [{ public: true }, { grants: [...web.grants, 'device_code'] }, { scope: 'email' }])
      await assert.rejects(server.createClient({ ...web, pkceOptional: true, ...wrong }), { code: 'bad_request' });
  });

  it('fault C11: a client with a secret keeps its refresh token; whatever runs on devices gets a new one each time', async () => {
    const app = await server.createClient(web);
    const { body } = await signedIn(app, { scope: 'openid offline_access', prompt: 'consent' });
    const again = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) };
    for (let n = 0; n < 4; n++) {
      const { status, body: next } = await tokenFor(app, again);
      assert.deepEqual([status, next.refresh_token], [200, body.refresh_token]);
    }
    const answers = await Promise.all([1, 2, 3, 4].map(() => tokenFor(app, again)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200], 'at once, too');
    for (const [isPublic, grants] of [
      [true, ['device_code', 'refresh_token']],
      [false, ['device_code', 'refresh_token', 'client_credentials']],
    ] as const) {
      const tokens = await linked(isPublic, [...grants]);
      const { body: next } = await tokens.refresh(String(tokens.body.refresh_token));
      assert.notEqual(next.refresh_token, tokens.body.refresh_token);
      server.clock.advance(seconds(61));
      await tokens.refresh(String(next.refresh_token));
      assert.equal((await tokens.refresh(String(tokens.body.refresh_token))).body.error, 'invalid_grant');
      assert.equal(
        (await tokens.refresh(String(next.refresh_token))).body.error,
        'invalid_grant',
        'the family has ended',
      );
    }
  });

  async function linked(isPublic: boolean, grants: string[], proof: object = {}) {
    const client = await server.createClient({ public: isPublic, grants });
    const own = { client_id: client.id, ...(client.secret ? { client_secret: client.secret } : {}) };
    const { body: code } = await postForm(`${server.url}/device_authorization`, { ...own, scope: 'openid' });
    await linkCode(person, String(code.user_code));
    const send = (fields: object, headers: object = {}) =>
      postForm(`${server.url}/token`, { ...own, ...fields }, { ...headers });
    const { body } = await send({ grant_type: deviceCodeGrant, device_code: String(code.device_code) }, proof);
    return {
      body,
      refresh: (token: string, headers: object = {}) =>
        send({ grant_type: 'refresh_token', refresh_token: token }, headers),
    };
  }

  it('fault C11: a retry with another key, or with none, destroys no link, whatever kind of client retries', async () => {
    const url = `${server.url}/token`;
    const [first, other] = [await createProofKey(), await createProofKey()];
    for (const [name, isPublic, bound] of [
      ['a secret on a device', false, true],
      ['a public client whose token is bound to no key', true, false],
    ] as const) {
      const tokens = await linked(isPublic, ['device_code', 'refresh_token'], bound ? await first('POST', url) : {});
      const token = String(tokens.body.refresh_token);
      const one = await tokens.refresh(token, await first('POST', url));
      assert.equal(one.status, 200, name);
      for (const headers of [await first('POST', url), await other('POST', url), {}, await other('POST', url)]) {
        const again = await tokens.refresh(token, headers);
        assert.equal(again.status, 200, name);
        assert.equal(again.body.refresh_token, one.body.refresh_token, 'one successor');
        assert.equal(again.body.token_type, 'dpop' in headers ? 'DPoP' : 'Bearer');
      }
      assert.equal((await tokens.refresh(String(one.body.refresh_token), await other('POST', url))).status, 200);
      assert.equal((await tokens.refresh(token, await first('POST', url))).status, 400, 'its successor was used');
    }
    const bound = await linked(true, ['device_code', 'refresh_token'], await first('POST', url));
    const token = String(bound.body.refresh_token);
    const next = await bound.refresh(token, await first('POST', url));
    assert.equal((await bound.refresh(token, await other('POST', url))).body.error, 'invalid_grant');
    assert.equal((await bound.refresh(String(next.body.refresh_token), await first('POST', url))).status, 200, 'alive');
    const app = await server.createClient(web);
    const scope = { scope: 'openid offline_access', prompt: 'consent' };
    const { back } = await allow(request(app.id, scope));
    const grant = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: callback,
    };
    const { body } = await tokenFor(app, { ...grant, code_verifier: verifier }, await first('POST', url));
    const again = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) };
    for (const key of [first, other, first]) {
      const { status, body: tokens } = await tokenFor(app, again, await key('POST', url));
      assert.deepEqual([status, tokens.token_type], [200, 'DPoP']);
    }
  });
});
