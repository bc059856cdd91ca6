import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { Kysely } from 'kysely';
import { generateSync } from 'otplib';
import { type DatabasePlace, forEachDatabase } from '../../test/helpers/databases.ts';
import { poll, refresh, requestCode } from '../../test/helpers/device.ts';
import { createHttpBrowser, type HttpBrowser } from '../../test/helpers/http-browser.ts';
import { linkCode } from '../../test/helpers/link-journey.ts';
import { runLatchkey } from '../../test/helpers/server-process.ts';
import { startTestApp, type TestApp, testPassword } from '../../test/helpers/test-app.ts';
import { createAuthenticators } from '../authenticators/authenticators.ts';
import { createClients } from '../clients/clients.ts';
import { seconds } from '../clock.ts';
import { createClientCheck } from '../engine/client-check.ts';
import type { ClientId } from '../ids.ts';
import { createSecrets } from '../secrets.ts';
import { sealedColumns } from './sealed-columns.ts';

const newSecret = (): string => randomBytes(32).toString('base64');
const email = 'sam@example.org';

test('every sealed column of the schema is one that rewrapping knows', () => {
  for (const engine of ['sqlite', 'postgres']) {
    // From dist/src/cli/ to the source.
    const file = new URL(`../../../src/drivers/database/schema.${engine}.sql`, import.meta.url);
    const schema = readFileSync(file, 'utf8');
    const found = [...schema.matchAll(/CREATE TABLE "(\w+)" \(([^;]*)\);/g)].flatMap(([, table, columns = '']) =>
      [...columns.matchAll(/^\s+"?(sealed_\w+)"?/gm)].map(([, column]) => `${table}.${column}`),
    );
    const known = [...sealedColumns.map(({ table, column }) => `${table}.${column}`), 'lookup_key.sealed_key'];
    assert.deepEqual(found.sort(), known.sort(), engine);
  }
});

const running = new Set<TestApp>();
after(() => Promise.all([...running].map((app) => app.stop())));

/** A server on one database that is stopped and started with other secrets. */
async function createBench(place: DatabasePlace) {
  const databaseUrl = place.databaseUrl ? { LATCHKEY_DATABASE_URL: place.databaseUrl } : {};
  const envOf = (secret: string, previous: string[] = []): Record<string, string> => ({
    ...databaseUrl,
    LATCHKEY_SECRET: secret,
    ...(previous.length > 0 ? { LATCHKEY_PREVIOUS_SECRETS: previous.join(',') } : {}),
  });
  return {
    async start(secret: string, previous?: string[]) {
      const app = await startTestApp({ data: place.data, env: envOf(secret, previous) });
      running.add(app);
      return {
        ...app,
        async stop() {
          if (running.delete(app)) await app.stop();
        },
      };
    },
    rewrap: (secret: string, previous?: string[]) =>
      runLatchkey(['keys', 'rewrap', '--json'], { ...envOf(secret, previous), LATCHKEY_DATA: place.data }),
    run: (args: string[], secret: string, previous?: string[]) =>
      runLatchkey(args, { ...envOf(secret, previous), LATCHKEY_DATA: place.data }),
  };
}

const authenticatorsOf = ({ outside }: TestApp) =>
  createAuthenticators({ ...outside, userIdOf: async () => undefined });

async function signIn(url: string): Promise<HttpBrowser> {
  const browser = createHttpBrowser(url);
  await browser.submit(await browser.open('/signin'), { email });
  const password = await browser.open('/signin/password');
  await browser.submit(password, { password: testPassword });
  return browser;
}

