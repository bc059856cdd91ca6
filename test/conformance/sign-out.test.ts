import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { importJWK, type JWK, SignJWT } from 'jose';
import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { createSigningKeys } from '../../src/engine/signing-keys.ts';
import type { AccountId } from '../../src/ids.ts';
import { chooseAccount } from '../helpers/app-sign-in.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { type RelyingParty, registerRelyingParty, type SignedInApp, signedOut } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const [sam, kim] = ['sam@example.org', 'kim@example.org'];
const resource = 'https://api.example';

/** OpenID Connect RP-Initiated Logout 1.0, beyond what its conformance plan asks for. */
describe('fault C1: signing out for an app', () => {
  let server: TestApp;
  let app: RelyingParty;
  let other: RelyingParty;
  let person: HttpBrowser;
  let signedIn: SignedInApp;
  let usual: Record<string, string>;
  const ids: Record<string, string> = {};

  before(async () => {
    server = await startTestApp();
    for (const email of [sam, kim]) ids[email] = await server.createAccount(email);
    app = await registerRelyingParty(server, { resources: [resource], scope: 'openid email things' });
    other = await registerRelyingParty(server, { postLogoutRedirectUris: ['https://other.example/bye'] });
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = createHttpBrowser(server.url);
    signedIn = await app.signIn(person, {}, { email: sam });
    usual = { id_token_hint: signedIn.idToken, post_logout_redirect_uri: signedOut, state: 's t&a=te' };
  });

  const end = (parameters: Record<string, string>): Promise<HttpPage> =>
    person.open(`/session/end?${new URLSearchParams(parameters)}`);
  const answer = (question: HttpPage, value: 'leave' | 'stay') =>
    person.submit(question, {}, { name: 'answer', value });
  /** The addresses signed in in this browser, the one in use first. */
  const signedInHere = async (): Promise<string[]> => {
    const page = await person.open('/accounts');
    if (page.url.pathname !== '/accounts') return [];
    return page.root.querySelectorAll('main [dir=ltr]').map(({ text }) => text);
  };

  const keyOf = async (alg: string): Promise<JWK> => {
    const keys = await createSigningKeys(server.outside).load();
    const key = keys.find((each) => each.alg === alg);
    assert.ok(key);
    return key;
  };
  /** An ID token as we sign them, with other claims or another header. */
  const signed = async (claims: object, header: object = {}): Promise<string> => {
    const key = await keyOf('ES256');
    const token = new SignJWT({ ...signedIn.claims, ...claims });
    return token.setProtectedHeader({ alg: 'ES256', kid: key.kid ?? '', ...header }).sign(await importJWK(key));
  };

  const beside: Record<string, string> = {
    'another path': 'https://app.example/elsewhere',
    'a path added': `${signedOut}/more`,
    'a slash added': `${signedOut}/`,
    'a query added': `${signedOut}?more`,
    'an empty query added': `${signedOut}?`,
    'a fragment added': `${signedOut}#more`,
    'a path around it': `https://app.example/x/../post_logout_redirect`,
    'another case': 'https://app.example/Post_Logout_Redirect',
    'another case of the host': 'https://APP.example/post_logout_redirect',
    'the same in escapes': 'https://app.example/post%5Flogout_redirect',
    'a port named': 'https://app.example:443/post_logout_redirect',
    'another port': 'https://app.example:8443/post_logout_redirect',
    'http in place of https': 'http://app.example/post_logout_redirect',
    'a name before the host': 'https://me@app.example/post_logout_redirect',
    'a longer host': 'https://app.example.evil.example/post_logout_redirect',
    'a space after it': `${signedOut} `,
    'the redirect URI of the same app': 'https://app.example/callback',
    'an address of another app': 'https://other.example/bye',
    'a script': 'javascript:alert(1)',
    'no address': 'x',
  };
  /** A row is refused whatever else the request has. */
  const wrong: Record<string, () => Record<string, string> | Promise<Record<string, string>>> = {
    ...Object.fromEntries(
      Object.entries(beside).map(([what, uri]) => [what, () => ({ ...usual, post_logout_redirect_uri: uri })]),
    ),
    'an address and nothing that says whose': () => ({ post_logout_redirect_uri: signedOut }),
    'a client that is not registered': () => ({ ...usual, id_token_hint: '', client_id: 'nobody' }),
    'a hint made for another client': () => ({ ...usual, client_id: other.id }),
    'a hint for a client that is gone': async () => ({ ...usual, id_token_hint: await signed({ aud: 'gone' }) }),
    'a hint of another issuer': async () => ({
      ...usual,
      id_token_hint: await signed({ iss: 'https://evil.example' }),
    }),
    'a hint without a person': async () => ({ ...usual, id_token_hint: await signed({ sub: undefined }) }),
    'a hint for several': async () => ({ ...usual, id_token_hint: await signed({ aud: [app.id, 'x'] }) }),
    'a token that is no ID token': async () => ({ ...usual, id_token_hint: await signed({}, { typ: 'at+jwt' }) }),
    'a hint whose claims were changed': () => {
      const [head, , signature] = signedIn.idToken.split('.');
      const claims = Buffer.from(JSON.stringify({ ...signedIn.claims, sub: ids[kim] })).toString('base64url');
      return { ...usual, id_token_hint: `${head}.${claims}.${signature}` };
    },
    'an opaque token': () => ({ ...usual, id_token_hint: signedIn.accessToken }),
    'noise for a hint': () => ({ ...usual, id_token_hint: '..' }),
    'a bad hint beside a good client': () => ({ ...usual, id_token_hint: 'x.y.z', client_id: app.id }),
    'a bad hint and no address': () => ({ id_token_hint: 'x' }),
  };
  for (const [what, request] of Object.entries(wrong)) {
    it(`a page of error, and nothing changed: ${what}`, async () => {
      const parameters = await request();
      for (const page of [await end(parameters), await person.post('/session/end', parameters)]) {
        assert.equal(page.url.origin, server.url);
        assert.equal(page.status, 400);
        assert.match(page.text, /invalid_(request|client): /);
      }
      assert.deepEqual(await signedInHere(), [sam]);
      // Nobody being signed in makes no difference.
      person = createHttpBrowser(server.url);
      assert.equal((await end(parameters)).status, 400);
    });
  }

  it('a page of error: any parameter there twice (RFC 6749 §3.1)', async () => {
    const all = { ...usual, client_id: app.id, logout_hint: sam };
    for (const name of Object.keys(all)) {
      const query = new URLSearchParams(all);
      query.append(name, query.get(name) ?? '');
      const page = await person.open(`/session/end?${query}`);
      assert.deepEqual([page.url.origin, page.status], [server.url, 400], name);
    }
  });

  it('people come back with what the app sent as state, letter by letter', async () => {
    for (const state of ['s t&a=te', '+%20#?/', 'ü\u{1f511}', '"><script>']) {
      const back = await answer(await end({ ...usual, state }), 'leave');
      assert.equal(back.url.origin + back.url.pathname, signedOut);
      assert.deepEqual([...back.url.searchParams], [['state', state]]);
      await signIn(person, sam, testPassword);
    }
  });

  it('an address that was registered with a query keeps it', async () => {
    const uri = 'https://app.example/bye?from=us&x=%20';
    const asks = await registerRelyingParty(server, { postLogoutRedirectUris: [uri] });
    const parameters = { client_id: asks.id, post_logout_redirect_uri: uri };
    assert.equal((await answer(await end({ ...parameters, state: 'a b' }), 'leave')).url.href, `${uri}&state=a+b`);
    assert.equal((await end(parameters)).url.href, uri);
  });

  it('the question changes nothing, however often it is asked, and "no" goes back as well', async () => {
    for (const parameters of [usual, { ...usual, prompt: 'none' }, { client_id: app.id }]) {
      for (const page of [await end(parameters), await person.post('/session/end', parameters)]) {
        assert.match(page.title, /^Sign out of Latchkey, too\?/);
        assert.match(page.text, /Acme Photos has sent you here/);
      }
    }
    const back = await answer(await end(usual), 'stay');
    assert.equal(back.url.searchParams.get('state'), usual.state);
    assert.deepEqual(await signedInHere(), [sam]);
    const home = await answer(await end({ client_id: app.id }), 'stay');
    assert.equal(home.url.pathname, '/account');
  });

  it('C34: the answer is taken from our own form alone, and what it brings back is read anew', async () => {
    const question = await end(usual);
    const fields = Object.fromEntries(
      question.root
        .querySelectorAll('main input')
        .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
    );
    const { csrf = '', ...bare } = fields;
    assert.equal((await person.post('/session/end/answer', { ...bare, answer: 'leave' })).status, 403);
    const cross = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
    assert.equal((await person.post('/session/end/answer', { ...fields, answer: 'leave' }, cross)).status, 403);
    const query = `${new URLSearchParams({ ...usual, post_logout_redirect_uri: 'https://evil.example/' })}`;
    const forged = await person.post('/session/end/answer', { ...bare, csrf, request: query, answer: 'leave' });
    assert.deepEqual([forged.status, forged.url.origin], [400, server.url]);
    assert.deepEqual(await signedInHere(), [sam]);
  });

  it('with several accounts only the one that the app means is signed out, and the page says so', async () => {
    await signIn(person, kim, testPassword);
    assert.deepEqual(await signedInHere(), [kim, sam]);
    const question = await end(usual);
    assert.match(question.text, /sam@example\.org/);
    assert.doesNotMatch(question.text, /kim@example\.org/);
    assert.match(question.text, /1 other account stays signed in/);
    await answer(question, 'leave');
    assert.deepEqual(await signedInHere(), [kim]);

    await signIn(person, sam, testPassword);
    const accounts = await person.open('/accounts');
    await chooseAccount(person, accounts, ids[kim] ?? '');
    const { post_logout_redirect_uri: _without, ...staying } = usual;
    const left = await answer(await end(staying), 'leave');
    assert.equal(left.url.pathname, '/accounts');
    assert.deepEqual(await signedInHere(), [kim]);
  });

  it('an app that means somebody who is not signed in here is told of nobody; the person is asked all the same', async () => {
    person = createHttpBrowser(server.url);
    await signIn(person, kim, testPassword);
    const question = await end(usual);
    assert.match(question.text, /an account that is not signed in in this browser/);
    assert.match(question.text, /kim@example\.org/);
    assert.doesNotMatch(question.text, /sam@example\.org/);
    const back = await answer(question, 'stay');
    assert.deepEqual([...back.url.searchParams], [['state', usual.state]]);
    assert.deepEqual(await signedInHere(), [kim]);
  });

  it('logout_hint chooses among those who are signed in here, and tells of nobody else', async () => {
    await signIn(person, kim, testPassword);
    for (const logout_hint of [sam, sam.toUpperCase(), ids[sam] ?? ''])
      assert.match((await end({ client_id: app.id, logout_hint })).text, /sam@example\.org/);
    const stranger = await end({ client_id: app.id, logout_hint: 'max@example.org' });
    assert.match(stranger.text, /kim@example\.org/);
    assert.doesNotMatch(stranger.text, /max@/);
    // The token says more than a word does.
    assert.match((await end({ ...usual, logout_hint: kim })).text, /sam@example\.org/);
  });

  it('where nobody is signed in they come back at once', async () => {
    person = createHttpBrowser(server.url);
    const back = await end(usual);
    assert.equal(back.url.href, `${signedOut}?${new URLSearchParams({ state: usual.state ?? '' })}`);
    const byId = await end({ client_id: app.id, post_logout_redirect_uri: signedOut });
    assert.equal(byId.url.href, signedOut);
    assert.match((await end({ client_id: app.id })).text, /You are signed out/);
  });

  it('the other session of the same browser ends, too, and what apps hold stays as with any sign-out', async () => {
    await answer(await end(usual), 'leave');
    const { response } = await app.authorize(person, { prompt: 'none' });
    assert.equal(response.error, 'login_required');
    const info = await fetch(`${server.url}/userinfo`, {
      headers: { authorization: `Bearer ${signedIn.accessToken}` },
    });
    assert.equal(info.status, 200);
  });

  it('fault C10: in the language that the app asks for', async () => {
    assert.match((await end({ ...usual, ui_locales: 'xx de' })).title, /^Auch von Latchkey abmelden/);
    assert.match((await end({ ui_locales: 'es' })).title, /^¿Cerrar sesión en este navegador/);
  });

  it('a hint has no end: run out, or signed with a key that was retired since (§2)', async () => {
    const old = await signed({ iat: 1_700_000_000, exp: 1_700_000_600 });
    assert.match((await end({ ...usual, id_token_hint: old })).text, /sam@example\.org/);
    await createSigningKeys(server.outside).rotate();
    await server.app.tidy();
    assert.match((await end(usual)).text, /sam@example\.org/);
    assert.match((await end({ ...usual, id_token_hint: await signed({}) })).text, /sam@example\.org/);
  });
});

