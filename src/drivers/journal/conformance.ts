import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../ids.ts';
import type { Database } from '../database/database.ts';
import type { Among, Journal } from './journal.ts';

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

  test('of some types only, and from an event on, also within one millisecond', async () => {
    const { journal, advance } = await open();
    for (let n = 0; n < 6; n++) {
      await journal.append({ type: n % 2 ? 'approved' : 'renamed', accountId: ada, data: { n } });
      if (n === 3) advance(1);
    }
    const numbers = async (limit: number, among: Among) =>
      (await journal.recent(ada, limit, among)).map((event) => event.data?.n);
    assert.deepEqual(await numbers(10, { types: ['approved'] }), [5, 3, 1]);
    const [, , third] = await journal.recent(ada, 3);
    assert.deepEqual(await numbers(10, { before: third }), [2, 1, 0]);
    assert.deepEqual(await numbers(1, { before: third, types: ['approved'] }), [1]);
  });

  test('F12: an event is found by its account alone', async () => {
    const { journal } = await open();
    await journal.append({ type: 'signed_in', accountId: ada, data: { method: 'passkey' } });
    const [event] = await journal.recent(ada, 1);
    assert.deepEqual(await journal.find(ada, event?.id ?? ''), event);
    assert.equal(await journal.find(bob, event?.id ?? ''), undefined);
    assert.equal(await journal.find(ada, 'nothing'), undefined);
  });

  test('B23: places and what belongs to nobody are forgotten first, the rest at its own time', async () => {
    const { journal, advance } = await open();
    await journal.append({ type: 'code_issued', data: { network: 'n' } });
    await journal.append({
      type: 'signed_in',
      accountId: ada,
      data: { browser: 'Firefox', network: 'n', country: 'GB' },
    });
    const start = (await journal.recent(ada, 1))[0]?.at ?? 0;
    // More than one batch of them.
    for (let n = 0; n < 250; n++)
      await journal.append({ type: 'wrong_code', accountId: bob, data: { n, network: 'n' } });
    advance(1000);
    await journal.append({ type: 'declined', accountId: ada, data: { country: 'GB' } });

    await journal.forget({ before: start, placesBefore: start + 1000 });
    assert.deepEqual(
      (await journal.recent(ada, 10)).map(({ data }) => data),
      [{ country: 'GB' }, { browser: 'Firefox' }],
    );
    const others = await journal.recent(bob, 300);
    assert.equal(others.length, 250);
    assert.ok(others.every(({ data }) => data?.network === undefined && data?.n !== undefined));

    await journal.forget({ before: start + 1000, placesBefore: start + 1000 });
    assert.deepEqual(
      (await journal.recent(ada, 10)).map(({ type }) => type),
      ['declined'],
    );
    assert.deepEqual(await journal.recent(bob, 10), []);
  });

  test("the events of an account that is no more are forgotten, and nobody else's", async () => {
    const { journal } = await open();
    await journal.append({ type: 'signed_in', accountId: ada });
    await journal.append({ type: 'signed_in', accountId: bob });
    await journal.forgetAccount(ada);
    assert.deepEqual(await journal.recent(ada, 10), []);
    assert.equal((await journal.recent(bob, 10)).length, 1);
  });

  test('50 events at once are all recorded', async () => {
    const { journal } = await open();
    await Promise.all(Array.from({ length: 50 }, () => journal.append({ type: 'wrong_code', accountId: ada })));
    assert.equal((await journal.recent(ada, 100)).length, 50);
  });
}
