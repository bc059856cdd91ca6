import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkError, linkDevice } from './device.ts';
import type { LinkOptions } from './link-device.ts';
import { type Scripted, startIssuer } from './testing/scripted-issuer.ts';
import { createSkippingTime } from './testing/skipping-time.ts';

type Script = Parameters<typeof startIssuer>[0];

async function withIssuer(script: Script, run: (given: Given) => Promise<void>): Promise<void> {
  const skipping = createSkippingTime();
  const issuer = await startIssuer({ onHang: skipping.pass, onHold: skipping.hold, ...script });
  const link = (more: Partial<LinkOptions> = {}) =>
    linkDevice({ issuer: issuer.url, clientId: 'tv', ...skipping.outside, ...more });
  try {
    await run({ issuer, link, skipping, polls: () => skipping.gaps('/token') });
  } finally {
    await issuer.stop();
  }
}

type Given = {
  issuer: Awaited<ReturnType<typeof startIssuer>>;
  link: (more?: Partial<LinkOptions>) => ReturnType<typeof linkDevice>;
  skipping: ReturnType<typeof createSkippingTime>;
  polls: () => number[];
};

async function statesOf(link: Awaited<ReturnType<typeof linkDevice>>): Promise<string[]> {
  const seen: string[] = [];
  for await (const state of link.states())
    seen.push(state.state === 'waiting' && state.opened ? 'opened' : state.state);
  return seen;
}

const failsWith = (code: string) => (error: unknown) => error instanceof LinkError && error.code === code;

test('RFC 8628 §3.1 and §3.2: asks with the facts of the device and hands out what the screen needs', async () => {
  await withIssuer({ tokens: ['pending', 'tokens'] }, async ({ issuer, link }) => {
    const asked = await link({ scope: 'openid offline_access', deviceName: 'Living room TV', deviceType: 'tv' });
    assert.equal(asked.userCode, 'BCDF-GHJK');
    assert.equal(asked.verificationUri, `${issuer.url}/link`);
    assert.equal(asked.qrText, `${issuer.url}/L/BCDFGHJK`);
    assert.equal(asked.expiresAt, Date.UTC(2026, 0, 1) + 1000 + 600_000);
    assert.equal(asked.secondsLeft(), 600);
    const tokens = await asked.tokens();
    assert.equal(tokens.accessToken, 'at-1');
    assert.equal(tokens.refreshToken, 'rt-1');
    const [, authorization, poll] = issuer.received;
    assert.deepEqual(Object.fromEntries(authorization?.fields ?? []), {
      client_id: 'tv',
      scope: 'openid offline_access',
      device_name: 'Living room TV',
      device_type: 'tv',
    });
    assert.deepEqual(Object.fromEntries(poll?.fields ?? []), {
      client_id: 'tv',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'device-code-of-256-bits',
    });
  });
});

test('A21: the device code is nowhere on the link', async () => {
  await withIssuer({ tokens: ['tokens'] }, async ({ link }) => {
    const asked = await link();
    assert.doesNotMatch(JSON.stringify([asked, asked.current()]), /device-code-of/);
    await asked.tokens();
  });
});

test('RFC 8628 §3.5: polls at the interval, five seconds slower after each slow_down and for good', async () => {
  const tokens: Scripted[] = ['pending', 'pending', 'slow_down', 'pending', 'slow_down', 'pending', 'tokens'];
  await withIssuer({ tokens }, async ({ link, polls }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'linked']);
    assert.deepEqual(polls(), [5, 5, 10, 10, 15, 15]);
  });
});

test('RFC 8628 §3.2: five seconds when the issuer names no interval', async () => {
  const code = {
    device_code: 'd',
    user_code: 'BCDF-GHJK',
    verification_uri: 'https://id.example.org/link',
    expires_in: 60,
  };
  await withIssuer({ codes: [{ status: 200, body: code }], tokens: ['pending', 'tokens'] }, async ({ link, polls }) => {
    const asked = await link();
    assert.equal(asked.qrText, 'https://id.example.org/link');
    await asked.tokens();
    assert.deepEqual(polls(), [5]);
  });
});

