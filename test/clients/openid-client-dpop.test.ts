import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import * as client from 'openid-client';
import { signInToApp } from '../helpers/app-sign-in.ts';
import { deviceCodeGrant, poll, postForm } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { authorizationRequest, refused, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

type Keys = Awaited<ReturnType<typeof client.randomDPoPKeyPair>>;

/** Tokens that are worth something only together with a key (RFC 9449), by a client library of the field. */
describe('openid-client with DPoP', () => {
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

  /** The redemption of a code that was approved, without the pause a client makes before its first poll. */
  const redeem = (config: client.Configuration, deviceCode: string, DPoP?: client.DPoPHandle) =>
    client.genericGrantRequest(config, deviceCodeGrant, { device_code: deviceCode }, DPoP ? { DPoP } : {});

  const approvedCode = async (config: client.Configuration, more: Record<string, string> = {}): Promise<string> => {
    const code = await client.initiateDeviceAuthorization(config, { scope: 'openid offline_access', ...more });
    await linkCode(person, code.user_code);
    return code.device_code;
  };

  it('C24, C25: device grant: token_type DPoP, userinfo with proof, refresh with the same key only', async () => {
    const config = await registerApp(server, {});
    const mine = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const tokens = await redeem(config, await approvedCode(config), mine);
    assert.equal(tokens.token_type, 'dpop');

    const info = await client.fetchUserInfo(config, tokens.access_token, accountId, { DPoP: mine });
    assert.equal(info.sub, accountId);
    const introspected = await client.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual(introspected.cnf, { jkt: await mine.calculateThumbprint() });

    const refreshToken = tokens.refresh_token ?? '';
    assert.equal(await refused(client.refreshTokenGrant(config, refreshToken)), 'invalid_grant');
    const stolen = client.refreshTokenGrant(config, refreshToken, {}, { DPoP: other });
    assert.equal(await refused(stolen), 'invalid_grant');
    const next = await client.refreshTokenGrant(config, refreshToken, {}, { DPoP: mine });
    assert.equal(next.token_type, 'dpop');
    assert.notEqual(next.refresh_token, refreshToken);
  });

  it('C25: a bound token is refused as Bearer and with another key', async () => {
    const config = await registerApp(server, {});
    const mine = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const { access_token: token } = await redeem(config, await approvedCode(config), mine);
    assert.equal(await refused(client.fetchUserInfo(config, token, accountId)), 'invalid_token');
    assert.equal(await refused(client.fetchUserInfo(config, token, accountId, { DPoP: other })), 'invalid_token');
  });

  it('C25: the code grant binds too, and dpop_jkt binds the code itself (RFC 9449 §10)', async () => {
    const config = await registerApp(server, { ...webApp, public: true });
    const mine = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const dpop_jkt = await mine.calculateThumbprint();

    const first = await authorizationRequest(config, { dpop_jkt });
    const { callback } = await signInToApp(person, first.url);
    const tokens = await client.authorizationCodeGrant(config, callback, first.checks, {}, { DPoP: mine });
    assert.equal(tokens.token_type, 'dpop');

    const second = await authorizationRequest(config, { dpop_jkt });
    const again = await signInToApp(person, second.url);
    const stolen = client.authorizationCodeGrant(config, again.callback, second.checks, {}, { DPoP: other });
    assert.equal(await refused(stolen), 'invalid_grant');
  });

  it('C28: with PAR, a proof and a dpop_jkt that differ are refused', async () => {
    const config = await registerApp(server, { ...webApp, public: true });
    const mine = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const dpop_jkt = await mine.calculateThumbprint();
    const { parameters } = await authorizationRequest(config, { dpop_jkt });
    await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: mine });
    const differing = client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: other });
    assert.equal(await refused(differing), 'invalid_request');
  });

  it('K6, B35: dpop_jkt at the device authorization request binds the code before anyone approves it', async () => {
    const config = await registerApp(server, {});
    const mine = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const code = await approvedCode(config, { dpop_jkt: await mine.calculateThumbprint() });
    assert.equal(await refused(redeem(config, code)), 'invalid_grant');
    assert.equal(await refused(redeem(config, code, other)), 'invalid_grant');
    const tokens = await redeem(config, code, mine);
    assert.equal(tokens.token_type, 'dpop', 'a thief who came first took nothing from the device');
  });

  it('a client registered for bound tokens gets no others', async () => {
    const config = await registerApp(server, { dpopRequired: true });
    const code = await approvedCode(config);
    assert.equal(await refused(redeem(config, code)), 'invalid_grant');
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    assert.equal((await redeem(config, code, DPoP)).token_type, 'dpop');
  });

  describe('C24: proofs that prove nothing', () => {
    const cases: [string, (proof: Proof) => Proof][] = [
      ['another method', (proof) => ({ ...proof, htm: 'GET' })],
      ['another address', (proof) => ({ ...proof, htu: proof.htu.replace('/token', '/userinfo') })],
      ['another server', (proof) => ({ ...proof, htu: 'https://evil.example/token' })],
      ['an old proof', (proof) => ({ ...proof, iat: proof.iat - 3600 })],
      ['a proof from the future', (proof) => ({ ...proof, iat: proof.iat + 3600 })],
      ['no jti', ({ jti: _jti, ...proof }) => proof as Proof],
      ['another type of JWT', (proof) => ({ ...proof, typ: 'JWT' })],
      ['a private key inside', (proof) => ({ ...proof, withPrivateKey: true })],
    ];
    for (const [name, change] of cases) {
      it(name, async () => {
        const config = await registerApp(server, {});
        const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
        const answer = await sendProof(
          config,
          await approvedCode(config),
          await signProof(keys, change(proofFor(server))),
        );
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_dpop_proof']);
      });
    }

    it('two proofs in one request', async () => {
      const config = await registerApp(server, {});
      const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
      const two = [await signProof(keys, proofFor(server)), await signProof(keys, proofFor(server))].join(', ');
      const answer = await sendProof(config, await approvedCode(config), two);
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_dpop_proof']);
    });

    it('C27: a proof that was seen before, one after the other and at the same time', async () => {
      const config = await registerApp(server, {});
      const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
      const proof = await signProof(keys, proofFor(server));
      const first = await sendProof(config, await approvedCode(config), proof);
      assert.equal(first.status, 200);
      const replayed = await sendProof(config, await approvedCode(config), proof);
      assert.deepEqual([replayed.status, replayed.body.error], [400, 'invalid_grant']);

      const codes = [await approvedCode(config), await approvedCode(config), await approvedCode(config)];
      const shared = await signProof(keys, proofFor(server));
      const answers = await Promise.all(codes.map((code) => sendProof(config, code, shared)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400]);
    });
  });

  it('C24: a proof of the token endpoint does not open userinfo, nor does one for another token (ath)', async () => {
    const config = await registerApp(server, {});
    const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
    const DPoP = client.getDPoPHandle(config, keys);
    const { access_token: token } = await redeem(config, await approvedCode(config), DPoP);
    const url = `${server.url}/userinfo`;
    for (const proof of [proofFor(server), { ...proofFor(server), htm: 'GET', htu: url }]) {
      const headers = { authorization: `DPoP ${token}`, dpop: await signProof(keys, proof) };
      const answer = await fetch(url, { headers });
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate') ?? '', /DPoP .*error="invalid_dpop_proof"/);
    }
  });

  it('a device without a key polls as before', async () => {
    const config = await registerApp(server, {});
    const { client_id: id } = config.clientMetadata();
    assert.equal((await poll(server.url, id, await approvedCode(config))).body.token_type, 'Bearer');
  });
});

type Proof = { htm: string; htu: string; iat: number; jti: string; typ: string; withPrivateKey?: boolean };

const proofFor = (server: TestApp): Proof => ({
  htm: 'POST',
  htu: `${server.url}/token`,
  iat: Math.floor(Date.now() / 1000),
  jti: randomUUID(),
  typ: 'dpop+jwt',
});

async function signProof(keys: Keys, { typ, withPrivateKey, ...claims }: Proof): Promise<string> {
  const jwk = await exportJWK(withPrivateKey ? keys.privateKey : keys.publicKey);
  assert.ok(await calculateJwkThumbprint(jwk));
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, jwk }).sign(keys.privateKey);
}

const sendProof = (config: client.Configuration, deviceCode: string, proof: string) =>
  postForm(
    config.serverMetadata().token_endpoint ?? '',
    { grant_type: deviceCodeGrant, device_code: deviceCode, client_id: config.clientMetadata().client_id },
    { dpop: proof },
  );
