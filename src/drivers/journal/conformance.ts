import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../ids.ts';
import type { Database } from '../database/database.ts';
import type { Journal } from './journal.ts';

export type JournalProbe = {
  journal: Journal;
  /** The database whose transactions `append` takes. */
  database: Database;
  /** Moves the journal's clock. */
  advance(milliseconds: number): void;
};

const ada = 'ada' as AccountId;
const bob = 'bob' as AccountId;

/** What every journal must do alike. `open` gives an empty one. */
export function journalConformance(open: () => Promise<JournalProbe>): void {
  test('F34: events come back newest first, whole, and only those of the account', async () => {
    const { journal, advance } = await open();
    await journal.append({
      type: 'signed_in',
      accountId: ada,
      data: { method: 'passkey', tries: 2, place: undefined },
    });
    advance(10);
    await journal.append({ type: 'signed_in', accountId: bob });
    await journal.append({ type: 'code_issued', data: { client: 'tv' } });
    advance(10);
    await journal.append({ type: 'approved', accountId: ada });

    const events = await journal.recent(ada, 10);
    assert.deepEqual(
      events.map(({ type, accountId, data }) => ({ type, accountId, data })),
      [
        { type: 'approved', accountId: ada, data: {} },
        { type: 'signed_in', accountId: ada, data: { method: 'passkey', tries: 2 } },
      ],
    );
    assert.equal((events[0]?.at ?? 0) - (events[1]?.at ?? 0), 20);
    assert.notEqual(events[0]?.id, events[1]?.id);
    assert.deepEqual(await journal.recent('nobody' as AccountId, 10), []);
  });

  test('events of one millisecond come back in their order, too', async () => {
    const { journal } = await open();
    for (let n = 0; n < 40; n++) await journal.append({ type: 'renamed', accountId: ada, data: { n } });
    const order = (await journal.recent(ada, 40)).map((event) => event.data?.n);
    assert.deepEqual(
      order,
      Array.from({ length: 40 }, (_, n) => 39 - n),
    );
  });

  test('the limit keeps the newest', async () => {
    const { journal, advance } = await open();
    for (let n = 0; n < 5; n++) {
      await journal.append({ type: 'renamed', accountId: ada, data: { n } });
      advance(1);
    }
    const events = await journal.recent(ada, 2);
    assert.deepEqual(
      events.map((event) => event.data),
      [{ n: 4 }, { n: 3 }],
    );
  });

  test('an event of a transaction is recorded with it or not at all', async () => {
    const { journal, database } = await open();
    await database.transaction((transaction) => journal.append({ type: 'approved', accountId: ada }, transaction));
    const failing = database.transaction(async (transaction) => {
      await journal.append({ type: 'unlinked', accountId: ada }, transaction);
      throw new Error('changed my mind');
    });
    await assert.rejects(failing);
    const events = await journal.recent(ada, 10);
    assert.deepEqual(
      events.map((event) => event.type),
      ['approved'],
    );
  });

  test('50 events at once are all recorded', async () => {
    const { journal } = await open();
    await Promise.all(Array.from({ length: 50 }, () => journal.append({ type: 'wrong_code', accountId: ada })));
    assert.equal((await journal.recent(ada, 100)).length, 50);
  });
}
