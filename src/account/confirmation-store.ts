import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';

export type ConfirmationRow = {
  id: string;
  email: string;
  browser_hash: string;
  code_hash: string;
  link_hash: string;
  tries: number;
  created_at: number;
  expires_at: number;
  confirmed_at: number | null;
  used_at: number | null;
};

type Tables = { mail_confirmation: ConfirmationRow };
/** One address in one browser: what a code typed there may belong to. */
type Place = { email: string; browserHash: string };

export type ConfirmationStore = ReturnType<typeof createConfirmationStore>;

export function createConfirmationStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const at = ({ email, browserHash }: Place) =>
    db.selectFrom('mail_confirmation').selectAll().where('email', '=', email).where('browser_hash', '=', browserHash);

  return {
    async insert(row: ConfirmationRow): Promise<void> {
      await db.insertInto('mail_confirmation').values(row).execute();
    },

    /**
     * Counts a try against every code still waiting, before any is compared, and returns those that had a try left.
     * Guesses sent at once are all counted.
     */
    async countTry({ email, browserHash }: Place, now: number, limit: number): Promise<ConfirmationRow[]> {
      return db
        .updateTable('mail_confirmation')
        .set({ tries: sql`tries + 1` })
        .where('email', '=', email)
        .where('browser_hash', '=', browserHash)
        .where('expires_at', '>', now)
        .where('confirmed_at', 'is', null)
        .where('tries', '<', limit)
        .returningAll()
        .execute();
    },

    /** True for one caller, while it is good. */
    async confirm(id: string, now: number): Promise<boolean> {
      const result = await db
        .updateTable('mail_confirmation')
        .set({ confirmed_at: now })
        .where('id', '=', id)
        .where('confirmed_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    latest: (place: Place) => at(place).orderBy('created_at', 'desc').limit(1).executeTakeFirst(),

    findConfirmed: (place: Place, since: number) =>
      at(place).where('confirmed_at', '>', since).where('used_at', 'is', null).limit(1).executeTakeFirst(),

    findByLink: (linkHash: string) =>
      db.selectFrom('mail_confirmation').selectAll().where('link_hash', '=', linkHash).executeTakeFirst(),

    /** True for one caller: a confirmed address makes one account. */
    async use(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('mail_confirmation')
        .set({ used_at: now })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async removeEnded(before: number): Promise<number> {
      const result = await db.deleteFrom('mail_confirmation').where('expires_at', '<=', before).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
