import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('E1: a second step is asked of everyone where the operator says so, in a word that can be understood', () => {
  assert.equal(read({}).requireSecondStep, false);
  assert.equal(read({ LATCHKEY_REQUIRE_SECOND_STEP: 'on' }).requireSecondStep, true);
  assert.equal(read({ LATCHKEY_REQUIRE_SECOND_STEP: 'off' }).requireSecondStep, false);
  for (const word of ['yes', 'true', 'ON', '1'])
    assert.throws(() => read({ LATCHKEY_REQUIRE_SECOND_STEP: word }), /must be on or off/, word);
});

test('E7: previous secrets are as long as secrets, several with commas or one a line, and never repeated', () => {
  const [one, two] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
  assert.deepEqual(read({}).previousSecrets, []);
  const given = read({ LATCHKEY_PREVIOUS_SECRETS: `${one}, ${two}` }).previousSecrets;
  assert.deepEqual(
    given.map((secret) => secret.toString('base64')),
    [one, two],
  );
  const file = join(data, 'previous');
  writeFileSync(file, `${one}\n${two}\n`);
  assert.equal(read({ LATCHKEY_PREVIOUS_SECRETS_FILE: file }).previousSecrets.length, 2);
  const refused = (error: unknown) =>
    error instanceof ConfigError && /PREVIOUS_SECRETS/.test(error.message) && !error.message.includes('c2hvcnQ');
  assert.throws(() => read({ LATCHKEY_PREVIOUS_SECRETS: `${one},c2hvcnQ=` }), refused);
});
