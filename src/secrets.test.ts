import assert from 'node:assert/strict';
import { createHmac, hkdfSync } from 'node:crypto';
import { it } from 'node:test';
import { createSecrets } from './secrets.ts';

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
