import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Migration } from 'kysely/migration';
import { version } from '../../version.ts';
import { isEarlier, migrations, takesAway } from './migrations.ts';

/** Both engines' SQL, without an engine. */
const engines: Record<string, Dialect> = {
  SQLite: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
  PostgreSQL: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
};

async function statements(up: Migration['up'], dialect: Dialect): Promise<string[]> {
  const found: string[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: as a migration takes it.
  const db = new Kysely<any>({ dialect, log: ({ query }) => void found.push(query.sql) });
  await up(db);
  return found;
}

/**
 * Why a process of the version before would mind these statements; empty if it would not.
 * It knows neither new tables nor new columns, so it neither fills them nor clears them away.
 * `before` are the statements of earlier migrations.
 */
function breaches(all: string[], before: string[] = []): string[] {
  const made = new Set(all.flatMap((statement) => /^create table "(\w+)"/.exec(statement)?.[1] ?? []));
  const added = new Set(
    all.flatMap((statement) => {
      const [, table, column] = /^alter table "(\w+)" add column "(\w+)" /.exec(statement) ?? [];
      return table ? `${table}.${column}` : [];
    }),
  );
  return all.flatMap((statement) => {
    const [, unique, table, columns] = /^create (unique )?index "\w+" on "(\w+)" \((.*?)\)/.exec(statement) ?? [];
    if (table) {
      const names = [...(columns ?? '').matchAll(/"(\w+)"/g)].map(([, name]) => `${table}.${name}`);
      const harmless = !unique || made.has(table) || names.some((name) => added.has(name));
      return harmless ? [] : `a unique index may refuse what an older process writes: ${statement}`;
    }
    // Without an index that only finds, everything is found as before, if more slowly.
    const dropped = /^drop index "(\w+)"$/.exec(statement)?.[1];
    if (before.some((earlier) => earlier.startsWith(`create index "${dropped}" `))) return [];
    const adds = /^create table "/.test(statement) || /^alter table "\w+" add column "\w+" [^,]*$/.test(statement);
    if (!adds) return `it does more than add: ${statement}`;
    // Only what stands outside a new table may be refused to the older process, or deleted by it.
    const orphans = [...statement.matchAll(/references "(\w+)" \([^)]*\)(?! on delete (?:cascade|set null))/g)];
    const stuck = orphans.filter(([, other]) => !made.has(other ?? ''));
    if (stuck.length > 0) return `an older process could not delete what this refers to: ${statement}`;
    if (!statement.startsWith('alter')) return [];
    if (/ unique\b| check\b/.test(statement)) return `an older process may write what this refuses: ${statement}`;
    const empty = / not null\b/.test(statement) && !/ default /.test(statement);
    return empty ? `an older process writes nothing here, and there is no default: ${statement}` : [];
  });
}