test('A15: backs off exponentially while sockets drop, and returns to the interval afterwards', async () => {
  const tokens: Scripted[] = ['pending', 'drop', 'drop', 'drop', 'drop', 'drop', 'pending', 'pending', 'tokens'];
  await withIssuer({ tokens }, async ({ link, polls }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'waiting', 'linked']);
    assert.deepEqual(polls(), [5, 10, 20, 40, 60, 60, 5, 5]);
  });
});

test('A15: a hanging request times out after ten seconds and slows the device down', async () => {
  await withIssuer({ tokens: ['hang', 'hang', 'tokens'] }, async ({ link, polls }) => {
    await (await link({ wait: false })).tokens();
    assert.deepEqual(polls(), [15, 20]);
  });
});

test('A15: obeys Retry-After of 503 and 429, in seconds and as a date', async () => {
  const date = new Date(Date.UTC(2026, 0, 1) + 140_000).toUTCString();
  const tokens: Scripted[] = [
    { status: 503, headers: { 'retry-after': '90' } },
    { status: 429, headers: { 'retry-after': date } },
    { status: 502, body: '<h1>Bad gateway</h1>' },
    'tokens',
  ];
  await withIssuer({ tokens }, async ({ link, polls }) => {
    const asked = await link();
    assert.deepEqual(await statesOf(asked), ['waiting', 'offline', 'linked']);
    // 1 s of the clock had passed at the first poll; the date is 140 s in.
    assert.deepEqual(polls(), [90, 49, 40]);
  });
});

test('many devices do not come back in the same instant: the pause after silence has jitter, and only ever grows', async () => {
  await withIssuer({ tokens: ['drop', 'tokens'] }, async ({ link, polls }) => {
    await (await link({ random: () => 0.5 })).tokens();
    assert.deepEqual(polls(), [11]);
  });
});

test('a lost answer is asked for again with the same code', async () => {
  await withIssuer({ tokens: ['cut', 'tokens'] }, async ({ issuer, link }) => {
    assert.equal((await (await link()).tokens()).accessToken, 'at-1');
    const codes = issuer.received
      .filter((request) => request.path === '/token')
      .map((it) => it.fields.get('device_code'));
    assert.deepEqual(codes, ['device-code-of-256-bits', 'device-code-of-256-bits']);
  });
});

test('keeps trying through a restart of the issuer', async () => {
  await withIssuer({ tokens: ['pending', 'restart', 'pending', 'tokens'] }, async ({ link }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'waiting', 'linked']);
  });
});

test('a captive portal is no answer', async () => {
  const portal: Scripted = { status: 200, body: '<h1>Welcome to the hotel</h1>' };
  await withIssuer({ tokens: [portal, { status: 403, body: {} }, 'tokens'] }, async ({ link }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'linked']);
  });
});

test('tells when somebody has opened the code, once', async () => {
  await withIssuer({ tokens: ['pending', 'claimed', 'claimed', 'tokens'] }, async ({ link }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'opened', 'linked']);
  });
});

test('declined is final', async () => {
  await withIssuer({ tokens: ['pending', 'declined'] }, async ({ issuer, link }) => {
    const asked = await link();
    await assert.rejects(asked.tokens(), failsWith('declined'));
    assert.deepEqual(await statesOf(asked), ['declined']);
    assert.equal(issuer.received.filter((request) => request.path === '/token').length, 2);
  });
});

test('A16: an expired code is final and no new one is asked for', async () => {
  await withIssuer({ tokens: ['pending', 'expired'] }, async ({ issuer, link }) => {
    await assert.rejects((await link()).tokens(), failsWith('expired'));
    assert.equal(issuer.received.filter((request) => request.path === '/device_authorization').length, 1);
  });
});

