import type { Kysely } from 'kysely';
import type { Clock } from '../../clock.ts';
import { type AccountId, newId } from '../../ids.ts';
import type { Random } from '../../random.ts';
import type { Database, DatabaseTransaction } from '../database/database.ts';
import { type Journal, placeFacts, type RecordedEvent, type SecurityEvent } from './journal.ts';

type JournalTables = {
  security_event: { id: string; at: number; type: string; account_id: string | null; data: string; placed: number };
};

const batch = 200;
const batchesAtOnce = 25;

/** The journal in the table `security_event`. A row is changed once, when its place is forgotten. */
export function createTableJournal(needs: { database: Database; clock: Clock; random: Random }): Journal {
  const { database, clock, random } = needs;
  const tables = (transaction?: DatabaseTransaction): Kysely<JournalTables> =>
    (transaction ?? database.query).withTables<JournalTables>() as unknown as Kysely<JournalTables>;
  let count = 0;
  const insert = database.statement<JournalTables['security_event']>((value) =>
    tables()
      .insertInto('security_event')
      .values({
        id: value('id'),
        at: value('at'),
        type: value('type'),
        account_id: value('account_id'),
        data: value('data'),
        placed: value('placed'),
      }),
  );

  /** Ids of one process sort in the order of its events, also of those within one millisecond. */
  const nextId = (): string => {
    count += 1;
    return `${count.toString(36).padStart(10, '0')}${newId(random)}`;
  };

  return {
    async append(event, transaction) {
      const row = {
        id: nextId(),
        at: clock.now(),
        type: event.type,
        account_id: event.accountId ?? null,
        data: JSON.stringify(event.data ?? {}),
        placed: Number(placeFacts.some((name) => event.data?.[name] !== undefined)),
      };
      if (transaction) await insert.change(row, transaction);
      else await tables().insertInto('security_event').values(row).execute();
    },

    async forget({ before, placesBefore }) {
      // Both values of `placed` are named, so that the index on it and the time serves.
      await tables().deleteFrom('security_event').where('placed', 'in', [0, 1]).where('at', '<', before).execute();
      await tables()
        .deleteFrom('security_event')
        .where('placed', 'in', [0, 1])
        .where('at', '<', placesBefore)
        .where('account_id', 'is', null)
        .execute();
      for (let done = 0; done < batchesAtOnce; done++) if ((await forgetPlaces(placesBefore)) < batch) return;
    },

    async forgetAccount(accountId) {
      await tables().deleteFrom('security_event').where('account_id', '=', accountId).execute();
    },

    async recent(accountId, limit, { types, before } = {}) {
      let query = tables().selectFrom('security_event').selectAll().where('account_id', '=', accountId);
      if (types) query = query.where('type', 'in', types);
      if (before) {
        const { at, id } = before;
        query = query.where((is) => is.or([is('at', '<', at), is.and([is('at', '=', at), is('id', '<', id)])]));
      }
      const rows = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute();
      return rows.map(toEvent);
    },

    async find(accountId, id) {
      const row = await tables()
        .selectFrom('security_event')
        .selectAll()
        .where('id', '=', id)
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      return row && toEvent(row);
    },
  };

  /** The next few; how many they were. */
  async function forgetPlaces(before: number): Promise<number> {
    return database.transaction(async (transaction) => {
      const rows = await tables(transaction)
        .selectFrom('security_event')
        .select(['id', 'data'])
        .where('placed', '=', 1)
        .where('at', '<', before)
        .limit(batch)
        .execute();
      for (const { id, data } of rows) {
        const changed = { data: withoutPlace(data), placed: 0 };
        await tables(transaction).updateTable('security_event').set(changed).where('id', '=', id).execute();
      }
      return rows.length;
    });
  }
}

function withoutPlace(data: string): string {
  const facts = JSON.parse(data) as Record<string, unknown>;
  for (const name of placeFacts) delete facts[name];
  return JSON.stringify(facts);
}

function toEvent(row: JournalTables['security_event']): RecordedEvent {
  return {
    id: row.id,
    at: row.at,
    type: row.type as SecurityEvent['type'],
    accountId: (row.account_id as AccountId | null) ?? undefined,
    data: JSON.parse(row.data),
  };
}
