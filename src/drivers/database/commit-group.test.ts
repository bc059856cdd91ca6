import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sql } from 'kysely';
import { createDatabasePlace } from '../../../test/helpers/databases.ts';
import type { Database, DatabaseTransaction } from './database.ts';

type Tables = { note: { id: number; text: string } };

async function withNotes(test: (database: Database, texts: () => Promise<string[]>) => Promise<void>): Promise<void> {
  const place = await createDatabasePlace('SQLite');
  const database = place.open();
  try {
    await sql`create table note (id integer primary key, text text not null unique)`.execute(database.query);
    const notes = database.query.withTables<Tables>();
    const texts = async () =>
      (await notes.selectFrom('note').select('text').orderBy('id').execute()).map((row) => row.text);
    await test(database, texts);
  } finally {
    await place.remove();
  }
}

const write = (text: string) => async (transaction: DatabaseTransaction) => {
  await sql`insert into note (text) values (${text})`.execute(transaction);
  return text;
};

it('works that arrive together are all kept, in their order, each with its own result', () =>
  withNotes(async (database, texts) => {
    const names = Array.from({ length: 50 }, (_, i) => `note ${i}`);
    const results = await Promise.all(names.map((name) => database.transaction(write(name))));
    assert.deepEqual(results, names);
    assert.deepEqual(await texts(), names);
  }));

it('one that fails leaves nothing behind and takes nobody with it', () =>
  withNotes(async (database, texts) => {
    const results = await Promise.allSettled([
      database.transaction(write('first')),
      database.transaction(async (transaction) => {
        await write('lost')(transaction);
        throw new Error('changed my mind');
      }),
      database.transaction(write('first')),
      database.transaction(write('last')),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    const [, changed, duplicate] = results as PromiseRejectedResult[];
    assert.match(String(changed?.reason), /changed my mind/);
    assert.ok(database.isDuplicate(duplicate?.reason));
    assert.deepEqual(await texts(), ['first', 'last']);
  }));

it('work that comes while a group commits is in the next one', () =>
  withNotes(async (database, texts) => {
    let later: Promise<string> | undefined;
    await database.transaction(async (transaction) => {
      later = database.transaction(write('later'));
      await write('sooner')(transaction);
    });
    await later;
    assert.deepEqual(await texts(), ['sooner', 'later']);
  }));

it('a closed database refuses instead of hanging', () =>
  withNotes(async (database) => {
    await database.close();
    await assert.rejects(database.transaction(write('never')));
  }));
