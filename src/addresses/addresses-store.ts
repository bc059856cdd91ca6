import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, AddressId } from '../ids.ts';

export type AddressRow = {
  id: AddressId;
  account_id: AccountId;
  kind: 'email' | 'phone';
  value: string;
  added_at: number;
  reviewed_at: number;
};

/** A change of the account's own address, which the old one can take back for a while. */
export type EmailChangeRow = {
  id: string;
  account_id: AccountId;
  old_email: string;
  new_email: string;
  undo_hash: string;
  changed_at: number;
  undone_at: number | null;
};

type Tables = { address: AddressRow; email_change: EmailChangeRow };

export type AddressesStore = ReturnType<typeof createAddressesStore>;

export function createAddressesStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const of = (accountId: AccountId) => db.selectFrom('address').selectAll().where('account_id', '=', accountId);

  return {
    list: (accountId: AccountId) => of(accountId).orderBy('added_at').orderBy('id').execute(),

    /** Addresses given up since, and not put back. */
    async givenUp(accountId: AccountId, since: number): Promise<string[]> {
      const rows = await db
        .selectFrom('email_change')
        .select('old_email')
        .where('account_id', '=', accountId)
        .where('changed_at', '>', since)
        .where('undone_at', 'is', null)
        .execute();
      return rows.map((row) => row.old_email);
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
  };
}
