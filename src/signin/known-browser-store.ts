import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

export type KnownBrowserRow = {
  account_id: AccountId;
  browser_hash: string;
  first_seen_at: number;
  last_seen_at: number;
};

type Tables = { known_browser: KnownBrowserRow };

export function createKnownBrowserStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    /** When it was first seen; undefined if it is not known since `since`. */
    async seenAgain(
      accountId: AccountId,
      browserHash: string,
      at: { now: number; since: number },
      trx: DatabaseTransaction,
    ): Promise<number | undefined> {
      const row = await trx
        .withTables<Tables>()
        .updateTable('known_browser')
        .set({ last_seen_at: at.now })
        .where('account_id', '=', accountId)
        .where('browser_hash', '=', browserHash)
        .where('last_seen_at', '>', at.since)
        .returning('first_seen_at')
        .executeTakeFirst();
      return row?.first_seen_at;
    },

    /** In place of one from long ago. */
    async insert(row: KnownBrowserRow, trx: DatabaseTransaction): Promise<void> {
      const { account_id: _account, browser_hash: _browser, ...values } = row;
      await trx
        .withTables<Tables>()
        .insertInto('known_browser')
        .values(row)
        .onConflict((conflict) => conflict.columns(['account_id', 'browser_hash']).doUpdateSet(values))
        .execute();
    },

    /** Forgets what is too many beside `browserHash`: of those that are not known longest, those not seen for longest. */
    async makeRoom(
      accountId: AccountId,
      browserHash: string,
      { firsts, lasts }: { firsts: number; lasts: number },
      trx: DatabaseTransaction,
    ): Promise<void> {
      const tables = trx.withTables<Tables>();
      const others = tables
        .selectFrom('known_browser')
        .select('browser_hash')
        .where('account_id', '=', accountId)
        .where('browser_hash', '<>', browserHash);
      const longest = others.orderBy('first_seen_at').orderBy('browser_hash').limit(firsts);
      const tooMany = others
        .where('browser_hash', 'not in', longest)
        .orderBy('last_seen_at', 'desc')
        .orderBy('browser_hash')
        .limit(1000)
        .offset(lasts);
      await tables
        .deleteFrom('known_browser')
        .where('account_id', '=', accountId)
        .where('browser_hash', 'in', tooMany)
        .execute();
    },

    find: (accountId: AccountId, browserHash: string, since: number) =>
      db
        .selectFrom('known_browser')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('browser_hash', '=', browserHash)
        .where('last_seen_at', '>', since)
        .executeTakeFirst(),

    async accountsOf(browserHash: string, since: number): Promise<AccountId[]> {
      const rows = await db
        .selectFrom('known_browser')
        .select('account_id')
        .where('browser_hash', '=', browserHash)
        .where('last_seen_at', '>', since)
        .orderBy('last_seen_at', 'desc')
        .orderBy('account_id')
        // A page shows no more, and a computer of many people should not list them all.
        .limit(5)
        .execute();
      return rows.map((row) => row.account_id);
    },

    /** When the account was last signed in to in a browser that it had by `settledBy`. */
    async lastSeen(accountId: AccountId, settledBy: number): Promise<number | undefined> {
      const row = await db
        .selectFrom('known_browser')
        .select((e) => e.fn.max('last_seen_at').as('at'))
        .where('account_id', '=', accountId)
        .where('first_seen_at', '<=', settledBy)
        .executeTakeFirst();
      return row?.at == null ? undefined : Number(row.at);
    },

    async remove(accountId: AccountId, browserHash: string): Promise<void> {
      await db
        .deleteFrom('known_browser')
        .where('account_id', '=', accountId)
        .where('browser_hash', '=', browserHash)
        .execute();
    },

    async removeAllOf(
      accountId: AccountId,
      { except, seenFirstAfter }: { except?: string | undefined; seenFirstAfter?: number | undefined },
      trx: DatabaseTransaction,
    ): Promise<void> {
      let query = trx.withTables<Tables>().deleteFrom('known_browser').where('account_id', '=', accountId);
      if (except !== undefined) query = query.where('browser_hash', '<>', except);
      if (seenFirstAfter !== undefined) query = query.where('first_seen_at', '>', seenFirstAfter);
      await query.execute();
    },

    async removeSeenBefore(time: number): Promise<void> {
      await db.deleteFrom('known_browser').where('last_seen_at', '<=', time).execute();
    },
  };
}
