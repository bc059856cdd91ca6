import type { Kysely, Selectable } from 'kysely';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, ClientId, DeviceId } from '../ids.ts';

type DeviceTable = {
  id: DeviceId;
  account_id: AccountId;
  client_id: ClientId;
  grant_id: string;
  name: string;
  model: string | null;
  type: string | null;
  scope: string;
  country: string | null;
  linked_at: number;
  last_used_at: number | null;
  expires_at: number;
  undo_hash: string;
  /** When the mail about the link was handed on; null until then. */
  notified_at: number | null;
  unlinked_at: number | null;
  /** When the owner was told that it will be unlinked because nobody uses it. */
  unused_notice_at: number | null;
};

type Tables = { device: DeviceTable };
export type DeviceRow = Selectable<DeviceTable>;

/** What a row is found by; never a device id alone, so that nobody reaches another person's device (security.md F12). */
export type DeviceKey = { accountId: AccountId; id: DeviceId } | { undoHash: string } | { grantId: string };

export type DevicesStore = ReturnType<typeof createDevicesStore>;

export function createDevicesStore(database: Database) {
  const tables = (transaction?: DatabaseTransaction): Kysely<Tables> =>
    (transaction ?? database.query).withTables<Tables>() as unknown as Kysely<Tables>;

  const use = database.statement<{ grantId: string; now: number; notSince: number }>((value) =>
    tables()
      .updateTable('device')
      .set({ last_used_at: value('now') })
      .where('grant_id', '=', value('grantId'))
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', value('notSince'))])),
  );

  const collected = database.statement<{ grantId: string; now: number }>((value) =>
    tables()
      .updateTable('device')
      .set({ last_used_at: value('now') })
      .where('grant_id', '=', value('grantId'))
      .where('unlinked_at', 'is', null)
      .where('expires_at', '>', value('now')),
  );

  return {
    async insert(row: DeviceRow, transaction: DatabaseTransaction): Promise<void> {
      await tables(transaction).insertInto('device').values(row).execute();
    },

    /** Linked and not run out, newest first. */
    list(accountId: AccountId, now: number, transaction?: DatabaseTransaction): Promise<DeviceRow[]> {
      return tables(transaction)
        .selectFrom('device')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('unlinked_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('linked_at', 'desc')
        .orderBy('id')
        .execute();
    },

    /** Also when it was unlinked: the caller looks at `unlinked_at`. */
    find(key: DeviceKey, transaction?: DatabaseTransaction): Promise<DeviceRow | undefined> {
      return tables(transaction)
        .selectFrom('device')
        .selectAll()
        .where((eb) => eb.and(columnsOf(key)))
        .executeTakeFirst();
    },

    async rename(
      accountId: AccountId,
      id: DeviceId,
      name: string,
      now: number,
      transaction: DatabaseTransaction,
    ): Promise<boolean> {
      const result = await tables(transaction)
        .updateTable('device')
        .set({ name })
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .where('unlinked_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    /** True for the one caller that ended the link. */
    async markUnlinked(id: DeviceId, now: number, transaction: DatabaseTransaction): Promise<boolean> {
      const result = await tables(transaction)
        .updateTable('device')
        .set({ unlinked_at: now })
        .where('id', '=', id)
        .where('unlinked_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async noteUse(grantId: string, now: number, notSince: number, transaction?: DatabaseTransaction): Promise<void> {
      const values = { grantId, now, notSince };
      if (transaction) await use.change(values, transaction);
      else await database.transaction((own) => use.change(values, own));
    },

    /** The first use of a link; false if it has ended. */
    async noteCollected(grantId: string, now: number, transaction: DatabaseTransaction): Promise<boolean> {
      return (await collected.change({ grantId, now }, transaction)) === 1;
    },

    /** Linked in that time, and their owner has not been told. */
    listUnnoticed(from: number, to: number, limit: number): Promise<DeviceRow[]> {
      return tables()
        .selectFrom('device')
        .selectAll()
        .where('notified_at', 'is', null)
        .where('unlinked_at', 'is', null)
        .where('linked_at', '>', from)
        .where('linked_at', '<=', to)
        .orderBy('linked_at')
        .limit(limit)
        .execute();
    },

    /** Linked before `time`, in the order of their ids from the one after `last`. */
    pageLinkedBefore(time: number, last: string, limit: number): Promise<DeviceRow[]> {
      return tables()
        .selectFrom('device')
        .selectAll()
        .where('id', '>', last as DeviceId)
        .where('linked_at', '<', time)
        .where('unlinked_at', 'is', null)
        .orderBy('id')
        .limit(limit)
        .execute();
    },

    async noteUnusedNotice(id: DeviceId, now: number): Promise<void> {
      await tables().updateTable('device').set({ unused_notice_at: now }).where('id', '=', id).execute();
    },

    async noteNotice(id: DeviceId, now: number): Promise<void> {
      await tables().updateTable('device').set({ notified_at: now }).where('id', '=', id).execute();
    },

    /** Removes rows that ended before `before`; returns how many. */
    async removeEnded(before: number): Promise<number> {
      const result = await tables()
        .deleteFrom('device')
        .where((eb) => eb.or([eb('unlinked_at', '<', before), eb('expires_at', '<', before)]))
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}

function columnsOf(key: DeviceKey) {
  if ('undoHash' in key) return { undo_hash: key.undoHash };
  if ('grantId' in key) return { grant_id: key.grantId };
  return { account_id: key.accountId, id: key.id };
}
