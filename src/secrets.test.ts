import assert from 'node:assert/strict';
import { createHmac, hkdfSync } from 'node:crypto';
import { it } from 'node:test';
import { createSecrets, rootOf } from './secrets.ts';

const master = Buffer.alloc(32, 9);
const secrets = createSecrets(master);

it('hashes are HMAC-SHA-256 under a key of their purpose', () => {
  for (const purpose of ['device-code', 'user-code', 'session'] as const) {
    const key = Buffer.from(hkdfSync('sha256', master, 'latchkey', purpose, 32));
    for (const value of ['', 'a', 'ключ', 'x'.repeat(1000)]) {
      assert.equal(secrets.hash(purpose, value), createHmac('sha256', key).update(value).digest('base64url'));
    }
  }
  assert.notEqual(secrets.hash('device-code', 'a'), secrets.hash('user-code', 'a'));
});

it('E7: a sealed value names its key, and opens with that one alone, whichever is of today', () => {
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const before = createSecrets(old);
  const lookupRoot = rootOf(old);
  const sealed = before.seal('totp', 'secret', 'ann');
  assert.match(sealed, /^1\./, 'the key a database began with');

  const during = createSecrets(next, { previous: [old], lookupRoot });
  assert.equal(during.open('totp', sealed, 'ann'), 'secret');
  const resealed = during.seal('totp', 'secret', 'ann');
  assert.ok(resealed.startsWith(`${during.keyName}.`));
  assert.match(during.keyName, /^k[0-9a-f]{12}$/);
  assert.equal(createSecrets(old, { previous: [next], lookupRoot }).open('totp', resealed, 'ann'), 'secret');

  const after = createSecrets(next, { lookupRoot });
  assert.equal(after.open('totp', resealed, 'ann'), 'secret');
  assert.throws(() => after.open('totp', sealed, 'ann'), /the key 1,/, 'not forged, but not to be opened here');
  assert.equal(after.hash('session', 'value'), before.hash('session', 'value'), 'hashes stay');
  assert.notEqual(createSecrets(next).hash('session', 'value'), before.hash('session', 'value'));
});

it('what is sealed opens only whole, in its place, for its purpose and with its key', () => {
  const sealed = secrets.seal('totp', 'secret', 'ann');
  assert.equal(secrets.open('totp', sealed, 'ann'), 'secret');
  assert.equal(secrets.open('totp', sealed, 'bob'), undefined);
  assert.equal(secrets.open('password', sealed, 'ann'), undefined);
  assert.equal(createSecrets(Buffer.alloc(32, 8)).open('totp', sealed, 'ann'), undefined);
  assert.equal(secrets.open('totp', `${sealed.slice(0, -2)}AA`, 'ann'), undefined);
  for (const text of ['', '1.', '2.abc', 'nonsense']) assert.equal(secrets.open('totp', text, 'ann'), undefined);
  assert.notEqual(secrets.seal('totp', 'secret', 'ann'), sealed, 'never the same twice');
});

it('fault E2: whoever writes the name of a key that is nowhere has forged, whoever writes one that is elsewhere comes too early', () => {
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const elsewhere = createSecrets(next, { previous: [old], lookupRoot: rootOf(old) });
  const here = createSecrets(old);
  const sealed = elsewhere.seal('flow', 'typed', 'browser');
  assert.equal(here.openGiven('flow', sealed, 'browser'), undefined, 'nobody has said that there is such a key');
  assert.throws(
    () => here.open('flow', sealed, 'browser'),
    { code: 'unavailable' },
    'what was stored was sealed by one of us',
  );
  here.agree({ sealWith: here.keyName, elsewhere: elsewhere.keyNames });
  assert.throws(() => here.openGiven('flow', sealed, 'browser'), { code: 'unavailable' });
  assert.equal(here.openGiven('flow', `k000000000000.${sealed.split('.')[1]}`, 'browser'), undefined);
  for (const name of ['constructor', '2', 'k00', '__proto__'])
    assert.equal(here.open('totp', `${name}.abc`), undefined);
});

it('fault E2: what has been agreed on seals, and the key of today when nothing else is known', () => {
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const secrets = createSecrets(next, { previous: [old], lookupRoot: rootOf(old) });
  assert.deepEqual(secrets.keyNames, [secrets.keyName, '1']);
  assert.ok(secrets.seal('totp', 'secret').startsWith(`${secrets.keyName}.`));
  secrets.agree({ sealWith: '1', elsewhere: ['1'] });
  assert.equal(secrets.sealsWith, '1');
  assert.ok(secrets.seal('totp', 'secret').startsWith('1.'));
  assert.equal(createSecrets(old).open('totp', secrets.seal('totp', 'secret')), 'secret');
});
