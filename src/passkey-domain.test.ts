import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestApp } from '../test/helpers/test-app.ts';
import { readPasskeyDomain, readRelatedOrigins } from './passkey-domain.ts';

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
