import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { variables } from './settings.ts';

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

const long = Buffer.alloc(32, 7).toString('base64');
const production = {
  LATCHKEY_ISSUER: 'https://id.example.org',
  LATCHKEY_SECRET: long,
  LATCHKEY_SMTP_URL: 'smtp://mail.example.org',
};
const file = join(data, 'a-file');
writeFileSync(file, '');

/** Values of each variable that cannot work, beside production's others. */
const wrongValues: Record<string, string[]> = {
  PORT: ['65536', '-1', '3000.5', '0x10', 'http', '1e3', ' '],
  LATCHKEY_HOST: ['http://localhost', 'a b', '10.0.0.1:3000', '-x', '*'],
  LATCHKEY_ISSUER: [
    ...['id.example.org', 'http://id.example.org', 'https://id.example.org/path', 'https://id.example.org?q=1'],
    ...['https://u:p@id.example.org', 'ftp://id.example.org', 'https://', 'http://[::1', 'localhost:3000'],
  ],
  LATCHKEY_NAME: ['Example: TV', 'A "quoted" name', '<b>', 'x'.repeat(41), ' ', 'two\nlines', '@sign'],
  LATCHKEY_DATA: [file, join(file, 'below'), '/proc/version/data', '/proc/none'],
  LATCHKEY_DATABASE_URL: ['mysql://db', 'db.example.org', 'postgres:db', 'postgres://user:p#ss@db:5432/x:y:z'],
  LATCHKEY_DRAIN_SECONDS: ['4', '-1', 'two', 'NaN'],
  LATCHKEY_VALKEY_URL: [
    'valkey.example.org:6379',
    'http://valkey',
    'redis://',
    'redis://one,two',
    'redis://one/first',
    'redis://:100%@one',
  ],
  LATCHKEY_SECRET: ['short', 'correct horse battery staple, a sentence of some length', `${long}!`],
  LATCHKEY_PREVIOUS_SECRETS: ['short', `${long},short`],
  LATCHKEY_REQUIRE_SECOND_STEP: ['yes', 'ON', '1'],
  LATCHKEY_SMTP_URL: [
    'mail.example.org:587',
    'mail.example.org',
    'https://mail.example.org',
    'smtp://',
    'smtp://u:p@ss@:5',
  ],
  LATCHKEY_MAIL_FROM: [
    ...['not an address', 'Example <no-reply@>', 'a@example.org, b@example.org', 'Team: a@example.org;', '<>'],
    ...['no-reply', 'Example no-reply@example.org@example.org'],
  ],
  LATCHKEY_SMS_URL: ['https://api.example.com', 'http://a:b@api.example.com', 'a:b', 'https://a:100%@api.example.com'],
  LATCHKEY_SMS_COUNTRIES: ['Germany', 'DE,', 'D'],
  LATCHKEY_SMS_PER_DAY: ['many', '-1', '1.5'],
  LATCHKEY_TRUSTED_PROXIES: [
    ...['nginx', '10.0.0.1:80', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '0.0.0.0/0', '10.0.0.256', '10.0.0.0/'],
    ...[
      'constructor',
      '__proto__',
      '10.0.0.1,proxy',
      'http://10.0.0.1',
      '[::1]',
      '::ffff:10.0.0.0/104',
      '::/0',
      'constructor',
    ],
  ],
  LATCHKEY_COUNTRY_HEADER: ['cf ipcountry', 'x:y', 'größe'],
  LATCHKEY_METRICS_TOKEN: ['two words', 'tab\ttab', 'ümlaut'],
  LATCHKEY_TRACES_URL: ['localhost:4318', 'grpc://localhost:4317', 'traces'],
  LATCHKEY_ACTIVITY_DAYS: ['0', '181', 'all'],
  LATCHKEY_PASSKEY_DOMAIN: ['https://example.org', 'example.org/', '192.0.2.1', 'Example.org'],
  LATCHKEY_RELATED_ORIGINS: ['http://example.de', 'example.de', 'https://example.de/'],
  LATCHKEY_EXAMPLES: ['yes', 'true', 'On'],
};
/** Any text may be right: a number, a name, the word of a provider. */
const anything = ['LATCHKEY_SMS_FROM'];

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
}

test('fault D: every setting has values that cannot work, and each is told in one line that names it', () => {
  const known = [...Object.keys(wrongValues), ...anything].sort();
  assert.deepEqual(known, variables.map(({ name }) => name).sort());
  for (const [name, values] of Object.entries(wrongValues)) {
    for (const value of values) {
      const fresh = join(data, 'never-made');
      const beside = { LATCHKEY_SMS_FROM: 'x', LATCHKEY_SMS_COUNTRIES: 'DE', LATCHKEY_TRUSTED_PROXIES: '10.0.0.1' };
      const problems = problemsOf({ LATCHKEY_DATA: fresh, ...production, ...beside, [name]: value });
      assert.deepEqual([problems.length, problems[0]?.includes(name)], [1, true], `${name}=${value}: ${problems}`);
      assert.ok(!problems[0]?.includes('\n'), 'one line');
      assert.ok(!existsSync(fresh), 'nothing is made before all is right');
    }
  }
});