describe('fault C1, fault A4: whoever has not come all the way is no less to be signed out', () => {
  let server: TestApp;
  let app: RelyingParty;
  let id: AccountId;
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    server = await startTestApp({ env });
    id = await server.createAccount(sam);
    app = await registerRelyingParty(server);
  };
  afterEach(() => server.stop());
  const open = (person: HttpBrowser): Promise<HttpPage> =>
    person.open(`/session/end?${new URLSearchParams({ client_id: app.id, post_logout_redirect_uri: signedOut })}`);

  it('still without the second step that the operator wants: asked, and gone', async () => {
    await start({ LATCHKEY_REQUIRE_SECOND_STEP: 'on' });
    const person = createHttpBrowser(server.url);
    await signIn(person, sam, testPassword);
    const question = await open(person);
    assert.match(question.title, /^Sign out of Latchkey, too\?/);
    const back = await person.submit(question, {}, { name: 'answer', value: 'leave' });
    assert.equal(back.url.href, signedOut);
    assert.equal((await person.open('/security/app')).url.pathname, '/signin');
  });

  it('half way, with the second step to come: our own page ends it, and no app is told that they are out', async () => {
    await start();
    const authenticators = createAuthenticators({
      ...server.outside,
      userIdOf: (accountId) => createAccounts(server.outside).passkeyUserId(accountId),
    });
    const setup = authenticators.beginApp(id, sam);
    const code = generateSync({ secret: setup.secret, epoch: Math.floor(server.clock.now() / 1000) });
    assert.ok(await authenticators.finishApp(id, setup, code));
    const person = createHttpBrowser(server.url);
    assert.equal((await signIn(person, sam, testPassword)).url.pathname, '/signin/code');
    const page = await open(person);
    assert.equal(page.url.pathname, '/signout');
    assert.match(page.text, /sam@example\.org/);
    await person.submit(page, {});
    assert.equal((await open(person)).url.href, signedOut);
  });
});

