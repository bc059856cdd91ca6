import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

export type AccountRow = {
  id: AccountId;
  email: string;
  name: string | null;
  locale: string | null;
  passkey_user_id: string;
  created_at: number;
  /** When it will be removed. */
  closing_at: number | null;
  /** When its owner last went through the security check-up. */
  checked_at: number | null;
};

type Tables = { account: AccountRow };

export type AccountStore = ReturnType<typeof createAccountStore>;

export function createAccountStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const byId = database.statement<{ id: AccountId }, AccountRow>((value) =>
    db.selectFrom('account').selectAll().where('id', '=', value('id')),
  );
  return {
    find: async (id: AccountId, trx?: DatabaseTransaction): Promise<AccountRow | undefined> =>
      trx
        ? trx.withTables<Tables>().selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst()
        : (await byId.rows({ id }))[0],

    findByEmail: (email: string) => db.selectFrom('account').selectAll().where('email', '=', email).executeTakeFirst(),

    async insert(row: AccountRow, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().insertInto('account').values(row).execute();
    },

    list: () => db.selectFrom('account').selectAll().orderBy('created_at').orderBy('id').execute(),

    /** With a time, only if it has been closed since before it. */
    async remove(id: AccountId, closedBy?: number): Promise<boolean> {
      let query = db.deleteFrom('account').where('id', '=', id);
      if (closedBy !== undefined) query = query.where('closing_at', '<=', closedBy);
      const result = await query.executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    async lock(id: AccountId, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().updateTable('account').set({ id }).where('id', '=', id).execute();
    },

    async changeEmail(
      id: AccountId,
      { from, to }: { from: string; to: string },
      trx: DatabaseTransaction,
    ): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('account')
        .set({ email: to })
        .where('id', '=', id)
        .where('email', '=', from)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async set(id: AccountId, changes: Partial<Pick<AccountRow, 'name' | 'locale' | 'checked_at'>>): Promise<void> {
      await db.updateTable('account').set(changes).where('id', '=', id).execute();
    },

    /** True for the one caller that changes it. Once its time has come nobody does: it may be half removed. */
    async setClosing(id: AccountId, at: number | null, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const query = trx.withTables<Tables>().updateTable('account').set({ closing_at: at }).where('id', '=', id);
      const open = at === null ? query.where('closing_at', '>', now) : query.where('closing_at', 'is', null);
      const result = await open.executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    closingBefore: (time: number, limit: number) =>
      db.selectFrom('account').selectAll().where('closing_at', '<=', time).orderBy('closing_at').limit(limit).execute(),
  };
}