/** Everything that must outlive a change of the secret. */
async function fill(app: TestApp) {
  const id = await app.createAccount(email);
  const { id: client } = await app.createClient();
  const [confidential, browser] = [await app.createClient({ public: false }), await signIn(app.url)];
  const code = await requestCode(app.url, client);
  await linkCode(browser, code.user_code);
  const tokens = await poll(app.url, client, code.device_code);
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  const authenticators = authenticatorsOf(app);
  const setup = authenticators.beginApp(id, email);
  const now = () => generateSync({ secret: setup.secret, epoch: Math.floor(app.clock.now() / 1000) });
  assert.equal(await authenticators.finishApp(id, setup, now()), true);
  const codes = await authenticators.recoveryCodes.make(id);
  const saved = await authenticators.savedCode.make(id);
  const keys = await (await fetch(`${app.url}/jwks`)).json();
  const { refresh_token } = tokens.body as { refresh_token: string };
  const provenAt = app.clock.now();
  return {
    ...{ id, client, confidential, browser, codes, saved, keys, provenAt },
    ...{ refreshToken: refresh_token, totp: setup.secret },
  };
}

async function expectAllWorks(app: TestApp, before: Awaited<ReturnType<typeof fill>>): Promise<void> {
  const authenticators = authenticatorsOf(app);
  const { id, client, confidential, totp, codes } = before;
  // The same person's browser: the server may have moved to another port.
  const browser = createHttpBrowser(app.url);
  for (const [name, value] of before.browser.cookies) browser.cookies.set(name, value);
  assert.equal((await browser.open('/devices')).url.pathname, '/devices', 'still signed in');
  before.browser = browser;
  const refreshed = await refresh(app.url, client, before.refreshToken);
  assert.equal(refreshed.status, 200, 'the device is still linked');
  before.refreshToken = String(refreshed.body.refresh_token);
  assert.equal(await authenticators.verifyPassword(id, testPassword), true);
  // A server that is started again has the clock on the wall; a code is good for later steps only.
  before.provenAt += seconds(31);
  app.clock.advance(before.provenAt - app.clock.now());
  const epoch = Math.floor(app.clock.now() / 1000);
  assert.equal(await authenticators.verifyApp(id, generateSync({ secret: totp, epoch })), true);
  assert.ok(await authenticators.recoveryCodes.use(id, codes.pop() ?? ''));
  const next = await authenticators.savedCode.use(id, before.saved);
  assert.ok(next);
  before.saved = next;
  const clients = createClients({ ...app.outside, accepted: createClientCheck() });
  assert.ok(await clients.find(confidential.id as ClientId));
  assert.deepEqual(await (await fetch(`${app.url}/jwks`)).json(), before.keys, 'the same signing keys');
}

// biome-ignore lint/suspicious/noExplicitAny: tables named by data.
const anyTable = (place: DatabasePlace) => place.open().query as Kysely<any>;

async function expectNothingSealedWithTheFirst(place: DatabasePlace): Promise<void> {
  const rows = anyTable(place);
  for (const { table, column } of sealedColumns) {
    const left = await rows.selectFrom(table).select(column).where(column, 'like', '1.%').execute();
    assert.deepEqual(left, [], `${table}.${column}`);
  }
}

