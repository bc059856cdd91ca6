import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { createDatabasePlace, type DatabasePlace } from '../../test/helpers/databases.ts';
import { startSmsProvider } from '../../test/helpers/sms-provider.ts';
import { createAccounts } from '../account/account.ts';
import { createAuthenticators } from '../authenticators/authenticators.ts';
import { readConfig } from '../config.ts';
import { openOutside } from '../outside.ts';

// From dist/src/cli/ to the package.
const root = fileURLToPath(new URL('../../..', import.meta.url));
const latchkey = join(root, 'bin', 'latchkey');
const password = 'quiet-otter-ferry-lantern';

type Result = { code: number | null; stdout: string; stderr: string };
type Run = (args: string[], options?: { stdin?: string; env?: NodeJS.ProcessEnv }) => Promise<Result>;

/** Runs the real command with an environment of its own, so that no setting of the tester's reaches it. */
function runner(env: NodeJS.ProcessEnv): Run {
  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [latchkey, ...args], {
        env: { PATH: process.env.PATH, ...env, ...options.env },
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
      // A command that refuses before it reads closes its end early.
      child.stdin.on('error', () => {});
      child.stdin.end(options.stdin ?? '');
    });
}

function parsed(result: Result) {
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout.split('\n').length, 2, 'one line');
  return JSON.parse(result.stdout);
}

