import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { AppError } from '../../errors.ts';
import type { Database, DatabaseTransaction } from './database.ts';

type ProbeTables = {
  probe: { id: string; status: string; amount: number | null; note: string | null; flag: number | null };
  probe_child: { id: string; probe_id: string };
};

/**
 * What every engine must do alike. `open` gives a new empty database that has been migrated;
 * the caller closes and removes it.
 */
export function databaseConformance(open: () => Promise<Database>): void {
  const openProbe = async () => {
    const database = await open();
    await createProbe(database.query);
    return { database, tables: database.query.withTables<ProbeTables>() };
  };
  const row = (id: string): ProbeTables['probe'] => ({ id, status: 'pending', amount: null, note: null, flag: null });

  test('migrating again finds nothing to do', async () => {
    const database = await open();
    assert.deepEqual(await database.migrate(), []);
    assert.deepEqual(await database.pendingMigrations(), []);
  });

  test('closed, it is "unavailable" to whoever still asks, and to whoever is in the middle', async () => {
    const { database, tables } = await openProbe();
    const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable';
    const find = database.statement<{ id: string }, { id: string }>((value) =>
      tables.selectFrom('probe').select('id').where('id', '=', value('id')),
    );
    assert.deepEqual(await find.rows({ id: 'a' }), []);
    const [begun, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const inTheMiddle = database.transaction(async (transaction) => {
      await transaction.withTables<ProbeTables>().insertInto('probe').values(row('a')).execute();
      begun.resolve();
      await closing.promise;
      await transaction.withTables<ProbeTables>().insertInto('probe').values(row('b')).execute();
    });
    await begun.promise;
    const closed = database.close();
    closing.resolve();
    const [work] = await Promise.allSettled([inTheMiddle, closed]);
    assert.ok(work.status === 'fulfilled' || isUnavailable(work.reason));
    await assert.rejects(database.ping(), isUnavailable);
    await assert.rejects(find.rows({ id: 'a' }), isUnavailable);
    const insert = (transaction: DatabaseTransaction) =>
      transaction.withTables<ProbeTables>().insertInto('probe').values(row('c')).execute();
    await assert.rejects(database.transaction(insert), isUnavailable);
    await database.close();
  });

  test('a transaction that rejects leaves nothing', async () => {
    const { database, tables } = await openProbe();
    const failure = new Error('changed my mind');
    const work = database.transaction(async (transaction) => {
      await transaction.withTables<ProbeTables>().insertInto('probe').values(row('a')).execute();
      throw failure;
    });
    await assert.rejects(work, failure);
    assert.deepEqual(await tables.selectFrom('probe').selectAll().execute(), []);
  });

  test('a refused row inside a transaction leaves nothing of it, and the connection goes on working', async () => {
    const { database, tables } = await openProbe();
    await tables.insertInto('probe').values(row('taken')).execute();
    const work = database.transaction(async (transaction) => {
      const inside = transaction.withTables<ProbeTables>();
      await inside.insertInto('probe').values(row('new')).execute();
      await inside.insertInto('probe').values(row('taken')).execute();
    });
    await assert.rejects(work, (error) => database.isDuplicate(error));
    const rows = await tables.selectFrom('probe').select('id').execute();
    assert.deepEqual(rows, [{ id: 'taken' }]);
  });

  test('of 20 parallel conditional updates, one wins', async () => {
    const { tables } = await openProbe();
    await tables.insertInto('probe').values(row('a')).execute();
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
    const { database, tables } = await openProbe();
    await tables.insertInto('probe').values(row('a')).execute();
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
    const { database, tables } = await openProbe();
    const attempts = Array.from({ length: 20 }, () => tables.insertInto('probe').values(row('same')).execute());
    const settled = await Promise.allSettled(attempts);
    const refused = settled.filter((result) => result.status === 'rejected');
    assert.equal(refused.length, 19);
    assert.ok(refused.every((result) => database.isDuplicate(result.reason)));
  });

  test('isDuplicate is true for primary keys and unique indexes, false for all else', async () => {
    const { database, tables } = await openProbe();
    await tables
      .insertInto('probe')
      .values({ ...row('a'), note: 'unique' })
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
    assert.equal(database.isDuplicate(await failureOf({ ...row('b'), note: 'unique' })), true);
    assert.equal(database.isDuplicate(await failureOf(row('a'))), true);
    const orphan = tables.insertInto('probe_child').values({ id: 'x', probe_id: 'nobody' }).execute();
    await assert.rejects(orphan, (error) => !database.isDuplicate(error));
    assert.equal(database.isDuplicate(new Error('something else')), false);
    assert.equal(database.isDuplicate(undefined), false);
  });

  test('bigint columns, counts and sums are exact numbers', async () => {
    const { tables } = await openProbe();
    const amounts = [0, 1_893_499_200_000, Number.MAX_SAFE_INTEGER - 1_893_499_200_000, -5];
    await tables
      .insertInto('probe')
      .values(amounts.map((amount, n) => ({ ...row(`${n}`), amount })))
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
    const { database, tables } = await openProbe();
    await sql`insert into probe (id, status, amount) values ('a', 'x', 9007199254740993)`.execute(database.query);
    await assert.rejects(tables.selectFrom('probe').select('amount').execute());
  });

  test('text and NULL come back as they were, in plain objects', async () => {
    const { tables } = await openProbe();
    const notes = ['it\'s; -- "quoted" \\ %_', 'Grüße 🗝️ مرحبا', '', null];
    for (const [n, note] of notes.entries()) {
      const stored = { id: `${n}`, status: ' spaced ', amount: null, note, flag: 1 };
      const returned = await tables.insertInto('probe').values(stored).returningAll().executeTakeFirstOrThrow();
      assert.deepEqual(returned, stored);
      assert.deepEqual(await tables.selectFrom('probe').selectAll().where('id', '=', `${n}`).execute(), [stored]);
    }
  });

  test('deleting a row deletes what hangs on it', async () => {
    const { tables } = await openProbe();
    await tables.insertInto('probe').values(row('a')).execute();
    await tables.insertInto('probe_child').values({ id: 'child', probe_id: 'a' }).execute();
    await tables.deleteFrom('probe').execute();
    assert.deepEqual(await tables.selectFrom('probe_child').selectAll().execute(), []);
  });

  test('30 transactions at once all commit, beside queries outside them', async () => {
    const { database, tables } = await openProbe();
    const work = Array.from({ length: 30 }, (_, n) =>
      database.transaction(async (transaction) => {
        const inside = transaction.withTables<ProbeTables>();
        await inside
          .insertInto('probe')
          .values(row(`${n}`))
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

  /** The statements of a room's hot path, on the table of the tests. */
  const statementsOf = ({ database, tables }: Awaited<ReturnType<typeof openProbe>>) => ({
    byId: database.statement<{ id: string }, ProbeTables['probe']>((value) =>
      tables.selectFrom('probe').selectAll().where('id', '=', value('id')),
    ),
    add: database.statement<{ id: string; note: string | null }>((value) =>
      tables.insertInto('probe').values({ id: value('id'), status: 'pending', note: value('note') }),
    ),
    claim: database.statement<{ id: string; amount: number }, ProbeTables['probe']>((value) =>
      tables
        .updateTable('probe')
        .set({ status: 'claimed', amount: value('amount') })
        .where('status', '=', 'pending')
        .where('id', '=', value('id'))
        .returningAll(),
    ),
  });

  test('a statement compiled once runs with the values of each call, and says what it changed', async () => {
    const probe = await openProbe();
    const { byId, add, claim } = statementsOf(probe);
    const note = 'it\'s; -- "quoted" 🗝️';
    await probe.database.transaction(async (transaction) => {
      assert.equal(await add.change({ id: 'a', note }, transaction), 1);
      assert.equal(await add.change({ id: 'b', note: null }, transaction), 1);
    });
    const [claimed] = await probe.database.transaction((transaction) =>
      claim.rows({ id: 'a', amount: 7 }, transaction),
    );
    assert.deepEqual({ ...claimed }, { ...row('a'), status: 'claimed', amount: 7, note });
    assert.deepEqual(await probe.database.transaction((trx) => claim.rows({ id: 'a', amount: 8 }, trx)), []);
    assert.deepEqual({ ...(await byId.rows({ id: 'b' }))[0] }, row('b'));
    assert.deepEqual(await byId.rows({ id: 'nobody' }), []);
  });

  test('a statement inside a transaction sees its writes, one outside sees what is committed', async () => {
    const probe = await openProbe();
    const { byId, add } = statementsOf(probe);
    const failure = new Error('changed my mind');
    const work = probe.database.transaction(async (transaction) => {
      await add.change({ id: 'a', note: null }, transaction);
      assert.equal((await byId.rows({ id: 'a' }, transaction)).length, 1);
      assert.equal((await byId.rows({ id: 'a' })).length, 0);
      throw failure;
    });
    await assert.rejects(work, failure);
    assert.equal((await byId.rows({ id: 'a' })).length, 0);
    await probe.database.transaction((transaction) => add.change({ id: 'a', note: null }, transaction));
    assert.equal((await byId.rows({ id: 'a' })).length, 1);
  });

  test('a row refused to a statement is a duplicate, and its neighbours in the commit stay', async () => {
    const probe = await openProbe();
    const { byId, add } = statementsOf(probe);
    const write = (id: string) =>
      probe.database.transaction((transaction) => add.change({ id, note: null }, transaction));
    await write('taken');
    const results = await Promise.allSettled(['a', 'taken', 'b'].map(write));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(probe.database.isDuplicate((results[1] as PromiseRejectedResult).reason), true);
    for (const id of ['a', 'b']) assert.equal((await byId.rows({ id })).length, 1);
  });

  test('a statement with the handle of a transaction that has ended writes nothing', async () => {
    const probe = await openProbe();
    const { byId, add } = statementsOf(probe);
    let kept: DatabaseTransaction | undefined;
    await probe.database.transaction(async (transaction) => {
      kept = transaction;
    });
    const handle = kept;
    assert.ok(handle);
    await assert.rejects(async () => add.change({ id: 'late', note: null }, handle));
    assert.deepEqual(await byId.rows({ id: 'late' }), []);
  });

  test('ping answers while open and rejects after close', async () => {
    const database = await open();
    await database.ping();
    await database.close();
    await assert.rejects(database.ping());
    await database.close();
  });
}

// biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
async function createProbe(query: Kysely<{}>): Promise<void> {
  await query.schema
    .createTable('probe')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('amount', 'bigint')
    .addColumn('note', 'text', (c) => c.unique())
    .addColumn('flag', 'integer')
    .execute();
  await query.schema
    .createTable('probe_child')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('probe_id', 'text', (c) => c.notNull().references('probe.id').onDelete('cascade'))
    .execute();
}
