import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { days } from '../../src/clock.ts';
import { createSigningKeys } from '../../src/engine/signing-keys.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage } from '../helpers/http-browser.ts';
import { type RelyingParty, registerRelyingParty, type SignedInApp, signedOut } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const email = 'sam@example.org';

/**
 * The OpenID conformance plan *RP-Initiated Logout*, module by module under its own names. What each expects stands in
 * OpenID Connect RP-Initiated Logout 1.0, at the section named.
 */
describe('OpenID conformance: RP-Initiated Logout', () => {
  let server: TestApp;
  let app: RelyingParty;
  let person: HttpBrowser;
  let signedIn: SignedInApp;
  const state = randomBytes(96).toString('base64url');

  before(async () => {
    server = await startTestApp();
    await server.createAccount(email);
    app = await registerRelyingParty(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = createHttpBrowser(server.url);
    signedIn = await app.signIn(person, {}, { email });
  });

  const end = (parameters: Record<string, string>): Promise<HttpPage> =>
    person.open(`/session/end?${new URLSearchParams(parameters)}`);
  const usual = (): Record<string, string> => ({
    id_token_hint: signedIn.idToken,
    post_logout_redirect_uri: signedOut,
    state,
  });
  const isSignedIn = async (): Promise<boolean> => {
    const { response } = await app.authorize(person, { prompt: 'none' });
    // OpenID Connect Core §3.1.2.6
    if (response.error !== undefined) assert.equal(response.error, 'login_required');
    return response.code !== undefined;
  };
  /** RP-Initiated Logout §3: neither sent away nor signed out. */
  const refused = async (parameters: Record<string, string>): Promise<void> => {
    const page = await end(parameters);
    assert.equal(page.url.origin, server.url);
    assert.equal(page.status, 400);
    assert.match(page.text, /asked for something we cannot do/);
    assert.ok(await isSignedIn());
  };
  const confirm = async (question: HttpPage): Promise<HttpPage> => {
    assert.equal(question.status, 200, question.text);
    assert.match(question.title, /^Sign out of (Latchkey, too|this browser)\?/);
    assert.ok(await isSignedIn(), 'the question changes nothing');
    const named = question.root.querySelector('button[name=answer]') !== null;
    return person.submit(question, {}, named ? { name: 'answer', value: 'leave' } : { name: 'account', value: 'all' });
  };

  it('oidcc-rp-initiated-logout-discovery-endpoint-verification', async () => {
    const metadata = (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as object;
    // §2.1
    assert.equal((metadata as { end_session_endpoint?: string }).end_session_endpoint, `${server.url}/session/end`);
  });

  it('oidcc-rp-initiated-logout', async () => {
    const back = await confirm(await end(usual()));
    // §3: back to the address, with the state and nothing else
    assert.equal(back.url.href, `${signedOut}?state=${state}`);
    assert.equal(await isSignedIn(), false);
  });

  it('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', () =>
    refused({ ...usual(), post_logout_redirect_uri: 'https://app.example/bad_post_logout_redirect_uri' }));

  it('oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
    const [, payload] = signedIn.idToken.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    await refused({ ...usual(), id_token_hint: `${header}.${payload}.` });
  });

  it('oidcc-rp-initiated-logout-no-id-token-hint', () => {
    // §3: nothing else says that this address is meant
    const { id_token_hint: _without, ...rest } = usual();
    return refused(rest);
  });

  it('oidcc-rp-initiated-logout-no-params', async () => {
    const page = await confirm(await end({}));
    assert.match(page.text, /You are signed out/);
    assert.equal(await isSignedIn(), false);
  });

  it('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
    const { post_logout_redirect_uri: _without, ...rest } = usual();
    assert.match((await confirm(await end(rest))).text, /You are signed out/);
    assert.equal(await isSignedIn(), false);
  });

  it('oidcc-rp-initiated-logout-no-state', async () => {
    const { state: _without, ...rest } = usual();
    assert.equal((await confirm(await end(rest))).url.href, signedOut);
    assert.equal(await isSignedIn(), false);
  });

  it('oidcc-rp-initiated-logout-only-state', async () => {
    assert.match((await confirm(await end({ state }))).text, /You are signed out/);
    assert.equal(await isSignedIn(), false);
  });

  it('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', () =>
    refused({ ...usual(), post_logout_redirect_uri: `${signedOut}?foo=bar` }));

  it('oidcc-rp-initiated-logout-bad-id-token-hint', async () => {
    const claims = (): SignJWT => new SignJWT({ ...signedIn.claims });
    const ours = JSON.parse(Buffer.from(signedIn.idToken.split('.')[0] ?? '', 'base64url').toString());
    const { privateKey } = await generateKeyPair('ES256');
    await refused({ ...usual(), id_token_hint: await claims().setProtectedHeader(ours).sign(privateKey) });
    // What the suite does: a key that the app knows, too.
    const shared = new TextEncoder().encode(app.secret);
    await refused({ ...usual(), id_token_hint: await claims().setProtectedHeader({ alg: 'HS256' }).sign(shared) });
  });

  it('§2: by POST as by GET, with the parameters in the body', async () => {
    const stranger = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
    const back = await confirm(await person.post('/session/end', usual(), stranger));
    assert.equal(back.url.href, `${signedOut}?state=${state}`);
    assert.equal(await isSignedIn(), false);
  });

  it('whoever has signed out proves who they are before an app has them again', async () => {
    await confirm(await end(usual()));
    const { steps } = await app.authorize(person, {}, { email });
    assert.ok(steps.includes('password'), `${steps}`);
  });

  it('fault C1: an ID token leads back to its app after the keys were changed twice', async () => {
    const keys = createSigningKeys(server.outside);
    for (let change = 0; change < 2; change++) {
      await keys.rotate();
      server.clock.advance(days(8));
      assert.equal((await person.open('/account')).url.pathname, '/account');
    }
    await server.app.tidy();
    const published = (await (await fetch(new URL('/jwks', server.url))).json()) as { keys: { kid: string }[] };
    const { kid } = decodeProtectedHeader(signedIn.idToken);
    assert.ok(!published.keys.some((key) => key.kid === kid), 'the key is still published');
    const question = await end(usual());
    assert.equal(question.status, 200, question.text);
    const back = await person.submit(question, {}, { name: 'answer', value: 'leave' });
    assert.equal(back.url.href, `${signedOut}?state=${state}`);
  });
});