describe('fault C1: forms of other sites at addresses for people', () => {
  let server: TestApp;
  let app: RelyingParty;
  before(async () => {
    server = await startTestApp();
    await server.createAccount(sam);
    app = await registerRelyingParty(server);
  });
  after(() => server.stop());

  it('POST /auth is GET /auth (OpenID Connect Core §3.1.2.1)', async () => {
    const person = createHttpBrowser(server.url);
    const answered = await app.authorize(person, {}, { email: sam, method: 'POST' });
    assert.deepEqual(answered.steps, ['email', 'password', 'permissions']);
    assert.equal((await app.redeem(answered)).status, 200);
    // Silently, where everything is known already: the session is found although the form came from another site.
    const again = await app.authorize(person, { prompt: 'none' }, { method: 'POST' });
    assert.deepEqual([again.steps, again.response.error], [[], undefined]);
  });

  for (const path of ['/auth', '/session/end']) {
    const post = (body: string, more: Record<string, string> = {}) =>
      fetch(server.url + path, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'text/html',
          origin: 'https://app.example',
          'sec-fetch-site': 'cross-site',
          ...more,
        },
        body,
      });

    it(`POST ${path} becomes the same as GET, whatever is in it`, async () => {
      const bodies = [
        '',
        'a=1',
        'state=%22%3E+x&nonce=%F0%9F%94%91',
        'x=1&x=2',
        '//evil.example',
        'a=%0d%0aset-cookie:x',
      ];
      for (const body of bodies) {
        const answer = await post(body, { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' });
        assert.equal(answer.status, 303);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        const [to, query] = (answer.headers.get('location') ?? '').split('?');
        assert.equal(to, path);
        assert.deepEqual([...new URLSearchParams(query)], [...new URLSearchParams(body)]);
      }
    });

    it(`POST ${path} takes forms alone, of a size that an address can have`, async () => {
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
        const answer = await post('{"state":"x"}', { 'content-type': type });
        assert.equal(answer.status, 415, type);
        assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
      }
      const large = await post(`state=${'x'.repeat(8 * 1024)}`);
      assert.equal(large.status, 413);
      assert.match(large.headers.get('content-type') ?? '', /^text\/html/);
      assert.equal((await post(`state=${'x'.repeat(7 * 1024)}`)).status, 303);
    });
  }
});