forEachDatabase((_name, _open, newPlace) => {
  test('E7: the secret is changed without anybody noticing, and the old one opens nothing any more', async () => {
    const place = await newPlace();
    const { start, rewrap } = await createBench(place);
    const [old, next] = [newSecret(), newSecret()];
    let app = await start(old);
    const before = await fill(app);
    await app.stop();

    app = await start(next, [old]);
    await expectAllWorks(app, before);
    // Beside the running server.
    const result = await rewrap(next, [old]);
    assert.equal(result.code, 0, result.stderr);
    const rows = JSON.parse(result.stdout) as { table: string; rewrapped: number; unopened: number }[];
    const counts = Object.fromEntries(rows.map(({ table, rewrapped }) => [table, rewrapped]));
    assert.equal(counts.password, 1);
    assert.equal(counts.lookup_key, 1);
    assert.equal(counts.signing_key, 2);
    assert.equal(counts.recovery_code, 9);
    assert.ok((counts.artifact ?? 0) > 0);
    await expectAllWorks(app, before);
    await app.stop();

    const again = JSON.parse((await rewrap(next, [old])).stdout) as { rewrapped: number }[];
    assert.ok(again.every(({ rewrapped }) => rewrapped === 0));
    app = await start(next);
    await expectAllWorks(app, before);
    const lookup = app.outside.secrets.hash('session', 'x');
    assert.equal(lookup, createSecrets(Buffer.from(old, 'base64')).hash('session', 'x'));
    await app.stop();
    await expectNothingSealedWithTheFirst(place);
  });

  test('E7: with several processes, the next secret is accepted by all before one seals with it', async () => {
    const { start } = await createBench(await newPlace());
    const [old, next] = [newSecret(), newSecret()];
    let app = await start(old);
    const { id, saved } = await fill(app);
    await app.stop();
    app = await start(next, [old]);
    const renewed = (await authenticatorsOf(app).savedCode.use(id, saved)) ?? '';
    await app.stop();
    app = await start(old, [next]);
    assert.ok(await authenticatorsOf(app).savedCode.use(id, renewed), 'sealed with the next one already');
    await app.stop();
  });

  test('a secret that is not of this database stops the start, with exit code 2 and what to do', async () => {
    const { start, run } = await createBench(await newPlace());
    const [old, other] = [newSecret(), newSecret()];
    await (await start(old)).stop();
    const refused = await run(['accounts', 'list'], other);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /LATCHKEY_SECRET is not the one this database was made with.*LATCHKEY_PREVIOUS_SECRETS/,
    );
    assert.equal((await run(['doctor'], other)).code, 1);
    assert.equal((await run(['doctor'], other, [old])).code, 0);

    assert.equal((await run(['keys', 'rewrap'], newSecret(), [other])).code, 2, 'given up too early');
  });

  test('what no secret opens is counted, left as it is, and makes the command fail', async () => {
    const place = await newPlace();
    const { start, rewrap } = await createBench(place);
    const [old, next] = [newSecret(), newSecret()];
    const app = await start(old);
    await app.createAccount(email);
    await app.stop();
    const strange = 'k0123456789ab.c3RyYW5nZSBidXQgbG9uZyBlbm91Z2ggdG8gYmUgc2VhbGVk';
    const rows = anyTable(place);
    await rows.updateTable('password').set({ sealed_hash: strange }).execute();
    const result = await rewrap(next, [old]);
    assert.equal(result.code, 1);
    assert.match(result.stdout, /"table":"password","rewrapped":0,"unopened":1/);
    assert.match(result.stdout, /"table":"signing_key","rewrapped":2,"unopened":0/);
    const row = await rows.selectFrom('password').select('sealed_hash').executeTakeFirstOrThrow();
    assert.equal(row.sealed_hash, strange);
  });

  test('more rows than one batch are sealed anew, each once', async () => {
    const place = await newPlace();
    const { start, rewrap } = await createBench(place);
    const [old, next] = [newSecret(), newSecret()];
    const app = await start(old);
    const { recoveryCodes } = authenticatorsOf(app);
    const id = await app.createAccount(email);
    const codes = await recoveryCodes.make(id);
    const rows = anyTable(place);
    const all = await rows.selectFrom('signing_key').selectAll().execute();
    const seal = (name: string): string => app.outside.secrets.seal('signing-key', 'x', name);
    for (let n = 0; n < 450; n += 1)
      await rows
        .insertInto('signing_key')
        .values({ ...all[0], id: `x${n}`, sealed_key: seal(`x${n}`), retired_at: 1 })
        .execute();
    await app.stop();
    const result = JSON.parse((await rewrap(next, [old])).stdout) as { table: string; rewrapped: number }[];
    assert.equal(result.find(({ table }) => table === 'signing_key')?.rewrapped, 452);
    await rows.deleteFrom('signing_key').where('retired_at', '=', 1).execute();
    const later = await start(next);
    for (const code of codes) assert.ok(await authenticatorsOf(later).recoveryCodes.use(id, code));
    await later.stop();
  });

  test('a change of the secret needs a start with the old one first', async () => {
    const { run } = await createBench(await newPlace());
    const result = await run(['accounts', 'list'], newSecret(), [newSecret()]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /Start once without LATCHKEY_PREVIOUS_SECRETS/);
  });
});
