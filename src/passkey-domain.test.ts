import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesOf } from '../test/helpers/routes.ts';
import { freePort } from '../test/helpers/servers.ts';
import { startTestApp, testPassword } from '../test/helpers/test-app.ts';
import { createWalker } from '../test/helpers/walker.ts';
import { createAuthenticators } from './authenticators/authenticators.ts';
import { hasPasskeys, readPasskeyDomain, readRelatedOrigins } from './passkey-domain.ts';

const read = (env: Record<string, string>, issuer = 'https://id.example.org') => {
  const passkeyDomain = readPasskeyDomain(env.LATCHKEY_PASSKEY_DOMAIN, new URL(issuer));
  return {
    passkeyDomain,
    relatedOrigins: readRelatedOrigins(env.LATCHKEY_RELATED_ORIGINS, new URL(issuer), passkeyDomain),
  };
};

test('G8: passkeys are for the issuer’s own name, and no other address is listed, unless set', () => {
  assert.deepEqual(read({}), { passkeyDomain: 'id.example.org', relatedOrigins: [] });
  assert.deepEqual(read({ LATCHKEY_PASSKEY_DOMAIN: 'example.org' }).relatedOrigins, [], 'a parent needs no list');
});

test('G8: after a move the old name stays the name of the passkeys, and lists the new address', () => {
  assert.deepEqual(read({ LATCHKEY_PASSKEY_DOMAIN: 'old.example' }), {
    passkeyDomain: 'old.example',
    relatedOrigins: ['https://id.example.org'],
  });
});

test('G8: five names at most, exact https origins only', () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `https://${name}.example`);
  assert.equal(read({ LATCHKEY_RELATED_ORIGINS: names.join(', ') }).relatedOrigins.length, 5);
  for (const wrong of [`${names},https://f.example`, 'http://a.example', 'https://a.example/', 'a.example', '*'])
    assert.throws(() => read({ LATCHKEY_RELATED_ORIGINS: wrong }), /LATCHKEY_RELATED_ORIGINS/, wrong);
  for (const wrong of ['https://a.example', 'a.example/', '.example', 'A.example'])
    assert.throws(() => read({ LATCHKEY_PASSKEY_DOMAIN: wrong }), /LATCHKEY_PASSKEY_DOMAIN/, wrong);
});

test('G8: the list is there where there is one, and the passkeys asked for are of the name set', async () => {
  const plain = await startTestApp();
  assert.equal((await fetch(`${plain.url}/.well-known/webauthn`)).status, 404);
  await plain.stop();

  const env = { LATCHKEY_PASSKEY_DOMAIN: 'old.example', LATCHKEY_RELATED_ORIGINS: 'https://sister.example' };
  const moved = await startTestApp({ env });
  const answer = await fetch(`${moved.url}/.well-known/webauthn`);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.deepEqual(await answer.json(), { origins: [moved.url, 'https://sister.example'] });
  assert.match(await (await fetch(`${moved.url}/signin`)).text(), /&quot;rpId&quot;:&quot;old\.example&quot;/);
  await moved.stop();
});

test('fault C8: an address has no passkeys, and a setting that says otherwise is refused', () => {
  for (const issuer of ['http://127.0.0.1:3000', 'http://[::1]:3000', 'https://192.0.2.7', 'https://[2001:db8::1]']) {
    assert.equal(hasPasskeys(issuer), false, issuer);
    assert.deepEqual(read({}, issuer), { passkeyDomain: undefined, relatedOrigins: [] });
    assert.throws(() => read({ LATCHKEY_PASSKEY_DOMAIN: 'example.org' }, issuer), /LATCHKEY_PASSKEY_DOMAIN needs/);
    assert.throws(
      () => read({ LATCHKEY_RELATED_ORIGINS: 'https://a.example' }, issuer),
      /LATCHKEY_RELATED_ORIGINS needs/,
    );
  }
  for (const issuer of ['http://localhost:3000', 'https://id.example.org', 'https://1.example'])
    assert.equal(hasPasskeys(issuer), true, issuer);
});

/** What offers a passkey or a security key on any page of fixed address, signed in and not. */
async function offersAt(host: string): Promise<string[]> {
  const port = await freePort();
  const server = await startTestApp({ port, env: { LATCHKEY_ISSUER: `http://${host}:${port}` } });
  const email = 'ann@example.org';
  await server.createAccount(email);
  const routes = routesOf(server.app.server).map(({ method, path }) => ({ method, url: path }));
  const walker = createWalker(server.url, routes, () => 'x');
  const offers = new Set<string>();
  const lookEverywhere = async (): Promise<void> => {
    for (const { method, url } of routes.filter(
      (route) => !/[:*]/.test(route.url) && !/^\/(dev|help)/.test(route.url),
    )) {
      if (method !== 'GET') continue;
      const { page } = await walker.send({ method, url, fields: {} });
      for (const element of page?.querySelectorAll('[data-passkey], [data-passkey-upgrade], a[href]') ?? []) {
        const href = element.getAttribute('href');
        if (href === undefined || /passkey|\/key\b/.test(href)) offers.add(href ?? url);
      }
    }
  };
  await lookEverywhere();
  const start = await walker.send({ method: 'GET', url: '/signin', fields: {} });
  const csrf = start.page?.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
  await walker.send({ method: 'POST', url: '/signin', fields: { csrf, email } });
  await walker.send({ method: 'POST', url: '/signin/password', fields: { csrf, password: testPassword } });
  assert.ok(walker.cookies.has('latchkey-session'));
  await lookEverywhere();
  await server.stop();
  return [...offers];
}

test('fault C8: where no browser can make a passkey, no page offers one', async () => {
  const offered = await offersAt('localhost');
  for (const place of ['/signin', '/signin/passkey', '/security/passkeys/new', '/security/key/new'])
    assert.ok(offered.includes(place), `${place} in ${offered}`);
  assert.deepEqual(await offersAt('127.0.0.1'), []);
});

test('fault C8: passkeys and authenticator apps are listed under the name of the installation', async () => {
  const named = await startTestApp({ env: { LATCHKEY_NAME: 'Example TV & Café' } });
  const { config } = named.outside;
  assert.equal(config.mailFrom, 'Example TV & Café <no-reply@localhost>');
  const authenticators = createAuthenticators({ ...named.outside, userIdOf: async () => 'aWQ' });
  const accountId = await named.createAccount('ann@example.org');
  const ask = { purpose: 'add', browserId: 'b', email: 'ann@example.org', userId: 'aWQ', accountId } as const;
  const options = (await authenticators.passkeys.creationOptions(ask)) as { rp: { name: string } };
  assert.equal(options.rp.name, 'Example TV & Café');
  const { uri } = authenticators.beginApp(accountId, 'ann@example.org');
  assert.equal(new URL(uri).searchParams.get('issuer'), 'Example TV & Café');
  assert.equal(decodeURIComponent(new URL(uri).pathname), '/Example TV & Café:ann@example.org');
  await named.stop();
});
