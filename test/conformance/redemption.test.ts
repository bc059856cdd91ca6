import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { minutes, seconds } from '../../src/clock.ts';
import { forEachDatabase } from '../helpers/databases.ts';
import { introspect, poll, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

forEachDatabase((name, _open, newPlace) => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;

  before(async () => {
    const place = await newPlace();
    server = await startTestApp({
      data: place.data,
      env: place.databaseUrl ? { LATCHKEY_DATABASE_URL: place.databaseUrl } : {},
    });
    tv = (await server.createClient()).id;
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  const approvedCode = async (): Promise<string> => {
    const code = await requestCode(server.url, tv);
    await linkCode(person, code.user_code);
    return code.device_code;
  };
  const accessTokens = (answers: { body: Record<string, unknown> }[]): Set<unknown> =>
    new Set(answers.map(({ body }) => body.access_token).filter(Boolean));

  it('K5: 50 parallel redemptions of one approved code give exactly one set of tokens', async () => {
    const deviceCode = await approvedCode();
    const answers = await Promise.all(Array.from({ length: 50 }, () => poll(server.url, tv, deviceCode)));
    assert.equal(accessTokens(answers).size, 1);
    const [token] = accessTokens(answers);
    const stored = await countOf(server, 'AccessToken', await grantOf(server, deviceCode));
    assert.equal(stored, 1);
    assert.equal((await introspect(server.url, tv, String(token))).body.active, true);
    for (const { status, body } of answers) assert.ok(status === 200 || body.error === 'invalid_grant');
  });

  it('decision 14: a retry after a lost response gets the same tokens again', async () => {
    const deviceCode = await approvedCode();
    const lost = await poll(server.url, tv, deviceCode);
    server.clock.advance(seconds(20));
    const again = await poll(server.url, tv, deviceCode);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, lost.body);
    assert.equal((await introspect(server.url, tv, String(lost.body.access_token))).body.active, true);
  });

  it('decision 14: a replay later revokes everything and ends the link', async () => {
    const deviceCode = await approvedCode();
    const { body } = await poll(server.url, tv, deviceCode);
    server.clock.advance(minutes(1));
    const replay = await poll(server.url, tv, deviceCode);
    assert.deepEqual([replay.status, replay.body.error], [400, 'invalid_grant']);
    assert.equal((await introspect(server.url, tv, String(body.access_token))).body.active, false);
    assert.equal((await userinfo(server.url, String(body.access_token))).status, 401);
    assert.equal((await refresh(server.url, tv, String(body.refresh_token))).body.error, 'invalid_grant');
  });

  it('C10: five parallel refreshes give one successor', async () => {
    const { body } = await poll(server.url, tv, await approvedCode());
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => refresh(server.url, tv, String(body.refresh_token))),
    );
    assert.equal(accessTokens(answers).size, 1);
    assert.equal(new Set(answers.map((answer) => answer.body.refresh_token).filter(Boolean)).size, 1);
  });

  it('C9: a rotated refresh token used later ends the whole family, and the link', async () => {
    const { body } = await poll(server.url, tv, await approvedCode());
    const second = await refresh(server.url, tv, String(body.refresh_token));
    assert.equal(second.status, 200);
    server.clock.advance(minutes(1));
    const replay = await refresh(server.url, tv, String(body.refresh_token));
    assert.equal(replay.body.error, 'invalid_grant');
    assert.equal((await refresh(server.url, tv, String(second.body.refresh_token))).body.error, 'invalid_grant');
    assert.equal((await introspect(server.url, tv, String(second.body.access_token))).body.active, false);
  });

  it('C10: within the retry window, too, a rotated token is a replay once its successor was used', async () => {
    const { body } = await poll(server.url, tv, await approvedCode());
    const second = await refresh(server.url, tv, String(body.refresh_token));
    const again = await refresh(server.url, tv, String(body.refresh_token));
    assert.deepEqual(again.body, second.body, 'a retry while nobody has used the successor');
    const third = await refresh(server.url, tv, String(second.body.refresh_token));
    const replay = await refresh(server.url, tv, String(body.refresh_token));
    assert.equal(replay.body.error, 'invalid_grant');
    assert.equal((await introspect(server.url, tv, String(third.body.access_token))).body.active, false);
  });

  it('B28: unlinking in the middle of a refresh succeeds, and the refresh does not', async () => {
    const deviceCode = await approvedCode();
    const { body } = await poll(server.url, tv, deviceCode);
    const grantId = await grantOf(server, deviceCode);
    // From then on a refresh writes into the device's row, too.
    server.clock.advance(minutes(2));
    const refreshed = await server.outside.database.transaction(async (transaction) => {
      const tables = transaction.withTables<Tables>();
      await tables.updateTable('device').set({ unlinked_at: 1 }).where('grant_id', '=', grantId).execute();
      const answer = refresh(server.url, tv, String(body.refresh_token));
      if (name === 'PostgreSQL') await untilSomebodyWaits(server);
      await tables.deleteFrom('artifact').where('grant_id', '=', grantId).execute();
      return { answer };
    });
    assert.equal((await refreshed.answer).body.error, 'invalid_grant');
    assert.equal(await countOf(server, 'RefreshToken', grantId), 0);
  });

  it('C29: a device that revokes its refresh token is no longer linked', async () => {
    const { body } = await poll(server.url, tv, await approvedCode());
    const before = (await person.open('/devices')).root.querySelectorAll('.card').length;
    await fetch(`${server.url}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: String(body.refresh_token), client_id: tv }),
    });
    assert.equal((await introspect(server.url, tv, String(body.access_token))).body.active, false);
    assert.equal((await person.open('/devices')).root.querySelectorAll('.card').length, before - 1);
  });

  it('K9: the database holds no usable token, code or key', async () => {
    const code = await requestCode(server.url, tv);
    await linkCode(person, code.user_code);
    const { body } = await poll(server.url, tv, code.device_code);
    const pending = await requestCode(server.url, tv);
    const dump = await dumpOf(server);
    const jwk = /"d":"[A-Za-z0-9_-]+"/;
    for (const [name, secret] of Object.entries({
      'device code': code.device_code,
      'pending device code': pending.device_code,
      'user code': pending.user_code.replaceAll('-', ''),
      'shown user code': pending.user_code,
      'access token': String(body.access_token),
      'refresh token': String(body.refresh_token),
      'ID token': String(body.id_token),
      'session secret': person.cookies.get('latchkey-session') ?? '?',
      password: testPassword,
    })) {
      assert.ok(!dump.includes(secret), `the database holds a ${name}`);
    }
    assert.doesNotMatch(dump, jwk);
    assert.ok(dump.includes(tv), 'the dump is not empty');
  });
});

type Tables = Record<string, Record<string, unknown>>;

const query = (server: TestApp) => server.outside.database.query.withTables<Tables>();

async function grantOf(server: TestApp, deviceCode: string): Promise<string> {
  const hash = server.outside.secrets.hash('device-code', deviceCode);
  const row = await query(server)
    .selectFrom('device_authorization')
    .selectAll()
    .where('device_code_hash', '=', hash)
    .executeTakeFirstOrThrow();
  return String(row.grant_id);
}

async function countOf(server: TestApp, kind: string, grantId: string): Promise<number> {
  const rows = await query(server)
    .selectFrom('artifact')
    .selectAll()
    .where('kind', '=', kind)
    .where('grant_id', '=', grantId)
    .execute();
  return rows.length;
}

/** Resolves once a connection waits for a row that another one holds. */
async function untilSomebodyWaits(server: TestApp): Promise<void> {
  for (let look = 0; look < 500; look++) {
    const waiting = await query(server)
      .selectFrom('pg_stat_activity')
      .selectAll()
      .where('wait_event_type', '=', 'Lock')
      .where('datname', '=', new URL(server.outside.config.databaseUrl ?? '').pathname.slice(1))
      .execute();
    if (waiting.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('Nobody waits.');
}

/** Every row of every table, as somebody with a copy of the database reads it. */
async function dumpOf(server: TestApp): Promise<string> {
  const tables = await server.outside.database.query.introspection.getTables();
  const rows = await Promise.all(tables.map(({ name }) => query(server).selectFrom(name).selectAll().execute()));
  return JSON.stringify(rows);
}
