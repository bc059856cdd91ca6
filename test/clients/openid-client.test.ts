import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { poll } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { configure, refused, registerApp } from '../helpers/standard-client.ts';
import { type MovedClock, startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** A client library of the field, unmodified, against the running server: metadata, device grant, tokens. */
describe('openid-client', () => {
  let server: TestApp;
  let person: HttpBrowser;
  let accountId: string;

  before(async () => {
    server = await startTestApp();
    accountId = await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  /** A device that was linked: the tokens of its first redemption. */
  const linked = async (t: TestContext, config: client.Configuration, more: Record<string, string> = {}) => {
    const code = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access', ...more });
    await linkCode(person, code.user_code);
    skipWaits(t, server.clock);
    return client.pollDeviceAuthorizationGrant(config, code, more.resource ? { resource: more.resource } : {});
  };

  describe('metadata', () => {
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      it(`C14: is found as ${algorithm} names it, with RFC 9207 and S256 published`, async () => {
        const metadata = (await registerApp(server, {}, algorithm)).serverMetadata();
        assert.equal(metadata.issuer, server.url);
        assert.equal(metadata.device_authorization_endpoint, `${server.url}/device_authorization`);
        assert.equal(metadata.token_endpoint, `${server.url}/token`);
        assert.equal(metadata.authorization_response_iss_parameter_supported, true);
        assert.equal(metadata.supportsPKCE(), true);
        assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
        assert.deepEqual(metadata.id_token_signing_alg_values_supported?.sort(), ['ES256', 'RS256']);
        assert.deepEqual(metadata.response_types_supported, ['code']);
      });
    }

    it('C17: neither Host nor X-Forwarded-* of a stranger changes a word of it', async () => {
      const path = '/.well-known/openid-configuration';
      const honest = await (await fetch(server.url + path)).text();
      for (const headers of [
        { host: 'evil.example' },
        { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '444' },
        { forwarded: 'host=evil.example;proto=https', 'x-original-host': 'evil.example' },
      ]) {
        assert.equal(await getWithHeaders(server.url + path, headers), honest);
      }
    });
  });

  describe('device grant', () => {
    it('A12, A13: waits, slows down when told to, and gets tokens that say who it is', async (t) => {
      const config = await registerApp(server, {});
      const code = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access' });
      assert.equal(code.interval, 5);
      const heard: unknown[] = [];
      config[client.customFetch] = async (url, options) => {
        if (!url.endsWith('/token')) return fetch(url, options as RequestInit);
        // The network delivers the second poll twice; the client sees the answer to the repetition.
        if (heard.length === 1) await fetch(url, options as RequestInit);
        const response = await fetch(url, options as RequestInit);
        heard.push((await response.clone().json()).error);
        if (heard.length === 3) await linkCode(person, code.user_code);
        return response;
      };
      const waits = skipWaits(t, server.clock);
      const tokens = await client.pollDeviceAuthorizationGrant(config, code);
      assert.deepEqual(heard, ['authorization_pending', 'slow_down', 'authorization_pending', undefined]);
      assert.equal(
        waits.reduce((sum, wait) => sum + wait),
        5000 + 5000 + 10_000 + 10_000,
      );
      assert.equal(tokens.token_type, 'bearer');
      assert.equal(tokens.claims()?.sub, accountId);
      assert.ok(tokens.refresh_token);
    });

    it('A12: hears that the person declined', async (t) => {
      const config = await registerApp(server, {});
      const code = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
      await person.submit(await reviewCode(person, code.user_code), {}, { name: 'decision', value: 'decline' });
      skipWaits(t, server.clock);
      assert.equal(await refused(client.pollDeviceAuthorizationGrant(config, code)), 'access_denied');
    });

    it('A3: a client with a secret proves it, in the header or in the form', async (t) => {
      const { id, secret = '' } = await server.createClient({ public: false });
      for (const authentication of [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
        const tokens = await linked(t, await configure(server, id, authentication));
        assert.equal(tokens.claims()?.aud, id);
        t.mock.restoreAll();
      }
      const wrong = await configure(server, id, client.ClientSecretBasic('wrong'));
      assert.equal(await refused(client.initiateDeviceAuthorization(wrong, { scope: 'openid' })), 'invalid_client');
    });
  });

  describe('tokens', () => {
    it('C9: refresh rotates; userinfo answers for the new access token', async (t) => {
      const config = await registerApp(server, {});
      const first = await linked(t, config);
      const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
      assert.notEqual(second.refresh_token, first.refresh_token);
      assert.notEqual(second.access_token, first.access_token);
      const person = await client.fetchUserInfo(config, second.access_token, accountId);
      assert.deepEqual([person.email, person.email_verified], ['sam@example.org', true]);
    });

    it('C29, C30: what is revoked is inactive at once, access tokens of the grant included', async (t) => {
      const config = await registerApp(server, {});
      const tokens = await linked(t, config);
      const active = await client.tokenIntrospection(config, tokens.access_token);
      assert.deepEqual(
        [active.active, active.sub, active.client_id],
        [true, accountId, config.clientMetadata().client_id],
      );
      await client.tokenRevocation(config, tokens.refresh_token ?? '');
      assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
      assert.deepEqual(await client.tokenIntrospection(config, tokens.refresh_token ?? ''), { active: false });
      assert.equal(await refused(client.fetchUserInfo(config, tokens.access_token, accountId)), 'invalid_token');
      assert.equal(await refused(client.refreshTokenGrant(config, tokens.refresh_token ?? '')), 'invalid_grant');
    });

    it('C30: another app hears only that the token is inactive, and cannot revoke it (C29)', async (t) => {
      const config = await registerApp(server, {});
      const stranger = await registerApp(server, { name: 'Other', public: false, grants: ['client_credentials'] });
      const tokens = await linked(t, config);
      assert.equal(await refused(client.tokenRevocation(stranger, tokens.access_token)), 'invalid_request');
      const publicStranger = await registerApp(server, { name: 'Third' });
      await client.tokenRevocation(publicStranger, tokens.access_token);
      assert.deepEqual(await client.tokenIntrospection(publicStranger, tokens.access_token), { active: false });
      assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
    });

    it('C6, C7: client_credentials for a client that has it and a secret; no other grants', async () => {
      const service = await registerApp(server, { public: false, grants: ['client_credentials'], scope: 'openid' });
      const tokens = await client.clientCredentialsGrant(service);
      assert.equal(tokens.refresh_token, undefined);
      assert.equal((await client.tokenIntrospection(service, tokens.access_token)).active, true);
      const tv = await registerApp(server, {});
      assert.equal(await refused(client.clientCredentialsGrant(tv)), 'unauthorized_client');
      const password = { username: 'sam@example.org', password: testPassword };
      assert.equal(await refused(client.genericGrantRequest(tv, 'password', password)), 'unsupported_grant_type');
    });

    it('C8, C31: an access token for a registered API is a JWT of five minutes for that API alone', async (t) => {
      const resource = 'https://api.example/';
      const config = await registerApp(server, { resources: [resource], scope: 'openid offline_access api:read' });
      const tokens = await linked(t, config, { scope: 'openid offline_access api:read api:write', resource });
      const { payload, protectedHeader } = await verify(tokens.access_token, { audience: resource, typ: 'at+jwt' });
      assert.equal(protectedHeader.alg, 'ES256');
      assert.equal(Number(payload.exp) - Number(payload.iat), 300);
      assert.equal(tokens.expires_in, 300);
      assert.equal(payload.sub, accountId);
      assert.deepEqual(
        String(payload.scope)
          .split(' ')
          .filter((scope) => scope.startsWith('api:')),
        ['api:read'],
      );
      assert.equal(await refused(client.fetchUserInfo(config, tokens.access_token, accountId)), 'invalid_token');
      const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource });
      await verify(next.access_token, { audience: resource, typ: 'at+jwt' });
      const elsewhere = client.initiateDeviceAuthorization(config, {
        scope: 'openid',
        resource: 'https://other.example/',
      });
      assert.equal(await refused(elsewhere), 'invalid_target');
    });

    it('a service gets such a token for itself', async () => {
      const resource = 'https://api.example/';
      const settings = { public: false, grants: ['client_credentials'], scope: 'api:read', resources: [resource] };
      const service = await registerApp(server, settings);
      const tokens = await client.clientCredentialsGrant(service, { resource, scope: 'api:read' });
      const { payload } = await verify(tokens.access_token, { audience: resource, typ: 'at+jwt' });
      assert.deepEqual([payload.sub, payload.scope], [service.clientMetadata().client_id, 'api:read']);
    });

    it('an ID token is signed with ES256, and with RS256 for a client registered so', async (t) => {
      for (const idTokenAlg of ['ES256', 'RS256']) {
        const tokens = await linked(t, await registerApp(server, { idTokenAlg }));
        assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, idTokenAlg);
        const { payload } = await verify(tokens.id_token ?? '', {});
        assert.deepEqual(payload.amr, ['pwd']);
        t.mock.restoreAll();
      }
      await assert.rejects(server.createClient({ idTokenAlg: 'none' }), /ES256 or RS256/);
    });
  });

  const verify = (token: string, checks: { audience?: string; typ?: string }) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${server.url}/jwks`)), { issuer: server.url, ...checks });

  it('C2: a redirect URI in the clear, with a fragment or with a scheme of nobody is not registered', async () => {
    const grants = ['authorization_code'];
    for (const uri of ['http://app.example/cb', 'https://app.example/cb#here', 'app:/cb', 'not an address']) {
      await assert.rejects(server.createClient({ grants, redirectUris: [uri] }), { code: 'bad_request' }, uri);
    }
  });

  it('B32: of a scope above the ceiling of the client the rest is given, and nothing else is refused', async () => {
    const config = await registerApp(server, { scope: 'openid' });
    assert.equal(await refused(client.initiateDeviceAuthorization(config, { scope: 'email admin' })), 'invalid_scope');
    const code = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
    assert.equal((await poll(server.url, config.clientMetadata().client_id, code.device_code)).status, 400);
  });
});

/** The client's own pauses take no time here and all their time on the server's clock; returns them, in milliseconds. */
function skipWaits(t: TestContext, clock: MovedClock): number[] {
  const waits: number[] = [];
  const { setTimeout: real } = globalThis;
  const skipping = (run: () => void, milliseconds = 0, ...rest: []) => {
    if (!new Error().stack?.includes('/openid-client/')) return real(run, milliseconds, ...rest);
    waits.push(milliseconds);
    clock.advance(milliseconds);
    return real(run, 0);
  };
  t.mock.method(globalThis, 'setTimeout', skipping as typeof setTimeout);
  return waits;
}

/** Like fetch, which does not let anyone write a Host header. */
function getWithHeaders(url: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject).end();
  });
}
