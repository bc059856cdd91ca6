import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createHttpBrowser, type HttpBrowser } from '../helpers/http-browser.ts';
import { testBasicPlan } from '../helpers/openid-basic-plan.ts';
import { type RelyingParty, registerRelyingParty } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const email = 'sam@example.org';
const withoutPkce = { code_challenge: undefined, code_challenge_method: undefined };

describe('OpenID conformance: Basic', () => testBasicPlan('query'));

/** RFC 9700 §2.1.1: what ties a code to the request that asked for it. */
describe('fault C4: an app whose operator lets it do without PKCE', () => {
  let server: TestApp;
  let app: RelyingParty;
  let person: HttpBrowser;
  before(async () => {
    server = await startTestApp();
    await server.createAccount(email);
    app = await registerRelyingParty(server, { pkceOptional: true, scope: 'openid email things' });
  });
  after(() => server.stop());
  beforeEach(() => {
    person = createHttpBrowser(server.url);
  });

  it('signs people in with a nonce, which comes back in the ID token', async () => {
    for (const by of ['basic', 'post'] as const) {
      const { claims, sent } = await app.signIn(person, withoutPkce, { email, by });
      assert.ok(sent.nonce);
      assert.equal(claims.nonce, sent.nonce);
    }
  });

  it('a code that was asked for with neither PKCE nor a nonce opens nothing, however often it is tried', async () => {
    for (const nonce of [undefined, '']) {
      const loose = await app.authorize(person, { ...withoutPkce, nonce }, { email });
      assert.ok(loose.response.code);
      for (const by of ['basic', 'post'] as const) {
        const { status, body } = await app.redeem(loose, by);
        assert.deepEqual([status, body.error], [400, 'invalid_grant']);
        assert.match(String(body.error_description), /./);
      }
      // Nor by a verifier that nobody asked with (RFC 9700 §2.1.1, PKCE downgrade).
      const { status } = await app.redeem({ ...loose, verifier: 'v'.repeat(43) });
      assert.equal(status, 400);
    }
  });

  it('a nonce protects nothing where there is no ID token: PKCE is asked for', async () => {
    for (const scope of ['things', 'email', undefined]) {
      const page = await app.ask(person, { ...withoutPkce, scope });
      const told = page.url.searchParams.get('error') ?? page.text;
      assert.match(told, /invalid_(request|scope)/, `${scope}: ${page.url}`);
      assert.equal(page.url.searchParams.get('code'), null);
    }
  });

  it('PKCE that is offered all the same is held to, with S256 alone', async () => {
    const verifier = 'x'.repeat(43);
    const plain = { code_challenge: verifier, code_challenge_method: 'plain' };
    assert.equal((await app.authorize(person, plain)).response.error, 'invalid_request');
    assert.equal((await app.authorize(person, { code_challenge_method: undefined })).response.error, 'invalid_request');
    const answered = await app.authorize(person, {}, { email });
    assert.equal((await app.redeem({ ...answered, verifier: undefined })).body.error, 'invalid_grant');
    assert.equal((await app.redeem({ ...answered, verifier: 'y'.repeat(43) })).body.error, 'invalid_grant');
    assert.equal((await app.redeem(answered)).status, 200);
  });

  it('RFC 8252 §8.6: on loopback an app with a secret is not asked again what was allowed, one without is', async () => {
    const redirectUris = ['http://127.0.0.1/callback'];
    for (const isPublic of [false, true]) {
      const local = await registerRelyingParty(server, { redirectUris, public: isPublic });
      await local.authorize(person, {}, { email });
      const { response } = await local.authorize(person, { prompt: 'none' });
      assert.equal(response.error, isPublic ? 'interaction_required' : undefined);
    }
  });

  it('every other app needs PKCE, whatever else it sends', async () => {
    const careful = await registerRelyingParty(server);
    const { response } = await careful.authorize(person, withoutPkce);
    assert.equal(response.error, 'invalid_request');
  });
});
