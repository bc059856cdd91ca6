import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { acrValues } from '../../src/engine/acr.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage } from './http-browser.ts';
import { type Answered, callback, type RelyingParty, registerRelyingParty } from './relying-party.ts';
import { startTestApp, type TestApp } from './test-app.ts';

const email = 'sam@example.org';

/**
 * The OpenID conformance plan *Basic*, module by module under its own names, with an app that has a secret and knows no
 * PKCE. Called within a `describe`; `mode` is how answers come back. What each module expects stands in OpenID Connect
 * Core 1.0, at the section named, if nothing else is said.
 */
export function testBasicPlan(mode: 'query' | 'form_post'): void {
  let server: TestApp;
  let app: RelyingParty;
  let person: HttpBrowser;
  let sub: string;
  const withMode = mode === 'query' ? {} : { response_mode: mode };
  const plain = { ...withMode, code_challenge: undefined, code_challenge_method: undefined };

  before(async () => {
    server = await startTestApp();
    sub = await server.createAccount(email);
    app = await registerRelyingParty(server, { pkceOptional: true });
  });
  after(() => server.stop());
  beforeEach(() => {
    // As the suite asks for: without the cookies of the module before.
    person = createHttpBrowser(server.url);
  });

  type More = Record<string, string | undefined>;
  const signIn = (more: More = {}, by: 'basic' | 'post' = 'basic') =>
    app.signIn(person, { ...plain, ...more }, { email, by });
  const authorize = (more: More = {}) => app.authorize(person, { ...plain, ...more }, { email });
  const userinfo = (accessToken: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` }, ...init });
  const claimsOf = async (answer: Response): Promise<Record<string, unknown>> => {
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    const claims = (await answer.json()) as Record<string, unknown>;
    assert.equal(claims.sub, sub);
    return claims;
  };
  /** §3.1.2.6: the error, with the state whole. */
  const errorOf = ({ response, sent }: Pick<Answered, 'response' | 'sent'>): string => {
    assert.equal(response.state, sent.state);
    assert.equal(response.iss, server.url);
    assert.equal(response.code, undefined);
    assert.deepEqual(
      Object.keys(response).filter((name) => !['error', 'error_description', 'state', 'iss'].includes(name)),
      [],
    );
    // RFC 6749 §4.1.2.1
    assert.match(response.error_description ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
    return response.error ?? '';
  };
  /** §3.1.2.1, RFC 6749 §4.1.2.1: told to the person, who is sent nowhere. */
  const isErrorPage = (page: HttpPage, words: RegExp): void => {
    assert.equal(page.url.origin, server.url);
    assert.equal(page.status, 400);
    assert.match(page.text, words);
    assert.equal(page.root.querySelector('form[data-press]'), null);
  };

  it('oidcc-server', async () => {
    const { claims, response, accessToken } = await signIn();
    assert.equal(claims.sub, sub);
    // RFC 6749 §10.10: what cannot be guessed
    assert.ok((response.code ?? '').length >= 32);
    assert.equal(claims.name, undefined);
    await claimsOf(await userinfo(accessToken));
  });

  it('oidcc-response-type-missing', async () => {
    const answered = await authorize({ response_type: undefined });
    assert.equal(errorOf(answered), 'invalid_request');
  });

  it('oidcc-idtoken-signature, with a client registered for RS256', async () => {
    const rs256 = await registerRelyingParty(server, { pkceOptional: true, idTokenAlg: 'RS256' });
    const { idToken } = await rs256.signIn(person, plain, { email });
    const header = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString());
    assert.equal(header.alg, 'RS256');
    // §10.1
    assert.ok(header.kid);
  });

  it('oidcc-idtoken-unsigned: not offered, which §2 allows', async () => {
    const metadata = (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as {
      id_token_signing_alg_values_supported: string[];
    };
    assert.ok(!metadata.id_token_signing_alg_values_supported.includes('none'));
  });

  it('oidcc-userinfo-get', async () => {
    await claimsOf(await userinfo((await signIn()).accessToken));
  });

  it('oidcc-userinfo-post-header', async () => {
    const headers = { authorization: `Bearer ${(await signIn()).accessToken}` };
    await claimsOf(await userinfo('', { method: 'POST', headers }));
  });

  it('oidcc-userinfo-post-body', async () => {
    // §5.3.1, RFC 6750 §2.2
    const body = new URLSearchParams({ access_token: (await signIn()).accessToken });
    await claimsOf(await userinfo('', { method: 'POST', headers: {}, body }));
  });

  it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    // §3.1.2.1: nonce is OPTIONAL in this flow. What such a code is worth: openid-basic.test.ts
    const { response } = await authorize({ nonce: undefined });
    assert.ok(response.code);
  });

  for (const [name, scope, known] of [
    ['profile', 'openid profile', ['preferred_username']],
    ['email', 'openid email', ['email', 'email_verified']],
    ['address', 'openid address', []],
    ['phone', 'openid phone', []],
    ['all', 'openid profile email address phone', ['preferred_username', 'email', 'email_verified']],
  ] as const) {
    it(`oidcc-scope-${name}`, async () => {
      const { accessToken } = await signIn({ scope });
      const claims = await claimsOf(await userinfo(accessToken));
      for (const claim of known) assert.ok(claim in claims, `${claim} in ${Object.keys(claims)}`);
      if (!scope.includes('profile')) assert.equal(claims.name, undefined);
      if (!scope.includes('email')) assert.equal(claims.email, undefined);
    });
  }

  it('oidcc-alternate-happy-flow', async () => {
    // RFC 6749 §3.3: the order of a scope does not matter, nor that of parameters
    const asked = { scope: 'email openid', redirect_uri: undefined, client_id: undefined };
    const { accessToken } = await signIn({ ...asked, client_id: app.id, redirect_uri: callback });
    assert.equal((await claimsOf(await userinfo(accessToken))).email, email);
  });

  for (const display of ['page', 'popup']) {
    it(`oidcc-display-${display}`, async () => {
      assert.deepEqual((await signIn({ display })).steps, ['email', 'password', 'permissions']);
    });
  }

  it('oidcc-prompt-login', async () => {
    const first = await signIn();
    await aSecondLater(first.claims.auth_time);
    const second = await signIn({ prompt: 'login' });
    assert.deepEqual(second.steps, ['password']);
    assert.ok(Number(second.claims.auth_time) > Number(first.claims.auth_time));
  });

  it('oidcc-prompt-none-not-logged-in', async () => {
    // §3.1.2.6: one of the errors that say that a page is needed
    assert.equal(errorOf(await authorize({ prompt: 'none' })), 'login_required');
  });

  it('oidcc-prompt-none-logged-in', async () => {
    const first = await signIn();
    const second = await signIn({ prompt: 'none' });
    assert.deepEqual(second.steps, []);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
  });

  it('oidcc-max-age-1', async () => {
    const first = await signIn();
    await aSecondLater(first.claims.auth_time, 3);
    const second = await signIn({ max_age: '1' });
    assert.deepEqual(second.steps, ['password']);
    assert.ok(Number(second.claims.auth_time) > Number(first.claims.auth_time));
  });

  it('oidcc-max-age-10000', async () => {
    const first = await signIn({ max_age: '15000' });
    const second = await signIn({ max_age: '10000' });
    assert.deepEqual(second.steps, []);
    assert.ok(first.claims.auth_time);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
    assert.equal(second.claims.sub, first.claims.sub);
  });

  it('oidcc-ensure-request-with-unknown-parameter-succeeds', async () => {
    // RFC 6749 §3.1
    await signIn({ extra: 'foobar' });
  });

  it('oidcc-id-token-hint', async () => {
    const first = await signIn();
    const second = await signIn({ prompt: 'none', id_token_hint: first.idToken });
    assert.deepEqual([second.steps, second.claims.sub], [[], sub]);
  });

  it('oidcc-login-hint', async () => {
    const page = await app.ask(person, { ...plain, login_hint: 'buffy@example.org' });
    assert.equal(page.status, 200);
    assert.match(page.html, /buffy@example\.org/);
    person = createHttpBrowser(server.url);
    // It names the account, so that only the password is left to ask for.
    assert.ok((await signIn({ login_hint: email })).steps.includes('password'));
  });

  it('oidcc-ui-locales', async () => {
    await signIn({ ui_locales: 'se' });
  });

  it('oidcc-claims-locales', async () => {
    await signIn({ claims_locales: 'se' });
  });

  it('oidcc-ensure-request-with-acr-values-succeeds', async () => {
    const { claims } = await signIn({ acr_values: acrValues.join(' ') });
    assert.ok((acrValues as readonly unknown[]).includes(claims.acr), `${claims.acr}`);
  });

  it('oidcc-codereuse', async () => {
    const answered = await authorize();
    assert.equal((await app.redeem(answered)).status, 200);
    const again = await app.redeem(answered);
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    assert.match(again.type, /^application\/json/);
  });

  it('oidcc-codereuse-30seconds', async () => {
    // The age of a code makes no difference to us, so that nobody waits here.
    const answered = await authorize();
    const { body } = await app.redeem(answered);
    const again = await app.redeem(answered);
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    // RFC 6749 §4.1.2: what was given for it is worth nothing any more
    assert.equal((await userinfo(String(body.access_token))).status, 401);
  });

  it('oidcc-ensure-registered-redirect-uri', async () => {
    const wrong = [
      `${callback}/TdVyPlGcZx`,
      `${callback}?x=1`,
      `${callback}#x`,
      'https://evil.example/',
      'x',
      undefined,
    ];
    for (const redirect_uri of wrong) {
      isErrorPage(await app.ask(person, { ...plain, redirect_uri }), /redirect_uri/);
      isErrorPage(await app.ask(person, { ...plain, redirect_uri }, 'POST'), /redirect_uri/);
    }
  });

  it('oidcc-ensure-post-request-succeeds', async () => {
    const answered = await app.authorize(person, plain, { email, method: 'POST' });
    assert.equal((await app.redeem(answered)).status, 200);
  });

  it('oidcc-server-client-secret-post', async () => {
    assert.equal((await signIn({}, 'post')).claims.sub, sub);
  });

  it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    // As the suite sends it: all of the request in the object, and outside of it only what RFC 6749 has there.
    const { sent } = app.prepare(plain);
    const outside = { state: undefined, nonce: undefined, response_mode: undefined };
    const page = await app.ask(person, { ...plain, ...outside, request: unsigned(sent) });
    const answered = { sent, response: app.receive(page, mode) };
    assert.equal(errorOf(answered), 'request_not_supported');
  });

  it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
    const answered = await authorize({ request_uri: 'https://app.example/request.jwt#x' });
    assert.match(errorOf(answered), /^(request_uri_not_supported|invalid_request_uri)$/);
  });

  it('oidcc-ensure-request-object-with-redirect-uri', async () => {
    const request = unsigned({ client_id: app.id, redirect_uri: callback, response_type: 'code', scope: 'openid' });
    isErrorPage(await app.ask(person, { ...plain, request, redirect_uri: `${callback}/bad` }), /redirect_uri/);
  });

  it('oidcc-claims-essential', async () => {
    const claims = JSON.stringify({ userinfo: { preferred_username: { essential: true } } });
    const { accessToken, claims: inToken } = await signIn({ claims });
    assert.ok((await claimsOf(await userinfo(accessToken))).preferred_username);
    assert.equal(inToken.preferred_username, undefined);
  });

  it('oidcc-refresh-token', async () => {
    const other = await registerRelyingParty(server, { pkceOptional: true });
    const more = { scope: 'openid offline_access', prompt: 'consent' };
    const first = await signIn(more);
    assert.ok(first.refreshToken);
    const next = await app.refresh(first.refreshToken);
    assert.equal(next.status, 200, JSON.stringify(next.body));
    await claimsOf(await userinfo(String(next.body.access_token)));
    // §12.2: a new ID token is about the same sign-in
    const renewed = JSON.parse(Buffer.from(String(next.body.id_token).split('.')[1] ?? '', 'base64url').toString());
    for (const claim of ['iss', 'sub', 'aud', 'auth_time']) assert.equal(renewed[claim], first.claims[claim], claim);
    const theirs = await other.signIn(person, { ...plain, ...more }, { email });
    const stolen = await app.refresh(theirs.refreshToken ?? '');
    assert.deepEqual([stolen.status, stolen.body.error], [400, 'invalid_grant']);
  });

  it('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
    const answered = await app.authorize(person, withMode, { email });
    assert.ok(answered.verifier);
    assert.equal((await app.redeem(answered)).status, 200);
  });
}

/** RFC 7519 §6 */
function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

/** `auth_time` counts whole seconds, by the engine's own clock. */
async function aSecondLater(time: unknown, seconds = 1): Promise<void> {
  while (Math.floor(Date.now() / 1000) <= Number(time) + seconds - 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
}
