import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

export type FormerKind = 'password' | 'passkey' | 'key' | 'app';

export type FormerRow = {
  id: string;
  account_id: AccountId;
  kind: FormerKind;
  added_at: number;
  removed_at: number;
  /** 1 where a mail's link took it off. */
  taken_back: number;
};

type Tables = { former_authenticator: FormerRow };

/**
 * What an account could prove itself with and cannot any more: recovery asks what the account asked for before (fault A2).
 */
export function createFormerStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    async insert(rows: readonly FormerRow[], trx: DatabaseTransaction): Promise<void> {
      if (rows.length > 0) await trx.withTables<Tables>().insertInto('former_authenticator').values(rows).execute();
    },

    /** Removed after `time`. */
    removedSince: (id: AccountId, time: number) =>
      db
        .selectFrom('former_authenticator')
        .selectAll()
        .where('account_id', '=', id)
        .where('removed_at', '>', time)
        .execute(),

    async forget(id: AccountId, before: number, trx: DatabaseTransaction): Promise<void> {
      await trx
        .withTables<Tables>()
        .deleteFrom('former_authenticator')
        .where('account_id', '=', id)
        .where('removed_at', '<=', before)
        .execute();
    },
  };
}