for (const name of ['SQLite', 'PostgreSQL'] as const) {
  describe(`the command on ${name}`, async () => {
    const places: DatabasePlace[] = [];
    after(() => Promise.all(places.map((place) => place.remove())));

    async function setUp() {
      const place = await createDatabasePlace(name);
      places.push(place);
      const env: NodeJS.ProcessEnv = { LATCHKEY_DATA: place.data };
      if (place.databaseUrl) env.LATCHKEY_DATABASE_URL = place.databaseUrl;
      return { env, place, run: runner(env) };
    }

    test('accounts: create on an empty database, list, remove', async () => {
      const { env, run } = await setUp();
      const args = ['accounts', 'create', '--email', 'Ann@Example.org', '--password-stdin', '--json'];
      const made = await run(args, { stdin: `${password}\n` });
      const account = parsed(made);
      assert.match(account.id, /^[\w-]{22}$/);
      assert.equal(account.email, 'ann@example.org');
      assert.equal(made.stderr, '');

      const again = await run(args, { stdin: `${password}\n` });
      assert.equal(again.code, 1);
      assert.equal(again.stdout, '');
      assert.equal(again.stderr, 'latchkey: There is already an account for ann@example.org.\n');

      const outside = await openOutside(readConfig(env));
      const accounts = createAccounts(outside);
      const authenticators = createAuthenticators({ ...outside, userIdOf: (id) => accounts.passkeyUserId(id) });
      assert.equal(await authenticators.verifyPassword(account.id, password), true);
      await outside.close();

      assert.deepEqual(
        parsed(await run(['accounts', 'list', '--json'])).map(({ id }: { id: string }) => id),
        [account.id],
      );
      assert.match((await run(['accounts', 'list'])).stdout, /ann@example\.org/);
      assert.equal((await run(['accounts', 'remove', 'bob@example.org'])).code, 1);
      assert.equal((await run(['accounts', 'remove', 'ann@example.org'])).code, 0);
      assert.deepEqual(parsed(await run(['accounts', 'list', '--json'])), []);
      assert.equal((await run(['accounts', 'remove', account.id])).code, 1);
    });

    test('F6: accounts recovery-code hands out a code, kept as a hash, and tells the owner', async () => {
      const { env, place, run } = await setUp();
      const create = ['accounts', 'create', '--email', 'ann@example.org', '--password-stdin', '--json'];
      const { id } = parsed(await run(create, { stdin: password }));
      const made = parsed(await run(['accounts', 'recovery-code', '--email', 'ann@example.org', '--json']));
      assert.equal(made.id, id);
      assert.match(made.code, /^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$/);
      assert.ok(Math.abs(Date.parse(made.good_until) - Date.now() - 86_400_000) < 60_000);
      const outside = await openOutside(readConfig(env));
      const rows = await sql<object>`select * from recovery_issued_code`.execute(outside.database.query);
      assert.equal(rows.rows.length, 1);
      const stored = JSON.stringify(rows.rows);
      assert.ok(!stored.includes(made.code) && !stored.includes(made.code.replaceAll('-', '')));
      await outside.close();
      const mails = readdirSync(join(place.data, 'mail')).map((file) =>
        readFileSync(join(place.data, 'mail', file), 'utf8'),
      );
      assert.ok(mails.some((mail) => /A code to get into your account was handed out/.test(mail)));
      assert.ok(mails.every((mail) => !mail.includes(made.code)));
      const plain = await run(['accounts', 'recovery-code', '--email', 'ann@example.org', '--hours', '1']);
      assert.match(plain.stdout, /^([0-9A-Z]{5}-){4}[0-9A-Z]{5}\n$/);
      for (const bad of ['0', '73', 'x'])
        assert.equal((await run(['accounts', 'recovery-code', '--email', 'ann@example.org', '--hours', bad])).code, 2);
      assert.equal((await run(['accounts', 'recovery-code', '--email', 'bob@example.org'])).code, 1);
      assert.equal((await run(['accounts', 'recovery-code'])).code, 2);
    });

    test('F6: no command sets the password of an account that exists, and the one that did says what to do', async () => {
      const { env, run } = await setUp();
      const create = ['accounts', 'create', '--email', 'ann@example.org', '--password-stdin', '--json'];
      const { id } = parsed(await run(create, { stdin: password }));
      const next = 'seven lamps under the harbour';
      for (const args of [
        ['accounts', 'password', 'ann@example.org', '--password-stdin'],
        ['accounts', 'password'],
      ]) {
        const { code, stdout, stderr } = await run(args, { stdin: next });
        assert.equal(code, 2);
        assert.equal(stdout, '');
        assert.match(stderr, /latchkey accounts recovery-code --email/);
      }
      assert.doesNotMatch((await run(['accounts', '--help'])).stdout, /accounts password/);
      assert.equal((await run(create, { stdin: next })).code, 1, 'nor by making it again');
      const outside = await openOutside(readConfig(env));
      const authenticators = createAuthenticators({ ...outside, userIdOf: async () => undefined });
      assert.equal(await authenticators.verifyPassword(id, next), false);
      assert.equal(await authenticators.verifyPassword(id, password), true);
      await outside.close();
    });

    test('F6: an account is made without a password, for its owner to choose one', async () => {
      const { env, run } = await setUp();
      const made = await run(['accounts', 'create', '--email', 'ann@example.org', '--json']);
      const { id } = parsed(made);
      assert.match(made.stderr, /latchkey accounts recovery-code --email ann@example\.org/);
      assert.equal(parsed(await run(['accounts', 'recovery-code', '--email', 'ann@example.org', '--json'])).id, id);
      const outside = await openOutside(readConfig(env));
      const authenticators = createAuthenticators({ ...outside, userIdOf: async () => undefined });
      assert.equal((await authenticators.methodsOf(id)).password, false);
      await outside.close();
    });

    test('clients: create public and confidential ones, list, remove', async () => {
      const { run } = await setUp();
      const tv = parsed(
        await run(['clients', 'create', '--name', 'TV', '--grant', 'device_code', '--public', '--json']),
      );
      assert.match(tv.client_id, /^[\w-]{22}$/);
      assert.equal('client_secret' in tv, false);
      assert.deepEqual(tv.grant_types, ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']);

      const web = parsed(
        await run([
          ...['clients', 'create', '--json', '--name', 'Shop', '--id', 'shop', '--scope', 'openid email'],
          ...['--grant', 'authorization_code', '--grant', 'refresh_token', '--device-days', '7'],
          ...['--redirect-uri', 'https://shop.example/a', '--redirect-uri', 'https://shop.example/b'],
          ...['--web-origin', 'https://shop.example', '--id-token-alg', 'RS256'],
        ]),
      );
      assert.equal(web.client_id, 'shop');
      assert.match(web.client_secret, /^[\w-]{43}$/);
      assert.deepEqual(web.redirect_uris, ['https://shop.example/a', 'https://shop.example/b']);
      assert.deepEqual(web.web_origins, ['https://shop.example']);
      assert.equal(web.scope, 'openid email');
      assert.equal(web.device_days, 7);
      assert.equal(web.id_token_signed_response_alg, 'RS256');

      const list = await run(['clients', 'list', '--json']);
      assert.deepEqual(
        new Set(parsed(list).map(({ client_id }: { client_id: string }) => client_id)),
        new Set([tv.client_id, 'shop']),
      );
      assert.ok(!list.stdout.includes(web.client_secret), 'the secret is shown once');

      const taken = await run(['clients', 'create', '--name', 'X', '--id', 'shop', '--grant', 'device_code']);
      assert.equal(taken.code, 1);
      assert.match(taken.stderr, /already a client shop/);
      assert.equal((await run(['clients', 'remove', 'shop'])).code, 0);
      assert.equal((await run(['clients', 'remove', 'shop'])).code, 1);
    });

    test('fault C1: clients create takes addresses to come back to after signing out, as strictly as redirect URIs', async () => {
      const { run } = await setUp();
      const create = ['clients', 'create', '--json', '--name', 'Shop', '--grant', 'authorization_code'];
      const withUris = (...uris: string[]) =>
        run([
          ...[...create, '--redirect-uri', 'https://shop.example/a'],
          ...uris.flatMap((uri) => ['--post-logout-redirect-uri', uri]),
        ]);
      const uris = ['https://shop.example/bye', 'com.example.shop:/bye', 'http://127.0.0.1/bye'];
      assert.deepEqual(parsed(await withUris(...uris)).post_logout_redirect_uris, uris);
      assert.deepEqual(parsed(await withUris()).post_logout_redirect_uris, []);
      for (const wrong of ['http://shop.example/bye', 'https://shop.example/#bye', 'shop:/bye', '/bye'])
        assert.equal((await withUris(wrong)).code, 1, wrong);
    });

    test('clients: full URNs are understood, and --no-refresh leaves refresh_token out', async () => {
      const { run } = await setUp();
      const grant = 'urn:ietf:params:oauth:grant-type:device_code';
      const made = parsed(
        await run(['clients', 'create', '--name', 'X', '--grant', grant, '--no-refresh', '--public', '--json']),
      );
      assert.deepEqual(made.grant_types, [grant]);
    });

    test('keys: rotation makes new keys and leaves the old ones to verify', async () => {
      const { run } = await setUp();
      const first = parsed(await run(['keys', 'rotate', '--json']));
      assert.deepEqual(new Set(first.map(({ alg }: { alg: string }) => alg)), new Set(['ES256', 'RS256']));
      await run(['keys', 'rotate']);
      const all = parsed(await run(['keys', 'list', '--json']));
      assert.equal(all.length, 4);
      assert.equal(all.filter(({ retired_at }: { retired_at: string | null }) => retired_at === null).length, 2);
      assert.match((await run(['keys', 'list'])).stdout, /signs\n.*signs\n.*verifies only/);
    });

    test('migrate says what it applied, and then that nothing is left', async () => {
      const { run } = await setUp();
      assert.deepEqual(parsed(await run(['migrate', '--json'])).applied.slice(0, 1), ['001-foundation']);
      assert.deepEqual(parsed(await run(['migrate', '--json'])).applied, []);
      assert.equal((await run(['migrate'])).stdout, 'Nothing to do.\n');
    });

    test('migrate and doctor say what a newer version has done, and what it has taken away', async () => {
      const { run, place } = await setUp();
      await run(['migrate']);
      const { query } = place.open();
      const plant = (name: string) =>
        sql`insert into kysely_migration (name, timestamp) values (${name}, '2030-01-01T00:00:00.000Z')`.execute(query);
      await plant('999-later');
      assert.deepEqual(parsed(await run(['migrate', '--json'])), { applied: [], newer: ['999-later'] });
      assert.match(
        (await run(['migrate'])).stdout,
        /^Nothing to do\.\nA newer version has already applied: 999-later\n$/,
      );
      assert.match(
        (await run(['doctor'])).stdout,
        /^ok {4}migrations {2,}none pending; a newer version has applied 999-later/m,
      );
      await plant('999-none-since-99.0.0-contract');
      assert.match((await run(['doctor'])).stdout, /^FAIL {2}migrations {2,}A newer version has removed .*-contract/m);
      for (const words of [['migrate'], ['serve'], ['accounts', 'list']]) {
        const { code, stderr } = await run(words);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /^latchkey: A newer version has removed/);
      }
    });

    test('two commands at once on an empty database both work', async () => {
      const { run } = await setUp();
      const names = ['one', 'two', 'three'];
      const made = await Promise.all(
        names.map((id) => run(['clients', 'create', '--name', id, '--id', id, '--grant', 'device_code', '--public'])),
      );
      for (const { code, stderr } of made) assert.equal(code, 0, stderr);
      assert.equal(parsed(await run(['clients', 'list', '--json'])).length, 3);
    });

    test('doctor finds nothing wrong before and after the first start', async () => {
      const { run } = await setUp();
      const before = parsed(await run(['doctor', '--json']));
      assert.equal(before.ok, true);
      const pending = before.checks.find(({ check }: { check: string }) => check === 'migrations');
      assert.match(pending.detail, /001-foundation/);
      await run(['keys', 'rotate']);
      const { checks } = parsed(await run(['doctor', '--json']));
      assert.match(
        checks.find(({ check }: { check: string }) => check === 'signing keys').detail,
        /the secret opens them/,
      );
    });
  });
}

