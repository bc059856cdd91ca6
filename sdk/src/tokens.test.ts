import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discover, LinkError, refreshTokens, revoke, userInfo } from './device.ts';
import { type Scripted, startIssuer } from './testing/scripted-issuer.ts';
import { createSkippingTime } from './testing/skipping-time.ts';

async function withIssuer(
  script: Parameters<typeof startIssuer>[0],
  run: (given: Given) => Promise<void>,
): Promise<void> {
  const skipping = createSkippingTime();
  const issuer = await startIssuer({ onHang: skipping.pass, ...script });
  try {
    await run({ issuer, skipping, options: { issuer: issuer.url, clientId: 'tv', ...skipping.outside } });
  } finally {
    await issuer.stop();
  }
}

type Given = {
  issuer: Awaited<ReturnType<typeof startIssuer>>;
  skipping: ReturnType<typeof createSkippingTime>;
  options: { issuer: string; clientId: string };
};

const failsWith = (code: string) => (error: unknown) => error instanceof LinkError && error.code === code;

test('a refresh whose answer is lost is repeated with the same token', async () => {
  await withIssuer({ tokens: ['cut', 'hang', 'tokens'] }, async ({ issuer, options, skipping }) => {
    const tokens = await refreshTokens({ ...options, refreshToken: 'rt-0' });
    assert.equal(tokens.refreshToken, 'rt-1');
    assert.equal(tokens.expiresAt, skipping.outside.time.date() + 3_600_000);
    const sent = issuer.received
      .filter((request) => request.path === '/token')
      .map((it) => it.fields.get('refresh_token'));
    assert.deepEqual(sent, ['rt-0', 'rt-0', 'rt-0']);
    assert.deepEqual(skipping.gaps('/token'), [1, 12]);
  });
});

test('a refresh token that does not rotate is kept', async () => {
  const body = { access_token: 'at-2', token_type: 'bearer' };
  await withIssuer({ tokens: [{ status: 200, body }] }, async ({ options }) => {
    const tokens = await refreshTokens({ ...options, refreshToken: 'rt-0' });
    assert.equal(tokens.refreshToken, 'rt-0');
    assert.equal(tokens.expiresAt, undefined);
  });
});

test('an unlinked device hears signed_out, at once', async () => {
  await withIssuer({ tokens: ['invalid_grant'] }, async ({ options, skipping }) => {
    await assert.rejects(refreshTokens({ ...options, refreshToken: 'rt-0' }), failsWith('signed_out'));
    assert.deepEqual(skipping.gaps('/token'), []);
  });
});

test('revoke succeeds with the empty answer of RFC 7009', async () => {
  await withIssuer({}, async ({ issuer, options }) => {
    await revoke({ ...options, token: 'rt-1', tokenTypeHint: 'refresh_token' });
    assert.deepEqual(Object.fromEntries(issuer.received.at(-1)?.fields ?? []), {
      client_id: 'tv',
      token: 'rt-1',
      token_type_hint: 'refresh_token',
    });
  });
});

test('userInfo sends the token in the header', async () => {
  await withIssuer({}, async ({ issuer, options }) => {
    assert.equal((await userInfo({ ...options, accessToken: 'at-1' })).email, 'sam@example.org');
    assert.equal(issuer.received.at(-1)?.headers.authorization, 'Bearer at-1');
  });
});

test('RFC 8414 §3.3: metadata of another issuer is refused', async () => {
  await withIssuer({ metadata: { issuer: 'https://evil.example' } }, async ({ options }) => {
    await assert.rejects(discover(options), failsWith('discovery'));
  });
});

test('plain http is refused outside this machine, for the issuer and for each endpoint', async () => {
  await assert.rejects(discover({ issuer: 'http://id.example.org' }), failsWith('insecure'));
  await assert.rejects(discover({ issuer: 'not a url' }), failsWith('discovery'));
  await withIssuer({ metadata: { token_endpoint: 'http://id.example.org/token' } }, async ({ options }) => {
    await assert.rejects(discover(options), failsWith('insecure'));
    assert.equal((await discover({ ...options, allowInsecure: true })).tokenEndpoint, 'http://id.example.org/token');
  });
});

test('falls back to OpenID Discovery, with the path of the issuer in both places', async () => {
  const asked: string[] = [];
  const issuer = 'https://id.example.org/tenant';
  const fetchDocument = async (url: string) => {
    asked.push(url);
    const found = url === `${issuer}/.well-known/openid-configuration`;
    return new Response(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }), { status: found ? 200 : 404 });
  };
  const metadata = await discover({ issuer: `${issuer}/`, fetch: fetchDocument });
  assert.equal(metadata.tokenEndpoint, `${issuer}/token`);
  assert.equal(metadata.revocationEndpoint, undefined);
  assert.equal(asked[0], 'https://id.example.org/.well-known/oauth-authorization-server/tenant');
});

test('metadata handed in saves the request', async () => {
  const tokens: Scripted[] = ['tokens'];
  await withIssuer({ tokens }, async ({ issuer, options }) => {
    const metadata = await discover(options);
    await refreshTokens({ ...options, metadata, refreshToken: 'rt-0' });
    assert.equal(issuer.received.filter((request) => request.path.includes('well-known')).length, 1);
  });
});