describe('migrations', () => {
  const folder = fileURLToPath(new URL('../../../../src/drivers/database/migrations', import.meta.url));
  const names = Object.keys(migrations);
  const upOf = (name: string): Migration['up'] => migrations[name]?.up ?? assert.fail();
  const isContract = (name: string): boolean => name.endsWith('-contract');

  test('every file is on the timeline, with a number and a name of its own', () => {
    const files = globSync('*.ts', { cwd: folder }).map((file) => basename(file, '.ts'));
    assert.deepEqual(files.toSorted(), names.toSorted());
    assert.deepEqual(names, names.toSorted(), 'in the order in which they run');
    for (const name of names) assert.match(name, /^\d{3}-[a-z0-9-]+(-since-\d+\.\d+\.\d+-contract)?$/);
    assert.equal(new Set(names.map((name) => name.slice(0, 3))).size, names.length, 'a number twice');
  });

  for (const [engine, dialect] of Object.entries(engines)) {
    for (const name of names.slice(1).filter((name) => !isContract(name))) {
      test(`${name} only adds, so that older processes go on working (${engine})`, async () => {
        const all = await statements(upOf(name), dialect);
        assert.ok(all.length > 0, 'it does nothing');
        const before = names.slice(0, names.indexOf(name)).map((each) => statements(upOf(each), dialect));
        assert.deepEqual(breaches(all, (await Promise.all(before)).flat()), []);
      });
    }
  }

  test('what takes something away names an earlier release, which does without it already', () => {
    for (const name of names.filter(isContract)) {
      const since = /-since-(.+)-contract$/.exec(name)?.[1] ?? assert.fail(`${name} names no release`);
      assert.ok(isEarlier(since, version()), `${since} is not earlier than ${version()}`);
    }
  });

  test('a version can be rolled back to if it does without what was taken away', () => {
    assert.equal(takesAway('014-nicknames', '0.1.0'), false);
    assert.equal(takesAway('014-no-nicknames-since-0.3.0-contract', '0.2.9'), true);
    assert.equal(takesAway('014-no-nicknames-since-0.3.0-contract', '0.3.0'), false);
    assert.equal(takesAway('014-no-nicknames-since-0.3.0-contract', '0.10.0'), false);
    assert.equal(takesAway('014-no-nicknames-since-0.3.0-contract', '0.2.0-beta.1'), true);
    assert.equal(takesAway('014-no-nicknames-contract', '9.0.0'), true, 'who says nothing is not believed');
  });

  // biome-ignore lint/suspicious/noExplicitAny: as a migration takes it.
  type Planted = (schema: Kysely<any>['schema']) => { execute(): Promise<unknown> };
  const harmful: Record<string, Planted> = {
    'a table dropped': (schema) => schema.dropTable('account'),
    'a column dropped': (schema) => schema.alterTable('account').dropColumn('name'),
    'a column renamed': (schema) => schema.alterTable('account').renameColumn('name', 'nickname'),
    'a table renamed': (schema) => schema.alterTable('account').renameTo('person'),
    'an index dropped that keeps out what is there twice': (schema) => schema.dropIndex('account_name'),
    'a column that must be filled': (schema) =>
      schema.alterTable('account').addColumn('age', 'integer', (c) => c.notNull()),
    'a column that must be unique': (schema) =>
      schema.alterTable('account').addColumn('tag', 'text', (c) => c.unique()),
    'a unique index on what is there': (schema) =>
      schema.createIndex('account_name').unique().on('account').column('name'),
    'a table that holds on to a row': (schema) =>
      schema.createTable('note').addColumn('account_id', 'text', (c) => c.references('account.id')),
    'a column that holds on to a row': (schema) =>
      schema.alterTable('device').addColumn('owner', 'text', (c) => c.references('account.id').onDelete('restrict')),
  };
  const harmless: Record<string, Planted[]> = {
    'a table, its parts and its index': [
      (schema) => schema.createTable('shelf').addColumn('id', 'text', (c) => c.primaryKey()),
      (schema) =>
        schema
          .createTable('note')
          .addColumn('text', 'text', (c) => c.notNull().unique())
          .addColumn('shelf_id', 'text', (c) => c.references('shelf.id'))
          .addColumn('account_id', 'text', (c) => c.references('account.id').onDelete('cascade')),
      (schema) => schema.createIndex('note_one').unique().on('note').columns(['account_id', 'text']),
    ],
    'an index dropped that only finds': [(schema) => schema.dropIndex('plain')],
    'columns that may be empty or have a default': [
      (schema) => schema.alterTable('account').addColumn('nickname', 'text'),
      (schema) => schema.alterTable('account').addColumn('level', 'integer', (c) => c.notNull().defaultTo(0)),
      (schema) =>
        schema.alterTable('device').addColumn('owner', 'text', (c) => c.references('account.id').onDelete('set null')),
      (schema) => schema.createIndex('account_nickname').unique().on('account').column('nickname'),
      (schema) => schema.createIndex('account_made').on('account').column('created_at'),
    ],
  };
  const before = [
    'create unique index "account_name" on "account" ("name")',
    'create index "plain" on "account" ("id")',
  ];
  const planted = (steps: Planted[]): Migration['up'] => {
    return async (db) => {
      for (const step of steps) await step(db.schema).execute();
    };
  };
  for (const [engine, dialect] of Object.entries(engines)) {
    test(`the rule sees what would harm (${engine})`, async () => {
      for (const [what, step] of Object.entries(harmful))
        assert.equal(breaches(await statements(planted([step]), dialect), before).length, 1, what);
      for (const [what, steps] of Object.entries(harmless))
        assert.deepEqual(breaches(await statements(planted(steps), dialect), before), [], what);
    });
  }
});