describe('the command', () => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  after(() => rmSync(data, { recursive: true }));
  const run = runner({ LATCHKEY_DATA: data });

  test('exit code 2 and the help of the command for what cannot be run', async () => {
    for (const args of [
      [],
      ['nonsense'],
      ['--nonsense'],
      ['serve', '--nonsense'],
      ['accounts'],
      ['accounts', 'create', '--emial', 'x'],
      ['accounts', 'create', '--password-stdin'],
      ['accounts', 'create', '--email', 'not an address', '--password-stdin'],
      ['accounts', 'create', '--email', 'ann@example.org', '--password-stdin', '--locale', 'xx'],
      ['accounts', 'remove'],
      ['clients', 'create', '--name', 'TV'],
      ['clients', 'create', '--grant', 'device_code'],
      ['clients', 'create', '--name', 'TV', '--grant', 'device_code', '--device-days', 'many'],
      ['clients', 'list', 'surplus'],
    ]) {
      const { code, stdout, stderr } = await run(args, { stdin: password });
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, /Usage: latchkey/);
    }
    assert.match((await run(['--nonsense'])).stderr, /^Usage: .*\nlatchkey: there is no option "--nonsense" without/s);
    assert.match((await run(['serve', '--nonsense'])).stderr, /^latchkey: Unknown option '--nonsense'\n\nUsage: /);
  });

  test('exit code 1 and one sentence for what is refused', async () => {
    for (const [args, words] of [
      [['clients', 'create', '--name', 'TV', '--grant', 'magic'], /There is no grant "magic"/],
      [['clients', 'create', '--name', 'TV', '--grant', 'authorization_code'], /needs a redirect URI/],
      [['clients', 'create', '--name', 'TV', '--grant', 'device_code', '--device-days', '1000'], /1 to 365 days/],
      [['accounts', 'create', '--email', 'ann@example.org', '--password-stdin'], /8 characters or more/],
    ] as const) {
      const { code, stdout, stderr } = await run([...args], { stdin: 'short\n' });
      assert.equal(code, 1, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, words);
      assert.equal(stderr.trim().split('\n').length, 1);
    }
  });

  test('a weak password of an operator’s choice is taken with a warning, on standard error alone', async () => {
    const args = ['accounts', 'create', '--email', 'eve@example.org', '--password-stdin', '--json'];
    const made = await run(args, { stdin: 'password1234' });
    assert.match(parsed(made).id, /./);
    assert.match(made.stderr, /would not be accepted/);
  });

  test('--help answers for everything, for a group and for one command', async () => {
    for (const [args, words] of [
      [['--help'], /clients create.*\n(.*\n)*.*keys rotate/],
      [['help'], /accounts create/],
      [['accounts', '--help'], /accounts remove/],
      [['clients', 'create', '--help'], /--redirect-uri URI .*may be repeated/],
      [['serve', '--help'], /Run the server/],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
    ] as const) {
      const { code, stdout, stderr } = await run([...args]);
      assert.equal(code, 0, args.join(' '));
      assert.match(stdout, words);
      assert.equal(stderr, '');
    }
  });

  test('doctor names what fails, prints no secret and exits with 1', async () => {
    const closed = await closedPort();
    const secret = randomBytes(32).toString('base64');
    const { code, stdout } = await run(['doctor', '--json'], {
      env: {
        LATCHKEY_ISSUER: 'https://id.example.org',
        LATCHKEY_SECRET: secret,
        LATCHKEY_SMTP_URL: `smtp://user:hunter2@localhost:${closed}`,
        LATCHKEY_DATABASE_URL: `postgres://user:hunter2@localhost:${closed}/none`,
        LATCHKEY_VALKEY_URL: `redis://:hunter2@localhost:${closed}`,
      },
    });
    assert.equal(code, 1);
    const { ok, checks, settings } = JSON.parse(stdout);
    assert.equal(ok, false);
    const failed = checks.filter((check: { ok: boolean }) => !check.ok).map(({ check }: { check: string }) => check);
    assert.deepEqual(failed, ['database', 'shared memory', 'mail']);
    assert.ok(!stdout.includes('hunter2'));
    assert.ok(!stdout.includes(secret));
    assert.ok(settings.some(({ name, value }: { name: string; value: string }) => name === 'LATCHKEY_SECRET' && value));
  });

  test('doctor signs in to the provider of texts, sends nothing and prints no token', async () => {
    const provider = await startSmsProvider();
    const texting = {
      LATCHKEY_SMS_URL: provider.url,
      LATCHKEY_SMS_FROM: provider.from,
      LATCHKEY_SMS_COUNTRIES: 'DE,AT',
    };
    const good = await run(['doctor'], { env: texting });
    assert.match(good.stdout, /^ok {4}text messages {2,}accepted as \+\d+, to DE, AT, at most 500 a day/m);
    assert.ok(!good.stdout.includes(provider.token));
    const wrong = { ...texting, LATCHKEY_SMS_URL: provider.url.replace(provider.token, 'x'.repeat(32)) };
    const bad = await run(['doctor'], { env: wrong });
    await provider.close();
    assert.match(bad.stdout, /^FAIL {2}text messages .*\(status 401, code 20003\)/m);
    assert.deepEqual(provider.texts(), []);
  });

  test('doctor says what to set when the configuration cannot work', async () => {
    const { code, stdout } = await run(['doctor'], { env: { LATCHKEY_ISSUER: 'http://id.example.org' } });
    assert.equal(code, 1);
    assert.match(stdout, /FAIL\s+configuration\s+LATCHKEY_ISSUER must be https outside loopback/);
    assert.match(stdout, /LATCHKEY_SMTP_URL/);
  });

  test('a program that is not built says how to build it', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'latchkey-unbuilt-'));
    mkdirSync(join(elsewhere, 'bin'));
    cpSync(join(root, 'bin'), join(elsewhere, 'bin'), { recursive: true });
    const child = spawn(process.execPath, [join(elsewhere, 'bin', 'latchkey'), 'doctor']);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    rmSync(elsewhere, { recursive: true });
    assert.equal(code, 1);
    assert.equal(stderr, 'latchkey is not built yet. Run: npm run build\n');
  });
});

