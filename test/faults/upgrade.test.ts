import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { applyMigrations, migrations } from '../../src/drivers/database/migrations.ts';
import { migratePostgres } from '../../src/drivers/database/postgres.ts';
import { type DatabasePlace, forEachDatabase } from '../helpers/databases.ts';
import { startKillable } from '../helpers/killable-server.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { type ServerProcess, startServerProcess } from '../helpers/server-process.ts';

const people = ['sam@example.org', 'kim@example.org'];

/** A newer version migrates the database while this one serves; then this one is started again, as when rolling back. */
forEachDatabase((_name, _open, newPlace) => {
  let place: DatabasePlace;
  let port: number;
  let server: ServerProcess;
  let env: Record<string, string>;
  let tv: string;

  const migrate = (timeline: typeof migrations) =>
    place.databaseUrl ? migratePostgres(place.databaseUrl, timeline) : applyMigrations(place.open().query, timeline);

  before(async () => {
    place = await newPlace();
    ({ port, env, tv, server } = await startKillable(place, people));
  });
  after(() => server.kill());

  it('runs on, stops, starts and is killed on the newer schema: no request is lost, all is linked once', async (t) => {
    const load = startLinkLoad({ url: server.url, client: tv, emails: people, devices: 4 });
    const some = async (): Promise<void> => {
      const end = load.answered + 150;
      while (load.answered < end && load.wrong.length === 0) await pause(1);
    };
    await some();
    const since = performance.now();
    const names = Object.keys(migrations);
    for (const [name, up] of Object.entries(future)) {
      await migrate({ ...migrations, ...pick(future, names), [name]: { up } });
      names.push(name);
      await some();
    }
    const took = Math.round(performance.now() - since);
    assert.deepEqual([load.unanswered, load.unavailable], [0, 0], 'a request was lost while the schema changed');
    assert.equal(await server.stop(), 0);
    server = await startServerProcess(env, port);
    await some();
    assert.match(server.output(), /"migrations":\["998-more","999-most"\].*a newer version has brought the database/);
    await server.kill();
    server = await startServerProcess(env, port);
    await some();
    await load.finish();
    await expectEachLinkedOnce(load, server.url, tv);
    assert.doesNotMatch(server.output(), /"level":50/);
    const { linkings, answered, unanswered } = load;
    t.diagnostic(`2 migrations in ${took} ms of load, none of the requests lost; started twice on the newer schema`);
    t.diagnostic(`${linkings.length} links, ${answered} answers, ${unanswered} requests met nobody (stopped, killed)`);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: as a migration takes it.
type AnyDatabase = Kysely<any>;

/** Everything the rule for migrations allows, on every table there is. */
const future: Record<string, (db: AnyDatabase) => Promise<void>> = {
  async '998-more'(db) {
    for (const table of await tableNames(db)) {
      await db.schema.alterTable(table).addColumn('later', 'text').execute();
      await db.schema
        .alterTable(table)
        .addColumn('level', 'integer', (c) => c.notNull().defaultTo(0))
        .execute();
    }
  },
  async '999-most'(db) {
    for (const table of await tableNames(db))
      await db.schema.createIndex(`${table}_later`).unique().on(table).column('later').execute();
    const account = (name: string) =>
      db.schema
        .createTable(name)
        .addColumn('account_id', 'text', (c) => c.references('account.id').onDelete('cascade'))
        .execute();
    await account('later_note');
    await sql`insert into later_note (account_id) select id from account`.execute(db);
  },
};

async function tableNames(db: AnyDatabase): Promise<string[]> {
  const names = (await db.introspection.getTables()).map((table) => table.name);
  assert.ok(names.includes('device_authorization'));
  return names;
}

const pick = (all: typeof future, names: string[]) =>
  Object.fromEntries(Object.entries(all).flatMap(([name, up]) => (names.includes(name) ? [[name, { up }]] : [])));
