import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as othersFirst } from 'node:timers/promises';
import Fastify from 'fastify';
import { type Scripted, startIssuer } from '../../sdk/src/testing/scripted-issuer.ts';
import { createSkippingTime } from '../../sdk/src/testing/skipping-time.ts';
import { describeAccount } from './account-words.ts';
import { tvExample } from './tv-plugin.ts';

type Browser = (
  method: 'GET' | 'POST',
  path: string,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: string; location: string }>;

async function withTv(
  tokens: Scripted[],
  run: (browse: Browser, issuer: Awaited<ReturnType<typeof startIssuer>>) => Promise<void>,
) {
  const issuer = await startIssuer({ tokens });
  const app = Fastify();
  await app.register(tvExample({ issuer: issuer.url, clientId: 'example-tv', ...createSkippingTime().outside }), {
    prefix: '/examples/tv',
  });
  let cookie = '';
  const browse: Browser = async (method, path, headers = {}) => {
    const form = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    const answer = await app.inject({ method, url: `/examples/tv${path}`, headers: { cookie, ...form, ...headers } });
    cookie = String(answer.headers['set-cookie'] ?? cookie).split(';')[0] ?? '';
    return { status: answer.statusCode, body: answer.body, location: String(answer.headers.location ?? '') };
  };
  try {
    await run(browse, issuer);
  } finally {
    await app.close();
    await issuer.stop();
  }
}

/** Which view is on. */
const viewOf = (html: string) => /id="(\w+)" class="view on"/.exec(html)?.[1];

/** Loads the page until the view is on; the screens poll by themselves, in skipped time. */
async function until(browse: Browser, view: string): Promise<string> {
  for (let tries = 0; tries < 5000; tries++) {
    await othersFirst();
    const { body } = await browse('GET', '');
    if (viewOf(body) === view) return body;
  }
  throw new Error(`The view ${view} never came on.`);
}

test('A16: opening the page asks for no code', async () => {
  await withTv(['pending'], async (browse, issuer) => {
    assert.equal(viewOf((await browse('GET', '')).body), 'idle');
    assert.equal(issuer.received.length, 0);
  });
});

test('without scripts: a code on a button, who it is, yes, sign out revokes', async () => {
  const pending: Scripted[] = Array(20).fill('pending');
  await withTv([...pending, 'tokens'], async (browse, issuer) => {
    const started = await browse('POST', '/start');
    assert.equal(started.status, 303);
    assert.equal(started.location, '/examples/tv');
    const { body } = await browse('GET', '');
    assert.equal(viewOf(body), 'waiting');
    // A9: the text code stands beside the QR code.
    assert.match(body, /BCDF<i>-<\/i>GHJK/);
    assert.match(body, /\/qr\?text=http%3A%2F%2Flocalhost%3A\d+%2FL%2FBCDFGHJK/);
    // A21
    assert.doesNotMatch(body, /device-code-of/);
    const asked = await until(browse, 'ask');
    assert.match(asked, /Linked to <span id="who">Sam’s account \(s…@example\.org\)/);
    assert.doesNotMatch(asked, /sam@example/);
    await browse('POST', '/yes');
    assert.equal(viewOf((await browse('GET', '')).body), 'home');
    await browse('POST', '/out');
    assert.equal(issuer.received.at(-1)?.fields.get('token'), 'rt-1');
    assert.equal(viewOf((await browse('GET', '')).body), 'idle');
  });
});

test('without scripts: declined and expired offer a new code', async () => {
  await withTv(['declined'], async (browse) => {
    await browse('POST', '/start');
    assert.match(await until(browse, 'over'), /Turned down on your phone[\s\S]*Get a new code/);
  });
  await withTv(['expired'], async (browse) => {
    await browse('POST', '/start');
    assert.match(await until(browse, 'over'), /That code ran out/);
  });
});

test('a stranger without the cookie sees no code', async () => {
  await withTv(['pending'], async (browse) => {
    await browse('POST', '/start');
    assert.equal(viewOf((await browse('GET', '', { cookie: '' })).body), 'idle');
    assert.equal(viewOf((await browse('GET', '', { cookie: 'latchkey-tv=AAAAAAAAAAAAAAAAAAAAAA' })).body), 'idle');
  });
});

test('foreign pages press no buttons', async () => {
  await withTv(['pending'], async (browse, issuer) => {
    assert.equal((await browse('POST', '/start', { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await browse('POST', '/start', { origin: 'https://evil.example' })).status, 403);
    assert.equal(issuer.received.length, 0);
  });
});

test('the QR code is drawn for the addresses of the issuer only', async () => {
  await withTv(['pending'], async (browse, issuer) => {
    const qr = (text: string) => browse('GET', `/qr?text=${encodeURIComponent(text)}`);
    const own = await qr(`${issuer.url}/L/BCDFGHJK`);
    assert.equal(own.status, 200);
    // Version 2 (25 modules and two quiet zones of four): alphanumeric, since scheme and host went to capitals.
    assert.match(own.body, /viewBox="0 0 33 33"/);
    assert.equal((await qr('https://evil.example/L/BCDFGHJK')).status, 400);
    assert.equal((await qr(`${issuer.url}.evil.example/`)).status, 400);
    assert.equal((await qr(`${issuer.url}/${'x'.repeat(300)}`)).status, 400);
    assert.equal((await browse('GET', '/qr?text=a&text=b')).status, 400);
  });
});

test('an account is named without its address', () => {
  assert.equal(
    describeAccount({ sub: '1', name: 'Sam', email: 'samuel@example.org' }),
    'Sam’s account (s…@example.org)',
  );
  assert.equal(
    describeAccount({ sub: '1', name: 'samuel', email: 'samuel@example.org' }),
    'the account s…@example.org',
  );
  assert.equal(describeAccount({ sub: '1' }), 'your account');
});
