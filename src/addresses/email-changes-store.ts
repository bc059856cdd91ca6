import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

export type EmailChangeRow = {
  id: string;
  account_id: AccountId;
  old_email: string;
  new_email: string;
  undo_hash: string;
  changed_at: number;
  undone_at: number | null;
};

type Tables = { email_change: EmailChangeRow };

export function createEmailChangesStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const standing = (since: number) =>
    db
      .selectFrom('email_change')
      .select(['account_id', 'old_email'])
      .where('changed_at', '>', since)
      .where('undone_at', 'is', null);

  return {
    async insert(row: EmailChangeRow, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().insertInto('email_change').values(row).execute();
    },

    find: (undoHash: string) =>
      db.selectFrom('email_change').selectAll().where('undo_hash', '=', undoHash).executeTakeFirst(),

    findOwn: (accountId: AccountId, id: string) =>
      db
        .selectFrom('email_change')
        .selectAll()
        .where('id', '=', id)
        .where('account_id', '=', accountId)
        .executeTakeFirst(),

    /** Those that were not taken back, the first one first. */
    standingOf: (accountId: AccountId) =>
      db
        .selectFrom('email_change')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('undone_at', 'is', null)
        .orderBy('changed_at')
        .execute(),

    async accountsThatHad(email: string, since: number): Promise<AccountId[]> {
      const rows = await standing(since).where('old_email', '=', email).execute();
      return rows.map((row) => row.account_id);
    },

    /** True for one caller. */
    async undone(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('email_change')
        .set({ undone_at: now })
        .where('id', '=', id)
        .where('undone_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** Changes after this one: their links would bring back an address that this undoing has just taken away. */
    async removeLater({ id, account_id, changed_at }: EmailChangeRow, trx: DatabaseTransaction): Promise<void> {
      await trx
        .withTables<Tables>()
        .deleteFrom('email_change')
        .where('account_id', '=', account_id)
        .where('changed_at', '>=', changed_at)
        .where('id', '!=', id)
        .execute();
    },

    async removeBefore(before: number): Promise<void> {
      await db.deleteFrom('email_change').where('changed_at', '<=', before).execute();
    },
  };
}
