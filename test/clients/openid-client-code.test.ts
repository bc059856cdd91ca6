import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as client from 'openid-client';
import { minutes } from '../../src/clock.ts';
import { signInToApp } from '../helpers/app-sign-in.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { authorizationRequest, callback, configure, refused, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const email = 'sam@example.org';

/** Signing in to an app in the browser, by a client library of the field: code, PKCE, PAR, and what must not work. */
describe('openid-client, authorization code', () => {
  let server: TestApp;
  let person: HttpBrowser;
  let accountId: string;

  before(async () => {
    server = await startTestApp();
    accountId = await server.createAccount(email);
    person = createHttpBrowser(server.url);
    await signIn(person, email, testPassword);
  });
  after(() => server.stop());

  for (const isPublic of [true, false]) {
    const kind = isPublic ? 'public' : 'confidential';
    it(`C14: a ${kind} app signs a new browser in: our pages, then its callback with iss, state and nonce`, async () => {
      const config = await registerApp(server, { ...webApp, public: isPublic });
      const { url, checks } = await authorizationRequest(config);
      const { steps, callback: back } = await signInToApp(createHttpBrowser(server.url), url, { email });
      assert.deepEqual(steps, ['email', 'password', 'permissions']);
      assert.equal(back.origin + back.pathname, callback);
      assert.equal(back.searchParams.get('iss'), server.url);
      assert.equal(back.searchParams.get('state'), checks.expectedState);
      const tokens = await client.authorizationCodeGrant(config, back, checks);
      assert.equal(tokens.claims()?.sub, accountId);
      assert.equal(tokens.claims()?.nonce, checks.expectedNonce);
      assert.deepEqual(tokens.claims()?.amr, ['pwd']);
      const info = await client.fetchUserInfo(config, tokens.access_token, accountId);
      assert.equal(info.email, email);
    });
  }

  it('the pages on the way name the app, until the person goes elsewhere', async () => {
    const config = await registerApp(server, { ...webApp, name: 'Acme Photos' });
    const { url } = await authorizationRequest(config);
    const browser = createHttpBrowser(server.url);
    assert.match((await browser.open(url.href)).text, /To go on to Acme Photos, sign in/);
    assert.match((await browser.open('/signup')).text, /you go on to Acme Photos/);
    await browser.open('/devices');
    assert.doesNotMatch((await browser.open('/signin')).text, /Acme/);

    // The engine's clock is real and counts seconds: a proof of this very second would be one for this request.
    server.clock.advance(-minutes(10));
    await signIn(browser, email, testPassword);
    server.clock.advance(minutes(10));
    const again = await authorizationRequest(config, { prompt: 'login' });
    assert.match((await browser.open(again.url.href)).text, /Acme Photos asks that you confirm it/);
  });

  it('C14: the answer to a person who declines names the issuer too', async () => {
    const config = await registerApp(server, webApp);
    const { url, checks } = await authorizationRequest(config);
    const { callback: back } = await signInToApp(person, url, { decision: 'decline' });
    assert.equal(back.searchParams.get('iss'), server.url);
    assert.equal(back.searchParams.get('state'), checks.expectedState);
    assert.equal(await refused(client.authorizationCodeGrant(config, back, checks)), 'access_denied');
  });

  it('OpenID Connect Core §11: offline_access with consent gives a refresh token, which a client with a secret keeps', async () => {
    const config = await registerApp(server, webApp);
    const { url, checks } = await authorizationRequest(config, { scope: 'openid offline_access', prompt: 'consent' });
    const { callback: back } = await signInToApp(person, url);
    const first = await client.authorizationCodeGrant(config, back, checks);
    const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
    assert.equal(second.refresh_token, first.refresh_token);
    assert.equal(second.claims()?.sub, accountId);
  });

  describe('C4: PKCE', () => {
    for (const isPublic of [true, false]) {
      const kind = isPublic ? 'public' : 'confidential';
      it(`a ${kind} client must use it, with S256`, async () => {
        const config = await registerApp(server, { ...webApp, public: isPublic });
        const { parameters, checks } = await authorizationRequest(config);
        const { code_challenge: _challenge, code_challenge_method: _method, ...without } = parameters;
        const challenge = { code_challenge: checks.pkceCodeVerifier };
        for (const wrong of [
          without,
          { ...without, ...challenge },
          { ...without, ...challenge, code_challenge_method: 'plain' },
        ]) {
          const { callback: back } = await signInToApp(person, client.buildAuthorizationUrl(config, wrong));
          assert.equal(back.searchParams.get('iss'), server.url);
          assert.equal(await refused(client.authorizationCodeGrant(config, back, checks)), 'invalid_request');
        }
      });
    }

    it('a code is worth nothing without its verifier, and with another', async () => {
      const config = await registerApp(server, webApp);
      for (const verifier of [client.randomPKCECodeVerifier(), undefined]) {
        const { url, checks } = await authorizationRequest(config);
        const { callback: back } = await signInToApp(person, url);
        const { pkceCodeVerifier: _own, ...others } = checks;
        const attempt = { ...others, ...(verifier ? { pkceCodeVerifier: verifier } : {}) };
        assert.equal(await refused(client.authorizationCodeGrant(config, back, attempt)), 'invalid_grant');
      }
    });
  });

  it('C5: a code used twice revokes what its first use gave', async () => {
    const config = await registerApp(server, webApp);
    const { url, checks } = await authorizationRequest(config);
    const { callback: back } = await signInToApp(person, url);
    const tokens = await client.authorizationCodeGrant(config, back, checks);
    assert.equal(await refused(client.authorizationCodeGrant(config, back, checks)), 'invalid_grant');
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  });

  it('C5: of parallel uses of one code one wins at most', async () => {
    const config = await registerApp(server, webApp);
    const { url, checks } = await authorizationRequest(config);
    const { callback: back } = await signInToApp(person, url);
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => client.authorizationCodeGrant(config, back, checks)),
    );
    assert.ok(answers.filter(({ status }) => status === 'fulfilled').length <= 1);
  });

  it('C1, C3: with a redirect URI that is not the registered one, nobody is sent anywhere', async () => {
    const config = await registerApp(server, webApp);
    const wrong = [
      `${callback}/`,
      callback.toUpperCase(),
      `${callback}/deeper`,
      `${callback}?more=1`,
      callback.replace('app.', 'evil.'),
      `${callback}@evil.example`,
      callback.replace('https', 'http'),
      'javascript:alert(1)',
    ];
    for (const redirect_uri of wrong) {
      for (const more of [{}, { scope: 'nonsense' }, { response_type: 'token' }, { prompt: 'none' }]) {
        const { parameters } = await authorizationRequest(config, { ...more, redirect_uri });
        const page = await person.open(client.buildAuthorizationUrl(config, parameters).href);
        assert.deepEqual([page.url.origin, page.status], [server.url, 400], redirect_uri);
      }
    }
  });

  it('C1: only the port of a loopback address may differ', async () => {
    const settings = { ...webApp, public: true, redirectUris: ['http://127.0.0.1/done'] };
    const config = await registerApp(server, settings);
    const other = await authorizationRequest(config, { redirect_uri: 'http://127.0.0.1:51004/done' });
    const { callback: back } = await signInToApp(person, other.url);
    assert.equal(back.host, '127.0.0.1:51004');
    await client.authorizationCodeGrant(config, back, other.checks);
    const deeper = await authorizationRequest(config, { redirect_uri: 'http://127.0.0.1:51004/done/x' });
    assert.equal((await person.open(deeper.url.href)).status, 400);
  });

  it('C3: an unknown client is not sent anywhere', async () => {
    const config = await registerApp(server, webApp);
    const { url } = await authorizationRequest(config);
    url.searchParams.set('client_id', 'nobody');
    const page = await person.open(url.href);
    assert.deepEqual([page.url.origin, page.status], [server.url, 400]);
  });

  it('C6: no tokens in addresses', async () => {
    const config = await registerApp(server, webApp);
    for (const response_type of ['token', 'id_token', 'code id_token']) {
      const { url } = await authorizationRequest(config, { response_type });
      const page = await person.open(url.href);
      assert.ok(!page.url.href.includes('access_token') && !page.url.href.includes('id_token='));
      assert.match(page.url.href, /error=unsupported_response_type/);
    }
  });

  describe('C22: pushed authorization requests', () => {
    it('201, then an address that works once', async () => {
      const config = await registerApp(server, webApp);
      const { parameters, checks } = await authorizationRequest(config);
      let status = 0;
      config[client.customFetch] = async (address, options) => {
        const response = await fetch(address, options as RequestInit);
        if (address.endsWith('/par')) status = response.status;
        return response;
      };
      const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
      assert.equal(status, 201);
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
      const { callback: back } = await signInToApp(person, url);
      await client.authorizationCodeGrant(config, back, checks);
      const again = await person.open(url.href);
      // It names no address any more: whoever opens it is told, and sent nowhere.
      assert.deepEqual([again.status, again.url.origin], [400, server.url]);
      assert.match(again.text, /invalid_request_uri/);
    });

    it('only for the client that pushed it', async () => {
      const config = await registerApp(server, webApp);
      const other = await registerApp(server, webApp);
      const { parameters } = await authorizationRequest(config);
      const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
      url.searchParams.set('client_id', other.clientMetadata().client_id);
      const page = await person.open(url.href);
      assert.deepEqual([page.status, page.url.origin], [400, server.url]);
      assert.match(page.text, /invalid_request/);
    });

    it('checked as any request is: client, redirect URI, PKCE, no request_uri inside', async () => {
      const config = await registerApp(server, webApp);
      const { parameters } = await authorizationRequest(config);
      const push = (change: Record<string, string>, by = config) =>
        refused(client.buildAuthorizationUrlWithPAR(by, { ...parameters, ...change }));
      const stranger = await configure(server, config.clientMetadata().client_id, client.ClientSecretBasic('wrong'));
      assert.equal(await push({}, stranger), 'invalid_client');
      assert.equal(await push({ redirect_uri: 'https://evil.example/' }), 'invalid_request');
      assert.equal(await push({ code_challenge_method: 'plain' }), 'invalid_request');
      assert.equal(await push({ request_uri: 'urn:ietf:params:oauth:request_uri:x' }), 'request_uri_not_supported');
    });
  });
});
