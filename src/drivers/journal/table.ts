import type { Clock } from '../../clock.ts';
import { type AccountId, newId } from '../../ids.ts';
import type { Random } from '../../random.ts';
import type { Database } from '../database/database.ts';
import type { Journal, RecordedEvent, SecurityEvent } from './journal.ts';

type JournalTables = {
  security_event: { id: string; at: number; type: string; account_id: string | null; data: string };
};

/** The journal in the table `security_event`. No row is ever changed. */
export function createTableJournal(needs: { database: Database; clock: Clock; random: Random }): Journal {
  const { database, clock, random } = needs;
  let count = 0;

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
      };
      const tables = (transaction ?? database.query).withTables<JournalTables>();
      await tables.insertInto('security_event').values(row).execute();
    },

    async forget(before) {
      const tables = database.query.withTables<JournalTables>();
      await tables.deleteFrom('security_event').where('at', '<', before).execute();
    },

    async recent(accountId, limit) {
      const rows = await database.query
        .withTables<JournalTables>()
        .selectFrom('security_event')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toEvent);
    },
  };
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
