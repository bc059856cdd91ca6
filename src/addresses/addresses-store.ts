import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, AddressId } from '../ids.ts';

export type AddressRow = {
  id: AddressId;
  account_id: AccountId;
  kind: 'email' | 'phone';
  value: string;
  added_at: number;
  reviewed_at: number;
  /** Reported lost then. */
  suspended_at?: number | null | undefined;
};

type Tables = { address: AddressRow };

export type AddressesStore = ReturnType<typeof createAddressesStore>;

export function createAddressesStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    list: (accountId: AccountId) =>
      db
        .selectFrom('address')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('added_at')
        .orderBy('id')
        .execute(),

    async count(accountId: AccountId, kind: string, trx: DatabaseTransaction): Promise<number> {
      const row = await trx
        .withTables<Tables>()
        .selectFrom('address')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('account_id', '=', accountId)
        .where('kind', '=', kind as AddressRow['kind'])
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    /** False if the account has it already. */
    async insert(row: AddressRow, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .insertInto('address')
        .values(row)
        .onConflict((conflict) => conflict.columns(['account_id', 'kind', 'value']).doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },

    /** True for one caller. */
    async remove(accountId: AccountId, id: AddressId, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .deleteFrom('address')
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    /** Phone numbers alone: who reads a mailbox is not who has a phone. */
    async suspend(accountId: AccountId, ids: readonly AddressId[], now: number, trx: DatabaseTransaction) {
      await trx
        .withTables<Tables>()
        .updateTable('address')
        .set({ suspended_at: now })
        .where('account_id', '=', accountId)
        .where('kind', '=', 'phone')
        .where('id', 'in', ids)
        .where('suspended_at', 'is', null)
        .execute();
    },

    async resume(accountId: AccountId, id: AddressId, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('address')
        .set({ suspended_at: null })
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .where('suspended_at', 'is not', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async removeAll(accountId: AccountId, ids: readonly AddressId[], trx: DatabaseTransaction): Promise<AddressRow[]> {
      return trx
        .withTables<Tables>()
        .deleteFrom('address')
        .where('account_id', '=', accountId)
        .where('id', 'in', ids)
        .returningAll()
        .execute();
    },

    async removeValue(accountId: AccountId, email: string, trx: DatabaseTransaction): Promise<void> {
      await trx
        .withTables<Tables>()
        .deleteFrom('address')
        .where('account_id', '=', accountId)
        .where('kind', '=', 'email')
        .where('value', '=', email)
        .execute();
    },

    async removeAddedSince(accountId: AccountId, since: number, trx: DatabaseTransaction): Promise<void> {
      await trx
        .withTables<Tables>()
        .deleteFrom('address')
        .where('account_id', '=', accountId)
        .where('added_at', '>=', since)
        .execute();
    },

    /** Accounts of which an address was last looked at before. */
    async unreviewed(before: number, limit: number): Promise<AccountId[]> {
      const rows = await db
        .selectFrom('address')
        .select('account_id')
        .distinct()
        .where('reviewed_at', '<', before)
        .limit(limit)
        .execute();
      return rows.map((row) => row.account_id);
    },

    /** True for one caller, if any was looked at before. */
    async reviewed(accountId: AccountId, before: number, now: number): Promise<boolean> {
      const result = await db
        .updateTable('address')
        .set({ reviewed_at: now })
        .where('account_id', '=', accountId)
        .where('reviewed_at', '<', before)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}
