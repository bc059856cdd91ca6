import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';

/** What a confirmed value becomes: an alternate address, a phone number, the account's own address. */
export type Purpose = 'email' | 'phone' | 'own';

export type ConfirmationRow = {
  id: string;
  account_id: AccountId;
  session_id: SessionId;
  purpose: Purpose;
  value: string;
  code_hash: string;
  link_hash: string | null;
  tries: number;
  created_at: number;
  expires_at: number;
  used_at: number | null;
};

type Tables = { address_confirmation: ConfirmationRow };
/** One value in one browser session: what a code typed there may belong to. */
export type Place = Pick<ConfirmationRow, 'account_id' | 'session_id' | 'purpose' | 'value'>;

export type ConfirmationsStore = ReturnType<typeof createConfirmationsStore>;

export function createConfirmationsStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const at = (place: Place) =>
    db
      .selectFrom('address_confirmation')
      .selectAll()
      .where('account_id', '=', place.account_id)
      .where('session_id', '=', place.session_id)
      .where('purpose', '=', place.purpose)
      .where('value', '=', place.value);

  return {
    async insert(row: ConfirmationRow): Promise<void> {
      await db.insertInto('address_confirmation').values(row).execute();
    },

    /** Only for the session that asked: another one's is as unknown as one that never was (F12). */
    find: (id: string, owner: { accountId: AccountId; sessionId: SessionId }) =>
      db
        .selectFrom('address_confirmation')
        .selectAll()
        .where('id', '=', id)
        .where('account_id', '=', owner.accountId)
        .where('session_id', '=', owner.sessionId)
        .executeTakeFirst(),

    findByLink: (linkHash: string) =>
      db.selectFrom('address_confirmation').selectAll().where('link_hash', '=', linkHash).executeTakeFirst(),

    /**
     * Counts a try against every code still waiting, before any is compared, and returns those that had a try left.
     * Guesses sent at once are all counted.
     */
    async countTry(place: Place, now: number, limit: number): Promise<ConfirmationRow[]> {
      return db
        .updateTable('address_confirmation')
        .set({ tries: sql`tries + 1` })
        .where('account_id', '=', place.account_id)
        .where('session_id', '=', place.session_id)
        .where('purpose', '=', place.purpose)
        .where('value', '=', place.value)
        .where('expires_at', '>', now)
        .where('used_at', 'is', null)
        .where('tries', '<', limit)
        .returningAll()
        .execute();
    },

    latest: (place: Place) => at(place).orderBy('created_at', 'desc').limit(1).executeTakeFirst(),

    /** Has the value been confirmed since, by this code or a later one? */
    async usedSince(place: Place, since: number): Promise<boolean> {
      const row = await at(place).where('used_at', '>=', since).limit(1).executeTakeFirst();
      return row !== undefined;
    },

    /** True for one caller, while it is good. */
    async use(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('address_confirmation')
        .set({ used_at: now })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** What has been asked for and not confirmed ends. */
    async dropWaiting(accountId: AccountId, trx: DatabaseTransaction, purpose?: Purpose): Promise<void> {
      let query = trx
        .withTables<Tables>()
        .deleteFrom('address_confirmation')
        .where('account_id', '=', accountId)
        .where('used_at', 'is', null);
      if (purpose) query = query.where('purpose', '=', purpose);
      await query.execute();
    },

    async removeEnded(before: number): Promise<void> {
      await db.deleteFrom('address_confirmation').where('expires_at', '<=', before).execute();
    },
  };
}
