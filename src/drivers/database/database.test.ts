import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { createDatabasePlace, forEachDatabase } from '../../../test/helpers/databases.ts';
import { ConfigError } from '../../config-error.ts';
import { AppError } from '../../errors.ts';
import { databaseConformance } from './conformance.ts';
import { statementConformance } from './conformance-statements.ts';
import { applyMigrations, migrations } from './migrations.ts';
import { openDatabase } from './open.ts';
import { migratePostgres } from './postgres.ts';

const run = promisify(execFile);

forEachDatabase((name, open, newPlace) => {
  databaseConformance(open);
  statementConformance(open);

  test('before the first migration all are pending, afterwards none', async () => {
    const database = (await newPlace()).open();
    const pending = await database.pendingMigrations();
    assert.equal(pending[0], '001-foundation');
    assert.deepEqual(await database.migrate(), pending);
    assert.deepEqual(await database.pendingMigrations(), []);
  });

  test('of six processes that migrate at once, each migration runs in one', async () => {
    const place = await newPlace();
    const program = `
      import { openDatabase } from ${JSON.stringify(new URL('./open.js', import.meta.url).href)};
      const database = await openDatabase(${JSON.stringify({ databaseUrl: place.databaseUrl, data: place.data })});
      process.stdout.write(JSON.stringify(await database.migrate()));
      await database.close();`;
    const processes = Array.from({ length: 6 }, () =>
      run(process.execPath, ['--input-type=module', '--eval', program]),
    );
    const applied = (await Promise.all(processes)).map(({ stdout }) => JSON.parse(stdout) as string[]);
    assert.equal(applied.filter((names) => names.includes('001-foundation')).length, 1);
    assert.deepEqual(await place.open().pendingMigrations(), []);
  });

  test('a database that a newer version has migrated is up to date, however often one looks', async () => {
    const place = await newPlace();
    const newer = place.open();
    const applied = await newer.migrate();
    const timeline = {
      ...migrations,
      '998-later': creates('later'),
      '999-after-since-0.0.1-contract': { up: async () => {} },
    };
    assert.deepEqual(await applyMigrations(newer.query, timeline), Object.keys(timeline).slice(applied.length));
    const older = place.open();
    assert.deepEqual(await older.migrate(), []);
    assert.deepEqual(await older.pendingMigrations(), []);
    assert.deepEqual(await older.newerMigrations(), ['998-later', '999-after-since-0.0.1-contract']);
    // A maintenance release may bring one that sorts before those.
    assert.deepEqual(await applyMigrations(older.query, { ...migrations, '997-late': creates('late') }), ['997-late']);
  });

  test('a database without what this version needs is refused, with what to do', async () => {
    const database = (await newPlace()).open();
    const gone = '999-no-links-since-999.0.0-contract';
    await applyMigrations(database.query, { ...migrations, [gone]: { up: async () => {} } });
    for (const look of [database.migrate, database.newerMigrations]) {
      await assert.rejects(look(), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, new RegExp(gone));
        return true;
      });
    }
  });

  test('the pool, if there is one, says how it is used', async () => {
    const database = await open();
    if (name === 'SQLite') return assert.equal(database.poolUse, undefined);
    await database.transaction(async (transaction) => {
      await sql`select 1`.execute(transaction);
      const { limit, open, idle, waiting } = database.poolUse?.() ?? { limit: 0, open: 0, idle: 0, waiting: 0 };
      assert.equal(limit, 10);
      assert.equal(open - idle, 1);
      assert.equal(waiting, 0);
    });
    assert.equal(database.poolUse?.().idle, database.poolUse?.().open);
  });

  test('the schema is the one checked in; `npm run dump-schema` writes it', async () => {
    const database = await open();
    const file = name === 'SQLite' ? 'schema.sqlite.sql' : 'schema.postgres.sql';
    // From dist/src/drivers/database back to the sources, where the dumps are.
    const checkedIn = await readFile(new URL(`../../../../src/drivers/database/${file}`, import.meta.url), 'utf8');
    assert.equal(firstDifference(await database.dumpSchema(), checkedIn), undefined, 'run `npm run dump-schema`');
  });

  test('what is committed is there after closing and opening again', async () => {
    const place = await newPlace();
    const first = place.open();
    await first.migrate();
    const tables = first.query.withTables<{
      client: { id: string; name: string; settings: string; created_at: number };
    }>();
    await tables.insertInto('client').values({ id: 'tv', name: 'TV', settings: '{}', created_at: 1 }).execute();
    await first.close();
    const { rows } = await sql`select id, created_at from client`.execute(place.open().query);
    assert.deepEqual(rows, [{ id: 'tv', created_at: 1 }]);
  });
});

/** A migration of a version to come. */
const creates = (table: string) => ({
  up: (db: Kysely<unknown>) => db.schema.createTable(table).addColumn('id', 'text').execute(),
});

/** The first line that is not alike; a comparison of the whole texts would print them several times. */
function firstDifference(actual: string, expected: string): { actual?: string; expected?: string } | undefined {
  const [left, right] = [actual.split('\n'), expected.split('\n')];
  const at = left.findIndex((line, n) => line !== right[n]);
  if (at < 0) return left.length === right.length ? undefined : { expected: right[left.length] ?? '' };
  return { actual: left[at] ?? '', expected: right[at] ?? '' };
}

