import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { AppError } from '../../errors.ts';
import { openProbe, type ProbeTables, probeRow } from './conformance-probe.ts';
import type { Database, DatabaseTransaction } from './database.ts';

/**
 * What every engine must do alike. `open` gives a new empty database that has been migrated;
 * the caller closes and removes it.
 */
export function databaseConformance(open: () => Promise<Database>): void {
  test('migrating again finds nothing to do', async () => {
    const database = await open();
    assert.deepEqual(await database.migrate(), []);
    assert.deepEqual(await database.pendingMigrations(), []);
  });

  test('closed, it is "unavailable" to whoever still asks, and to whoever is in the middle', async () => {
    const { database, tables } = await openProbe(open);
    const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable';
    const find = database.statement<{ id: string }, { id: string }>((value) =>
      tables.selectFrom('probe').select('id').where('id', '=', value('id')),
    );
    assert.deepEqual(await find.rows({ id: 'a' }), []);
    const [begun, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const inTheMiddle = database.transaction(async (transaction) => {
      await transaction.withTables<ProbeTables>().insertInto('probe').values(probeRow('a')).execute();
      begun.resolve();
      await closing.promise;
      await transaction.withTables<ProbeTables>().insertInto('probe').values(probeRow('b')).execute();
    });
    await begun.promise;
    const closed = database.close();
    closing.resolve();
    const [work] = await Promise.allSettled([inTheMiddle, closed]);
    assert.ok(work.status === 'fulfilled' || isUnavailable(work.reason));
    await assert.rejects(database.ping(), isUnavailable);
    await assert.rejects(find.rows({ id: 'a' }), isUnavailable);
    const insert = (transaction: DatabaseTransaction) =>
      transaction.withTables<ProbeTables>().insertInto('probe').values(probeRow('c')).execute();
    await assert.rejects(database.transaction(insert), isUnavailable);
    await database.close();
  });

  test('a transaction that rejects leaves nothing', async () => {
    const { database, tables } = await openProbe(open);
    const failure = new Error('changed my mind');
    const work = database.transaction(async (transaction) => {
      await transaction.withTables<ProbeTables>().insertInto('probe').values(probeRow('a')).execute();
      throw failure;
    });
    await assert.rejects(work, failure);
    assert.deepEqual(await tables.selectFrom('probe').selectAll().execute(), []);
  });

  test('a refused row inside a transaction leaves nothing of it, and the connection goes on working', async () => {
    const { database, tables } = await openProbe(open);
    await tables.insertInto('probe').values(probeRow('taken')).execute();
    const work = database.transaction(async (transaction) => {
      const inside = transaction.withTables<ProbeTables>();
      await inside.insertInto('probe').values(probeRow('new')).execute();
      await inside.insertInto('probe').values(probeRow('taken')).execute();
    });
    await assert.rejects(work, (error) => database.isDuplicate(error));
    const rows = await tables.selectFrom('probe').select('id').execute();
    assert.deepEqual(rows, [{ id: 'taken' }]);
  });

  test('of 20 parallel conditional updates, one wins', async () => {
    const { tables } = await openProbe(open);
    await tables.insertInto('probe').values(probeRow('a')).execute();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        tables
          .updateTable('probe')
          .set({ status: `claimed by ${n}` })
          .where('id', '=', 'a')
          .where('status', '=', 'pending')
          .executeTakeFirst(),
      ),
    );
    assert.equal(results.filter((result) => result.numUpdatedRows === 1n).length, 1);
    assert.equal(results.filter((result) => result.numUpdatedRows === 0n).length, 19);
  });

  test('of 20 parallel transactions that update on condition, one wins', async () => {
    const { database, tables } = await openProbe(open);
    await tables.insertInto('probe').values(probeRow('a')).execute();
    const wins = await Promise.all(
      Array.from({ length: 20 }, () =>
        database.transaction(async (transaction) => {
          const inside = transaction.withTables<ProbeTables>();
          const update = inside.updateTable('probe').set({ status: 'claimed' }).where('status', '=', 'pending');
          const { numUpdatedRows } = await update.executeTakeFirst();
          if (numUpdatedRows === 1n)
            await inside.insertInto('probe_child').values({ id: 'x', probe_id: 'a' }).execute();
          return numUpdatedRows;
        }),
      ),
    );
    assert.equal(wins.filter((count) => count === 1n).length, 1);
    assert.equal((await tables.selectFrom('probe_child').selectAll().execute()).length, 1);
  });

  test('of 20 parallel inserts of one key, one wins and the rest are duplicates', async () => {
    const { database, tables } = await openProbe(open);
    const attempts = Array.from({ length: 20 }, () => tables.insertInto('probe').values(probeRow('same')).execute());
    const settled = await Promise.allSettled(attempts);
    const refused = settled.filter((result) => result.status === 'rejected');
    assert.equal(refused.length, 19);
    assert.ok(refused.every((result) => database.isDuplicate(result.reason)));
  });

  test('isDuplicate is true for primary keys and unique indexes, false for all else', async () => {
    const { database, tables } = await openProbe(open);
    await tables
      .insertInto('probe')
      .values({ ...probeRow('a'), note: 'unique' })
      .execute();
    const failureOf = (values: ProbeTables['probe']): Promise<unknown> =>
      tables
        .insertInto('probe')
        .values(values)
        .execute()
        .then(
          () => assert.fail('should have been refused'),
          (error: unknown) => error,
        );
    assert.equal(database.isDuplicate(await failureOf({ ...probeRow('b'), note: 'unique' })), true);
    assert.equal(database.isDuplicate(await failureOf(probeRow('a'))), true);
    const orphan = tables.insertInto('probe_child').values({ id: 'x', probe_id: 'nobody' }).execute();
    await assert.rejects(orphan, (error) => !database.isDuplicate(error));
    assert.equal(database.isDuplicate(new Error('something else')), false);
    assert.equal(database.isDuplicate(undefined), false);
  });

  test('bigint columns, counts and sums are exact numbers', async () => {
    const { tables } = await openProbe(open);
    const amounts = [0, 1_893_499_200_000, Number.MAX_SAFE_INTEGER - 1_893_499_200_000, -5];
    await tables
      .insertInto('probe')
      .values(amounts.map((amount, n) => ({ ...probeRow(`${n}`), amount })))
      .execute();
    const rows = await tables.selectFrom('probe').select('amount').orderBy('id').execute();
    assert.deepEqual(
      rows.map((r) => r.amount),
      amounts,
    );
    const total = tables.selectFrom('probe').select((e) => [e.fn.countAll().as('count'), e.fn.sum('amount').as('sum')]);
    assert.deepEqual(await total.executeTakeFirstOrThrow(), { count: 4, sum: Number.MAX_SAFE_INTEGER - 5 });
  });

  test('a number too large to be exact is an error, never another number', async () => {
    const { database, tables } = await openProbe(open);
    await sql`insert into probe (id, status, amount) values ('a', 'x', 9007199254740993)`.execute(database.query);
    await assert.rejects(tables.selectFrom('probe').select('amount').execute());
  });

  test('text and NULL come back as they were, in plain objects', async () => {
    const { tables } = await openProbe(open);
    const notes = ['it\'s; -- "quoted" \\ %_', 'Grüße 🗝️ مرحبا', '', null];
    for (const [n, note] of notes.entries()) {
      const stored = { id: `${n}`, status: ' spaced ', amount: null, note, flag: 1 };
      const returned = await tables.insertInto('probe').values(stored).returningAll().executeTakeFirstOrThrow();
      assert.deepEqual(returned, stored);
      assert.deepEqual(await tables.selectFrom('probe').selectAll().where('id', '=', `${n}`).execute(), [stored]);
    }
  });

  test('deleting a row deletes what hangs on it', async () => {
    const { tables } = await openProbe(open);
    await tables.insertInto('probe').values(probeRow('a')).execute();
    await tables.insertInto('probe_child').values({ id: 'child', probe_id: 'a' }).execute();
    await tables.deleteFrom('probe').execute();
    assert.deepEqual(await tables.selectFrom('probe_child').selectAll().execute(), []);
  });

  test('30 transactions at once all commit, beside queries outside them', async () => {
    const { database, tables } = await openProbe(open);
    const work = Array.from({ length: 30 }, (_, n) =>
      database.transaction(async (transaction) => {
        const inside = transaction.withTables<ProbeTables>();
        await inside
          .insertInto('probe')
          .values(probeRow(`${n}`))
          .execute();
        await inside.updateTable('probe').set({ amount: n }).where('id', '=', `${n}`).execute();
      }),
    );
    const reads = Array.from({ length: 30 }, () => tables.selectFrom('probe').selectAll().execute());
    await Promise.all([...work, ...reads]);
    const { count } = await tables
      .selectFrom('probe')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('amount', 'is not', null)
      .executeTakeFirstOrThrow();
    assert.equal(count, 30);
  });

  test('ping answers while open and rejects after close', async () => {
    const database = await open();
    await database.ping();
    await database.close();
    await assert.rejects(database.ping());
    await database.close();
  });
}