describe('the launcher on an older Node.js', { skip: !existsSync('/proc/self/task') && 'needs Linux' }, () => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-launcher-'));
  after(() => rmSync(data, { recursive: true }));
  // Only the launcher is told that it is old: what it starts gets neither this file nor the option.
  const disguise = join(data, 'old.cjs');
  writeFileSync(
    disguise,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.0.0' } });`,
  );
  const launch = (...args: string[]) =>
    spawn(process.execPath, ['--require', disguise, latchkey, ...args], {
      env: { PATH: process.env.PATH, LATCHKEY_DATA: data },
    });

  test('starts itself again on the one that npm installed, and passes on output and exit code', async () => {
    const child = launch('doctor', '--json');
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).checks[0].detail, process.version);
    const refused = launch('accounts', 'remove', 'nobody@example.org');
    assert.equal(await new Promise((resolve) => refused.on('close', resolve)), 1);
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`${signal} to it ends what it started as well`, async () => {
      // Waits for standard input, which stays open.
      const child = launch('accounts', 'create', '--email', 'ann@example.org', '--password-stdin');
      let inner: number | undefined;
      while (inner === undefined) {
        inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()) || undefined;
        await new Promise(setImmediate);
      }
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill(signal);
      await ended;
      while (isRunning(inner)) await new Promise(setImmediate);
    });
  }
});

/** A process that nobody has collected yet is not running any more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A port where nobody listens. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
