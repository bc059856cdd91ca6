import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

const data = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
after(() => rmSync(data, { recursive: true }));

const token = 'not-for-any-message';
const url = `https://AC1:${token}@api.example.com`;
const texting = { LATCHKEY_SMS_URL: url, LATCHKEY_SMS_FROM: '+4915550006789', LATCHKEY_SMS_COUNTRIES: 'de, AT' };
const read = (env: Record<string, string>) => readConfig({ LATCHKEY_DATA: data, ...env });

test('without a provider of texts all countries are allowed, for files; with one they must be named (E24)', () => {
  const { smsUrl, smsCountries, smsPerDay } = read({});
  assert.deepEqual([smsUrl, smsCountries, smsPerDay], [undefined, 'all', 500]);
  const given = read({ ...texting, LATCHKEY_SMS_PER_DAY: '20' });
  assert.deepEqual([given.smsUrl, given.smsCountries, given.smsPerDay], [url, ['DE', 'AT'], 20]);
  assert.equal(read({ ...texting, LATCHKEY_SMS_COUNTRIES: 'All' }).smsCountries, 'all');
});

test('settings for texts that cannot work are refused, and no message repeats the token', () => {
  const { LATCHKEY_SMS_COUNTRIES: _countries, ...worldwide } = texting;
  const { LATCHKEY_SMS_FROM: _from, ...nameless } = texting;
  for (const env of [
    worldwide,
    nameless,
    { ...texting, LATCHKEY_SMS_URL: `http://AC1:${token}@api.example.com` },
    { ...texting, LATCHKEY_SMS_URL: 'https://api.example.com' },
    { ...texting, LATCHKEY_SMS_URL: `AC1:${token}` },
    { ...texting, LATCHKEY_SMS_COUNTRIES: 'Germany' },
    { ...texting, LATCHKEY_SMS_COUNTRIES: 'DE,' },
    { ...texting, LATCHKEY_SMS_PER_DAY: 'many' },
  ]) {
    const refused = (error: unknown) =>
      error instanceof ConfigError && /LATCHKEY_SMS_/.test(error.message) && !error.message.includes(token);
    assert.throws(() => read(env), refused, JSON.stringify(env));
  }
});