describe('SQLite', () => {
  test('fault D: nobody else on the machine can read the file, its log and its index, whatever the folder allows', async () => {
    const place = await createDatabasePlace('SQLite');
    const path = join(place.data, 'latchkey.sqlite');
    chmodSync(place.data, 0o755);
    // As an operator's own script, or an older version, may have left it.
    writeFileSync(path, '', { mode: 0o644 });
    await place.open().migrate();
    for (const end of ['', '-wal', '-shm']) assert.equal(statSync(path + end).mode & 0o777, 0o600, end);
    await place.remove();
  });

  test('a commit is on the disk before it is spoken of', async (t) => {
    const place = await createDatabasePlace('SQLite');
    t.after(() => place.remove());
    const { query } = place.open();
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(query)).rows[0] ?? {})[0];
    assert.equal(await pragma('journal_mode'), 'wal');
    assert.equal(await pragma('synchronous'), 2);
    assert.equal(await pragma('foreign_keys'), 1);
    // Waiting within SQLite would block the process; the dialect waits instead.
    assert.equal(await pragma('busy_timeout'), 0);
  });

  test('dates, booleans and undefined are stored as numbers and NULL, other objects are refused', async (t) => {
    const place = await createDatabasePlace('SQLite');
    t.after(() => place.remove());
    const { query } = place.open();
    // A Date in first place is what the engine itself would take for a list of named parameters.
    const { rows } = await sql`select ${new Date(5)} as date, ${true} as yes, ${undefined} as none`.execute(query);
    assert.deepEqual(rows, [{ date: 5, yes: 1, none: null }]);
    await assert.rejects(sql`select ${{ a: 1 }}`.execute(query), TypeError);
  });

  test('more different statements than are kept prepared', async (t) => {
    const place = await createDatabasePlace('SQLite');
    t.after(() => place.remove());
    const { query } = place.open();
    for (let n = 0; n < 1200; n++) {
      const { rows } = await sql.raw<{ n: number }>(`select ${n} as n`).execute(query);
      assert.deepEqual(rows, [{ n }]);
    }
  });
});

describe('PostgreSQL', () => {
  test('a migration that waits for a long reader lets everybody else through, and is done in the end', async (t) => {
    const place = await createDatabasePlace('PostgreSQL');
    t.after(() => place.remove());
    const database = place.open();
    await database.migrate();
    const release = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<void>();
    const backup = database.transaction(async (transaction) => {
      await sql`select * from client`.execute(transaction);
      reading.resolve();
      await release.promise;
    });
    await reading.promise;
    let done = false;
    const step = { up: (db: Kysely<unknown>) => db.schema.alterTable('client').addColumn('later', 'text').execute() };
    const migrated = migratePostgres(place.databaseUrl ?? '', { ...migrations, '999-later': step }).finally(() => {
      done = true;
    });
    const waits = sql<{ n: number }>`select count(*) as n from pg_locks where not granted and relation is not null`;
    while ((await waits.execute(database.query)).rows[0]?.n === 0) await pause(10);
    // Behind the change that waits; without its giving up this would wait for the reader's end.
    await sql`select * from client`.execute(database.query);
    assert.equal(done, false);
    release.resolve();
    await backup;
    assert.deepEqual(await migrated, ['999-later']);
  });

  test('a migration never stands in a deadlock with a request that has begun', async (t) => {
    const place = await createDatabasePlace('PostgreSQL');
    t.after(() => place.remove());
    const database = place.open();
    await database.migrate();
    const waiting = async () => {
      const rows = await sql<{ name: string }>`select relation::regclass::text as name from pg_locks
        where not granted and relation is not null`.execute(database.query);
      return rows.rows.length > 0;
    };
    const changed = Promise.withResolvers<void>();
    const step = {
      async up(db: Kysely<unknown>) {
        await db.schema.alterTable('client').addColumn('later', 'text').execute();
        changed.resolve();
        // The request is in the middle if it waits for this table; the next change would then close the ring.
        for (let n = 0; n < 50 && !(await waiting()); n++) await pause(10);
        await db.schema.alterTable('session').addColumn('later', 'text').execute();
      },
    };
    let migrated: Promise<string[]> | undefined;
    await database.transaction(async (transaction) => {
      await sql`lock table session in row exclusive mode`.execute(transaction);
      migrated = migratePostgres(place.databaseUrl ?? '', { ...migrations, '999-later': step });
      const held = async () => {
        while (!(await waiting())) await pause(10);
      };
      await Promise.race([changed.promise, held()]);
      await sql`select * from client`.execute(transaction);
    });
    assert.deepEqual(await migrated, ['999-later']);
  });

  test('a server that is away is "unavailable", at once', async () => {
    const database = await openDatabase({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', data: '.' });
    await assert.rejects(database.ping(), (error) => error instanceof AppError && error.code === 'unavailable');
    await assert.rejects(database.migrate(), (error) => error instanceof AppError && error.code === 'unavailable');
    await database.close();
  });

  test('connections that the server ends do not end the process, and new ones follow', async (t) => {
    const place = await createDatabasePlace('PostgreSQL');
    t.after(() => place.remove());
    const database = place.open();
    const killer = place.open();
    await database.ping();
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(killer.query);
    // The broken connection is noticed while idle or by the query that meets it; soon a new one takes its place.
    let answered = false;
    for (let attempt = 0; attempt < 100 && !answered; attempt++) {
      await new Promise(setImmediate);
      answered = await database.ping().then(
        () => true,
        () => false,
      );
    }
    assert.ok(answered);
  });
});

test('an address of another engine is refused with what to write instead', async () => {
  await assert.rejects(openDatabase({ databaseUrl: 'mysql://localhost/x', data: '.' }), /postgres:\/\//);
});
