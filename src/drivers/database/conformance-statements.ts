import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openProbe, type ProbeTables, probeRow } from './conformance-probe.ts';
import type { Database, DatabaseTransaction } from './database.ts';

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

/** What statements compiled once must do alike on every engine. */
export function statementConformance(open: () => Promise<Database>): void {
  test('a statement compiled once runs with the values of each call, and says what it changed', async () => {
    const probe = await openProbe(open);
    const { byId, add, claim } = statementsOf(probe);
    const note = 'it\'s; -- "quoted" 🗝️';
    await probe.database.transaction(async (transaction) => {
      assert.equal(await add.change({ id: 'a', note }, transaction), 1);
      assert.equal(await add.change({ id: 'b', note: null }, transaction), 1);
    });
    const [claimed] = await probe.database.transaction((transaction) =>
      claim.rows({ id: 'a', amount: 7 }, transaction),
    );
    assert.deepEqual({ ...claimed }, { ...probeRow('a'), status: 'claimed', amount: 7, note });
    assert.deepEqual(await probe.database.transaction((trx) => claim.rows({ id: 'a', amount: 8 }, trx)), []);
    assert.deepEqual({ ...(await byId.rows({ id: 'b' }))[0] }, probeRow('b'));
    assert.deepEqual(await byId.rows({ id: 'nobody' }), []);
  });

  test('a statement inside a transaction sees its writes, one outside sees what is committed', async () => {
    const probe = await openProbe(open);
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
    const probe = await openProbe(open);
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
    const probe = await openProbe(open);
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
}
