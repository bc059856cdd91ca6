import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { deviceCodeGrant, postForm } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { type RelyingParty, registerRelyingParty } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

type Metadata = Record<string, unknown>;
const email = 'sam@example.org';
const allGrants = ['authorization_code', 'refresh_token', 'client_credentials'];

/** What OpenID Connect and its neighbours name beside what is offered here: each must be refused. */
const others = {
  claims: [
    'sid',
    'given_name',
    'birthdate',
    'phone_number',
    'address',
    'picture',
    'nickname',
    'updated_at',
    'zoneinfo',
  ],
  scopes: ['address', 'phone', 'groups', 'admin'],
  responseTypes: ['token', 'id_token', 'code id_token', 'code token', 'id_token token', 'none'],
  responseModes: ['web_message', 'jwt', 'query.jwt', 'form_post.jwt', 'okta_post_message'],
  grants: ['implicit', 'password', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:openid:params:grant-type:ciba'],
  idTokenAlgs: ['none', 'HS256', 'PS256', 'RS512', 'EdDSA'],
  proofAlgs: ['RS256', 'ES384', 'PS256'],
  prompts: ['create', 'reauthenticate', 'none login'],
};

/** The OpenID conformance plan *Config*, by the names of its conditions, and then whether what is said is so. */
describe('fault C13: OpenID conformance: Config', () => {
  let server: TestApp;
  let metadata: Metadata;
  let app: RelyingParty;
  let person: HttpBrowser;
  const list = (name: string): string[] => metadata[name] as string[];
  const basicOf = ({ id, secret }: { id: string; secret?: string | undefined }) => ({
    authorization: `Basic ${btoa(`${id}:${secret}`)}`,
  });

  before(async () => {
    server = await startTestApp();
    const id = await server.createAccount(email);
    await server.outside.database.query
      .withTables<{ account: { id: string; locale: string } }>()
      .updateTable('account')
      .set({ locale: 'de' })
      .where('id', '=', id)
      .execute();
    metadata = (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as Metadata;
    app = await registerRelyingParty(server, {
      grants: allGrants,
      scope: 'openid profile email offline_access things',
    });
    person = createHttpBrowser(server.url);
    await signIn(person, email, testPassword);
  });
  after(() => server.stop());

  it('fault C13: EnsureDiscoveryEndpointResponseStatusCodeIs200, CheckDiscoveryEndpointReturnedJsonContentType: both documents', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const answer = await fetch(`${server.url}/.well-known/${name}`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(await answer.json(), metadata);
    }
  });

  it('fault C13: CheckDiscEndpointIssuer, CheckDiscEndpointAllEndpointsAreHttps: the issuer’s own addresses (Discovery §4.3)', () => {
    assert.equal(metadata.issuer, server.url);
    const addresses = Object.entries(metadata).filter(([name]) => /_(?:endpoint|uri)$/.test(name));
    assert.ok(addresses.length >= 9);
    for (const [name, url] of addresses) assert.equal(new URL(String(url)).origin, server.url, name);
  });

  it('fault C13: OIDCCCheckDiscEndpoint…Supported: what Discovery §3 requires is there, and nothing is empty or doubled', () => {
    for (const name of ['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported'])
      assert.ok(list(name).length > 0, name);
    assert.ok(list('id_token_signing_alg_values_supported').includes('RS256'));
    assert.ok(list('scopes_supported').includes('openid'));
    for (const [name, value] of Object.entries(metadata)) {
      if (!Array.isArray(value)) continue;
      assert.ok(value.length > 0 && new Set(value).size === value.length, name);
    }
  });

  it('fault C13: FetchServerKeys, ValidateServerJWKs, CheckForKeyIdInServerJWKs, EnsureServerJwksDoesNotContainPrivateOrSymmetricKeys', async () => {
    const { keys } = (await (await fetch(String(metadata.jwks_uri))).json()) as { keys: Record<string, unknown>[] };
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
    const secretParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
    for (const key of keys)
      assert.deepEqual(
        Object.keys(key).filter((name) => secretParts.includes(name)),
        [],
      );
    const algs = new Set(keys.map(({ alg }) => alg));
    assert.deepEqual(algs, new Set(list('id_token_signing_alg_values_supported')));
  });

  it('fault C13: every endpoint that is named is there, by each method its standard demands', async () => {
    for (const [name, url] of Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint'))) {
      const methods = {
        userinfo_endpoint: ['GET', 'POST'],
        authorization_endpoint: ['GET', 'POST'],
        end_session_endpoint: ['GET', 'POST'],
      };
      for (const method of methods[name as keyof typeof methods] ?? ['POST']) {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const body = method === 'POST' ? 'a=b' : null;
        const { status } = await fetch(String(url), { method, redirect: 'manual', headers, body });
        assert.ok(status < 500 && ![404, 405].includes(status), `${method} ${name}: ${status}`);
      }
    }
  });

  it('fault C13: scopes_supported, and others are refused', async () => {
    const tv = await server.createClient({ scope: [...list('scopes_supported'), 'things'].join(' ') });
    const ask = (scope: string) => postForm(`${server.url}/device_authorization`, { client_id: tv.id, scope });
    for (const scope of list('scopes_supported')) assert.equal((await ask(scope)).status, 200, scope);
    for (const scope of others.scopes) assert.equal((await ask(scope)).body.error, 'invalid_scope', scope);
  });

  it('fault C13: claims_supported, claims_parameter_supported: all come, asked for by scope or by name, and no other does', async () => {
    const names = [...list('claims_supported'), ...others.claims];
    const asked = Object.fromEntries(names.map((name) => [name, null]));
    const claims = JSON.stringify({ userinfo: asked, id_token: asked });
    for (const more of [{ scope: 'openid profile email' }, { scope: 'openid', claims }]) {
      const { claims: idToken, accessToken } = await app.signIn(person, { ...more, prompt: 'consent' }, { email });
      const info = await fetch(`${server.url}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
      const told = new Set([...Object.keys(idToken), ...Object.keys((await info.json()) as object)]);
      for (const name of ['aud', 'exp', 'iat', 'nonce', 'at_hash']) told.delete(name);
      assert.deepEqual([...told].sort(), [...list('claims_supported')].sort(), JSON.stringify(more));
    }
    assert.deepEqual([metadata.claims_parameter_supported, list('claim_types_supported')], [true, ['normal']]);
  });

  it('fault C13: response_types_supported, and others are refused', async () => {
    assert.deepEqual(list('response_types_supported'), ['code']);
    assert.ok((await app.authorize(person, {}, { email })).response.code);
    for (const type of others.responseTypes) {
      const page = await app.ask(person, { response_type: type });
      assert.match(page.url.href + page.text, /unsupported_response_type|invalid_request/, type);
    }
  });

  it('fault C13: response_modes_supported, and others are refused; iss is in each response', async () => {
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    for (const mode of list('response_modes_supported')) {
      const page = await app.ask(person, { response_mode: mode, prompt: 'none', max_age: '0' });
      const response = app.receive(page, mode);
      assert.ok(response.error ?? response.code, mode);
      assert.equal(response.iss, server.url);
    }
    for (const mode of others.responseModes) {
      const page = await app.ask(person, { response_mode: mode });
      assert.match(page.url.href + page.text, /unsupported_response_mode|invalid_request/, mode);
    }
  });

  it('fault C13: code_challenge_methods_supported, and plain is refused', async () => {
    assert.deepEqual(list('code_challenge_methods_supported'), ['S256']);
    const challenge = 'x'.repeat(43);
    for (const method of ['plain', 'S512', 's256'])
      assert.equal(
        (await app.authorize(person, { code_challenge: challenge, code_challenge_method: method })).response.error,
        'invalid_request',
      );
  });

  it('fault C13: prompt_values_supported, and others are refused', async () => {
    for (const prompt of list('prompt_values_supported')) {
      const page = await app.ask(person, { prompt });
      assert.doesNotMatch(decodeURIComponent(page.url.href), /unsupported|invalid_request/, prompt);
      assert.notEqual(page.status, 400, prompt);
    }
    for (const prompt of others.prompts)
      assert.equal((await app.authorize(person, { prompt })).response.error, 'invalid_request', prompt);
  });

  it('fault C13: request_uri_parameter_supported and request are not; pushed requests are', async () => {
    assert.deepEqual(
      [metadata.request_uri_parameter_supported, metadata.request_parameter_supported ?? false],
      [false, false],
    );
    for (const more of [{ request: 'a.b.c' }, { request_uri: 'https://app.example/request' }]) {
      const page = await app.ask(person, more);
      assert.match(page.url.href + page.text, /request_(?:uri_)?not_supported/);
    }
    const { sent } = app.prepare();
    const pushed = await postForm(String(metadata.pushed_authorization_request_endpoint), sent, basicOf(app));
    assert.equal(pushed.status, 201);
  });

  it('fault C13: grant_types_supported, and others are refused', async () => {
    const { accessToken, refreshToken } = await app.signIn(person, {
      scope: 'openid offline_access',
      prompt: 'consent',
    });
    const tv = await server.createClient();
    const asked = await postForm(`${server.url}/device_authorization`, { client_id: tv.id });
    await linkCode(person, String(asked.body.user_code));
    const send = (fields: Record<string, string>, headers = basicOf(app)) =>
      postForm(`${server.url}/token`, fields, headers);
    const worked: Record<string, number> = {
      authorization_code: accessToken ? 200 : 400,
      refresh_token: (await send({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '' })).status,
      client_credentials: (await send({ grant_type: 'client_credentials' })).status,
      [deviceCodeGrant]: (
        await postForm(`${server.url}/token`, {
          ...{ grant_type: deviceCodeGrant, client_id: tv.id, device_code: String(asked.body.device_code) },
        })
      ).status,
    };
    assert.deepEqual(worked, Object.fromEntries(list('grant_types_supported').map((name) => [name, 200])));
    for (const grant of others.grants)
      assert.equal((await send({ grant_type: grant })).body.error, 'unsupported_grant_type', grant);
  });

  it('fault C13: …_endpoint_auth_methods_supported: by each of them at each endpoint, and by no other', async () => {
    const tv = await server.createClient();
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ sub: app.id, iss: app.id }))}.`,
    };
    const ways: Record<string, [Record<string, string>, Record<string, string>]> = {
      none: [{ client_id: tv.id }, {}],
      client_secret_basic: [{}, basicOf(app)],
      client_secret_post: [{ client_id: app.id, client_secret: app.secret }, {}],
    };
    for (const [name, path, fields] of [
      ['token', '/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
      ['introspection', '/introspect', { token: 'x' }],
      ['revocation', '/revoke', { token: 'x' }],
    ] as const) {
      assert.deepEqual(new Set(list(`${name}_endpoint_auth_methods_supported`)), new Set(Object.keys(ways)));
      for (const [way, [own, headers]] of Object.entries(ways)) {
        const { body } = await postForm(server.url + path, { ...fields, ...own }, headers);
        assert.notEqual(body.error, 'invalid_client', `${name} ${way}`);
        assert.ok(body.error === undefined || body.error === 'invalid_grant', `${name} ${way}`);
      }
      const { status, body } = await postForm(server.url + path, { ...fields, ...assertion, client_id: app.id });
      assert.deepEqual([status, body.error], [401, 'invalid_client']);
    }
  });

  it('fault C13: id_token_signing_alg_values_supported, subject_types_supported, and others are refused', async () => {
    const subjects = new Set<unknown>();
    for (const idTokenAlg of list('id_token_signing_alg_values_supported')) {
      const other = await registerRelyingParty(server, { idTokenAlg });
      const { claims, idToken } = await other.signIn(person, {}, { email });
      assert.equal(JSON.parse(atob(idToken.split('.')[0] ?? '')).alg, idTokenAlg);
      subjects.add(claims.sub);
    }
    assert.deepEqual([subjects.size, list('subject_types_supported')], [1, ['public']]);
    for (const idTokenAlg of others.idTokenAlgs) await assert.rejects(server.createClient({ idTokenAlg }), idTokenAlg);
  });

  it('fault C13: dpop_signing_alg_values_supported, and others are refused', async () => {
    const prove = async (alg: string) => {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = await exportJWK(publicKey);
      const claims = { htm: 'POST', htu: `${server.url}/token`, jti: crypto.randomUUID() };
      const proof = new SignJWT(claims).setIssuedAt().setProtectedHeader({ alg, typ: 'dpop+jwt', jwk });
      const headers = { ...basicOf(app), dpop: await proof.sign(privateKey) };
      return (await postForm(`${server.url}/token`, { grant_type: 'client_credentials' }, headers)).body;
    };
    for (const alg of list('dpop_signing_alg_values_supported'))
      assert.equal((await prove(alg)).token_type, 'DPoP', alg);
    for (const alg of others.proofAlgs) assert.equal((await prove(alg)).error, 'invalid_dpop_proof', alg);
  });

  it('fault C13: acr_values_supported: each can be asked for, and what is none of them is not reached', async () => {
    for (const acr of [...list('acr_values_supported'), 'loa4']) {
      const claims = JSON.stringify({ id_token: { acr: { essential: true, value: acr } } });
      const page = await app.ask(person, { claims, prompt: 'none' });
      const { code, error } = app.receive(page);
      // What an account with a password alone reaches, and what it does not (RFC 9470 §5).
      assert.ok(acr === 'aal1' ? code : error, acr);
    }
  });

  it('fault C13: whatever else is advertised is tested here, or where it is named', () => {
    const elsewhere = ['ui_locales_supported'];
    const here = [
      ...['issuer', 'jwks_uri', 'claims_parameter_supported', 'authorization_response_iss_parameter_supported'],
      ...['request_uri_parameter_supported', 'request_parameter_supported'],
      ...[
        'scopes',
        'claims',
        'claim_types',
        'response_types',
        'response_modes',
        'code_challenge_methods',
        'prompt_values',
      ]
        .concat('grant_types', 'subject_types', 'acr_values', 'id_token_signing_alg_values', 'dpop_signing_alg_values')
        .concat(['token', 'introspection', 'revocation'].map((name) => `${name}_endpoint_auth_methods`))
        .map((name) => `${name}_supported`),
    ];
    const unknown = Object.keys(metadata).filter((name) => !name.endsWith('_endpoint'));
    assert.deepEqual(
      unknown.filter((name) => !here.includes(name) && !elsewhere.includes(name)),
      [],
    );
  });
});
