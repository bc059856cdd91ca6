import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';

export type NoticeRow = {
  id: string;
  account_id: AccountId;
  session_id: SessionId;
  event_id: string | null;
  token_hash: string;
  /** Such as `Firefox on Linux`. */
  browser: string | null;
  country: string | null;
  /** What was used, space-separated, and the passkey if it was one; null where an older process has noted it. */
  methods: string | null;
  credential: string | null;
  signed_in_at: number;
  told_at: number | null;
  ended_at: number | null;
};

type Tables = { sign_in_notice: NoticeRow };

export function createNoticesStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    async insert(row: NoticeRow): Promise<void> {
      await db.insertInto('sign_in_notice').values(row).execute();
    },

    findByToken: (tokenHash: string): Promise<NoticeRow | undefined> =>
      db.selectFrom('sign_in_notice').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst(),

    /** True for the one caller that ended it. */
    async markEnded(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('sign_in_notice')
        .set({ ended_at: now })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async markTold(id: string, now: number): Promise<void> {
      await db.updateTable('sign_in_notice').set({ told_at: now }).where('id', '=', id).execute();
    },

    /** Signed in in that time, and their owner has not been told. */
    untold: (from: number, to: number, limit: number): Promise<NoticeRow[]> =>
      db
        .selectFrom('sign_in_notice')
        .selectAll()
        .where('told_at', 'is', null)
        .where('ended_at', 'is', null)
        .where('signed_in_at', '>', from)
        .where('signed_in_at', '<=', to)
        .orderBy('signed_in_at')
        .limit(limit)
        .execute(),

    async removeBefore(time: number): Promise<void> {
      await db.deleteFrom('sign_in_notice').where('signed_in_at', '<=', time).execute();
    },
  };
}