test('fault D: all that cannot work is told at once, each thing once', () => {
  const wrong = Object.fromEntries(Object.entries(wrongValues).map(([name, [value = '']]) => [name, value]));
  const problems = problemsOf({ ...wrong, LATCHKEY_SMS_URL: '' });
  for (const name of Object.keys(wrong).filter((one) => one !== 'LATCHKEY_SMS_URL'))
    assert.equal(problems.filter((problem) => problem.includes(name)).length >= 1, true, name);
  assert.equal(new Set(problems).size, problems.length);
  const missing = problemsOf({ LATCHKEY_DATA: data, LATCHKEY_ISSUER: 'https://id.example.org' });
  assert.deepEqual(missing.map((problem) => /LATCHKEY_\w+/.exec(problem)?.[0]).sort(), [
    'LATCHKEY_SECRET',
    'LATCHKEY_SMTP_URL',
  ]);
});

test('fault D: a name that means nothing is told with the one that is meant', () => {
  const misspelt = {
    LATCHKEY_ISUER: 'LATCHKEY_ISSUER',
    LATCHKEY_ISSUER_URL: undefined,
    LATCHKEY_SECRETS: 'LATCHKEY_SECRET',
    LATCHKEY_SECERT_FILE: 'LATCHKEY_SECRET',
    LATCHKEY_PORT: 'PORT',
    LATCHKEY_TRUSTED_PROXY: 'LATCHKEY_TRUSTED_PROXIES',
    Latchkey_Issuer: 'LATCHKEY_ISSUER',
    latchkey_secret_file: 'LATCHKEY_SECRET',
    LATCHKEY_: undefined,
    LATCHKEY_COLOUR: undefined,
  };
  for (const [name, meant] of Object.entries(misspelt)) {
    const problems = problemsOf({ LATCHKEY_DATA: data, [name]: 'x' });
    assert.equal(problems.length, 1, name);
    if (meant) assert.match(problems[0] ?? '', new RegExp(`^${name} is no setting: ${meant} is meant\\?$`));
    else assert.equal(problems[0], `${name} is no setting.`);
  }
  assert.deepEqual(problemsOf({ LATCHKEY_DATA: data, LATCHKEY_ISUER: '' }), [], 'nothing is set');
});

test('fault D: what Kubernetes tells of services called latchkey is nobody’s mistake', () => {
  const links = {
    LATCHKEY_SERVICE_HOST: '10.0.0.1',
    LATCHKEY_SERVICE_PORT: '80',
    LATCHKEY_SERVICE_PORT_HTTP: '80',
    LATCHKEY_PORT: 'tcp://10.0.0.1:80',
    LATCHKEY_PORT_80_TCP: 'tcp://10.0.0.1:80',
    LATCHKEY_PORT_80_TCP_PROTO: 'tcp',
    LATCHKEY_PORT_80_TCP_PORT: '80',
    LATCHKEY_PORT_80_TCP_ADDR: '10.0.0.1',
    LATCHKEY_VALKEY_SERVICE_HOST: '10.0.0.2',
    LATCHKEY_VALKEY_PORT: 'tcp://10.0.0.2:6379',
  };
  assert.deepEqual(problemsOf({ LATCHKEY_DATA: data, ...links }), []);
});

test('fault D: a file that names a value must hold one, and not beside the value itself', () => {
  const empty = join(data, 'empty');
  writeFileSync(empty, ' \n');
  for (const [env, words] of [
    [{ LATCHKEY_SECRET_FILE: empty }, /LATCHKEY_SECRET_FILE names .*, which is empty/],
    [{ LATCHKEY_SECRET_FILE: join(data, 'none') }, /LATCHKEY_SECRET_FILE names .*, which cannot be read/],
    [{ LATCHKEY_SECRET: long, LATCHKEY_SECRET_FILE: empty }, /LATCHKEY_SECRET and LATCHKEY_SECRET_FILE are both set/],
  ] as const) {
    assert.match(problemsOf({ LATCHKEY_DATA: data, ...env }).join('\n'), words);
  }
});

test('fault D: no message repeats a password or a token', () => {
  const hidden = 'hunter2-in-no-message';
  const wrong = {
    LATCHKEY_SMTP_URL: `https://user:${hidden}@mail.example.org`,
    LATCHKEY_DATABASE_URL: `mysql://user:${hidden}@db`,
    LATCHKEY_VALKEY_URL: `http://:${hidden}@valkey`,
    LATCHKEY_SMS_URL: `ftp://a:${hidden}@api`,
    LATCHKEY_SECRET: hidden,
    LATCHKEY_PREVIOUS_SECRETS: hidden,
    LATCHKEY_METRICS_TOKEN: `${hidden} `.repeat(2),
  };
  const problems = problemsOf({ LATCHKEY_DATA: data, ...wrong });
  assert.ok(problems.length >= Object.keys(wrong).length);
  assert.ok(!problems.join('\n').includes(hidden));
});

test('fault D: on loopback it listens where its issuer says, and everywhere else on all addresses', () => {
  const at = (issuer: string, more = {}) => {
    const { host, port } = read({ LATCHKEY_ISSUER: issuer, ...more });
    return `${host} ${port}`;
  };
  assert.equal(at('http://[::1]:4312'), '::1 4312');
  assert.equal(at('http://127.0.0.1:4312'), '127.0.0.1 4312');
  assert.equal(at('http://localhost:4312', { PORT: '80' }), 'localhost 80');
  assert.equal(at('http://localhost:4312', { LATCHKEY_HOST: '[::]' }), ':: 4312');
  assert.equal(at('https://id.example.org', production), '0.0.0.0 3000');
  const { host, port, issuer } = read({});
  assert.deepEqual([host, port, issuer], ['localhost', 3000, 'http://localhost:3000']);
});