test('the code ends by the clock of the device when the issuer keeps saying pending', async () => {
  await withIssuer({ tokens: ['pending'] }, async ({ link, skipping }) => {
    const asked = await link();
    await assert.rejects(asked.tokens(), failsWith('expired'));
    assert.equal(skipping.requests.filter((request) => request.path === '/token').length, 121);
    assert.equal(asked.secondsLeft(), 0);
  });
});

test('an approval whose answer was lost at the very end is still fetched', async () => {
  const code = { device_code: 'd', user_code: 'B', verification_uri: 'https://id.example.org/link', expires_in: 12 };
  await withIssuer({ codes: [{ status: 200, body: code }], tokens: ['pending', 'cut', 'tokens'] }, async ({ link }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'linked']);
  });
});

test('offline past the end is expired', async () => {
  await withIssuer({ tokens: ['drop'] }, async ({ link }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'expired']);
  });
});

test('cancel stops polling; the signal does too', async () => {
  await withIssuer({ tokens: ['pending'] }, async ({ link, skipping }) => {
    const asked = await link();
    asked.cancel();
    await assert.rejects(asked.tokens(), failsWith('aborted'));
    assert.deepEqual(await statesOf(asked), ['failed']);
    const control = new AbortController();
    const second = await link({ signal: control.signal });
    control.abort();
    await assert.rejects(second.tokens(), failsWith('aborted'));
    // Each had asked once, at once.
    assert.equal(skipping.requests.filter((request) => request.path === '/token').length, 2);
    await assert.rejects(link({ signal: control.signal }), failsWith('aborted'));
  });
});

test('a refusal names the error of the issuer', async () => {
  const codes: Scripted[] = [{ status: 400, body: { error: 'invalid_scope', error_description: 'no such scope' } }];
  await withIssuer({ codes }, async ({ link }) => {
    await assert.rejects(link(), { code: 'refused', oauthError: 'invalid_scope', description: 'no such scope' });
  });
});

test('asking for a code tries a few times, then says network or server', async () => {
  await withIssuer({ codes: ['drop'] }, async ({ link, skipping }) => {
    await assert.rejects(link(), failsWith('network'));
    assert.deepEqual(skipping.gaps('/device_authorization'), [1, 2, 4]);
  });
  const busy: Scripted = { status: 503, headers: { 'retry-after': '600' }, body: { error: 'temporarily_unavailable' } };
  await withIssuer({ codes: [busy] }, async ({ link, skipping }) => {
    await assert.rejects(link(), { code: 'server', oauthError: 'temporarily_unavailable' });
    assert.deepEqual(skipping.gaps('/device_authorization'), []);
  });
});

test('a redirect is never followed with the device code in the body', async () => {
  await withIssuer(
    { tokens: [{ status: 307, headers: { location: '/elsewhere' } }, 'tokens'] },
    async ({ issuer, link }) => {
      await (await link()).tokens();
      assert.ok(!issuer.received.some((request) => request.path === '/elsewhere'));
    },
  );
});

test('RFC 6749 §2.3.1: a secret goes encoded into the header, and the client id leaves the body', async () => {
  await withIssuer({ tokens: ['tokens'] }, async ({ issuer, link }) => {
    await (await link({ clientSecret: 's:e c+r' })).tokens();
    const authorization = issuer.received[1];
    assert.equal(authorization?.headers.authorization, `Basic ${btoa('tv:s%3Ae+c%2Br')}`);
    assert.equal(authorization?.fields.get('client_id'), null);
  });
});

test('a token of an unknown type is not used', async () => {
  const body = { access_token: 'at', token_type: 'mac' };
  await withIssuer({ tokens: [{ status: 200, body }] }, async ({ link }) => {
    await assert.rejects((await link()).tokens(), failsWith('server'));
  });
});
