import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { KnownBrowserRow } from './known-browser-store.ts';

export type SessionRow = {
  id: SessionId;
  secret_hash: string;
  /** What `secret_hash` was before the proof at `renewed_at`; both null if a sign-in came last. */
  previous_secret_hash: string | null;
  renewed_at: number | null;
  current_account_id: AccountId | null;
  user_agent: string | null;
  /** As `known_browser` has it; null if older than that column. */
  browser_hash: string | null;
  created_at: number;
  seen_at: number;
  expires_at: number;
};

export type SessionAccountRow = {
  session_id: SessionId;
  account_id: AccountId;
  /** Space-separated. */
  methods: string;
  signed_in_at: number;
  proven_at: number;
  spendable_proof_at: number | null;
  /** Where it signed in, ISO 3166-1 alpha-2. */
  country: string | null;
  /** Since when the account has had what vouches for this sign-in: its browser, or its second step. */
  vouched_since: number | null;
};

/** How many of an account's browsers stay: those known longest, and of the others those used last. */
export type Room = { firsts: number; lasts: number };

type Tables = { session: SessionRow; session_account: SessionAccountRow; known_browser: KnownBrowserRow };

export type SigninStore = ReturnType<typeof createSigninStore>;

export function createSigninStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    findBySecret: (secretHash: string) =>
      db.selectFrom('session').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst(),

    /** By the secret that a proof replaced after `since`. */
    findByPreviousSecret: (secretHash: string, since: number) =>
      db
        .selectFrom('session')
        .selectAll()
        .where('previous_secret_hash', '=', secretHash)
        .where('renewed_at', '>', since)
        .executeTakeFirst(),

    accountsOf: (id: SessionId) =>
      db
        .selectFrom('session_account')
        .selectAll()
        .where('session_id', '=', id)
        .orderBy('signed_in_at')
        .orderBy('account_id')
        .execute(),

    async insert(row: SessionRow, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().insertInto('session').values(row).execute();
    },

    /** False if the secret was renewed or the session ended meanwhile. */
    async renew(
      id: SessionId,
      before: string,
      next: Partial<Omit<SessionRow, 'id'>>,
      trx: DatabaseTransaction,
    ): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('session')
        .set(next)
        .where('id', '=', id)
        .where('secret_hash', '=', before)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async saveAccount(row: SessionAccountRow, trx: DatabaseTransaction): Promise<void> {
      const { session_id: _session, account_id: _account, ...values } = row;
      await trx
        .withTables<Tables>()
        .insertInto('session_account')
        .values(row)
        .onConflict((conflict) => conflict.columns(['session_id', 'account_id']).doUpdateSet(values))
        .execute();
    },

    async proven(
      id: SessionId,
      accountId: AccountId,
      proof: Pick<SessionAccountRow, 'methods' | 'proven_at' | 'spendable_proof_at'>,
      trx: DatabaseTransaction,
    ): Promise<void> {
      await trx
        .withTables<Tables>()
        .updateTable('session_account')
        .set(proof)
        .where('session_id', '=', id)
        .where('account_id', '=', accountId)
        .execute();
    },

    /** True for one caller per proof given in that time. */
    async spendProof(id: SessionId, accountId: AccountId, given: { since: number; until: number }): Promise<boolean> {
      const result = await db
        .updateTable('session_account')
        .set({ spendable_proof_at: null })
        .where('session_id', '=', id)
        .where('account_id', '=', accountId)
        .where('spendable_proof_at', '>=', given.since)
        .where('spendable_proof_at', '<=', given.until)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async seen(id: SessionId, at: number): Promise<void> {
      await db.updateTable('session').set({ seen_at: at }).where('id', '=', id).execute();
    },

    async setCurrent(id: SessionId, accountId: AccountId): Promise<void> {
      await db.updateTable('session').set({ current_account_id: accountId }).where('id', '=', id).execute();
    },

    /** The sessions that an account is signed in in since `since`, used after `usedSince`; the last used first. */
    sessionsOf: (accountId: AccountId, { since, usedSince }: { since: number; usedSince: number }) =>
      db
        .selectFrom('session_account')
        .innerJoin('session', 'session.id', 'session_account.session_id')
        .select(['session.id', 'session.user_agent', 'session.seen_at'])
        .select(['session_account.country', 'session_account.signed_in_at', 'session_account.methods'])
        .select('session_account.vouched_since')
        .where('session_account.account_id', '=', accountId)
        .where('session_account.signed_in_at', '>', since)
        .where('session.seen_at', '>', usedSince)
        .orderBy('session.seen_at', 'desc')
        .orderBy('session.id')
        .execute(),

    findAccount: (id: SessionId, accountId: AccountId, trx?: DatabaseTransaction) =>
      (trx ? trx.withTables<Tables>() : db)
        .selectFrom('session_account')
        .selectAll()
        .where('session_id', '=', id)
        .where('account_id', '=', accountId)
        .executeTakeFirst(),

    /**
     * The sessions of an account that are too many beside `id`. Whoever has the password can make sessions without end;
     * they push out each other, never one of a browser that the account has known longer (fault B7).
     */
    async tooMany(accountId: AccountId, id: SessionId, { firsts, lasts }: Room, trx: DatabaseTransaction) {
      const others = trx
        .withTables<Tables>()
        .selectFrom('session_account')
        .innerJoin('session', 'session.id', 'session_account.session_id')
        .leftJoin('known_browser', (join) =>
          join
            .onRef('known_browser.account_id', '=', 'session_account.account_id')
            .onRef('known_browser.browser_hash', '=', 'session.browser_hash'),
        )
        .select('session.id')
        .where('session_account.account_id', '=', accountId)
        .where('session.id', '<>', id);
      const longest = others
        .orderBy((by) => by.fn.coalesce('known_browser.first_seen_at', 'session.created_at'))
        .orderBy('session.created_at')
        .orderBy('session.id')
        .limit(firsts);
      const rows = await others
        .where('session.id', 'not in', longest)
        .orderBy('session.seen_at', 'desc')
        .orderBy('session.created_at', 'desc')
        .orderBy('session.id')
        .limit(1000)
        .offset(lasts)
        .execute();
      return rows.map((row) => row.id);
    },

    /** The account's sessions of this browser that began before `before`, beside `id`: their cookies are gone. */
    async abandoned(
      accountId: AccountId,
      { id, browserHash, before }: { id: SessionId; browserHash: string; before: number },
      trx: DatabaseTransaction,
    ): Promise<SessionId[]> {
      const rows = await trx
        .withTables<Tables>()
        .selectFrom('session_account')
        .innerJoin('session', 'session.id', 'session_account.session_id')
        .select('session.id')
        .where('session_account.account_id', '=', accountId)
        .where('session.browser_hash', '=', browserHash)
        .where('session.created_at', '<=', before)
        .where('session.id', '<>', id)
        .execute();
      return rows.map((row) => row.id);
    },

    /** Takes the account out of these sessions, and away those that nobody is left in. */
    async removeFrom(ids: readonly SessionId[], accountId: AccountId, trx: DatabaseTransaction): Promise<boolean> {
      const tables = trx.withTables<Tables>();
      const removed = await tables
        .deleteFrom('session_account')
        .where('account_id', '=', accountId)
        .where('session_id', 'in', ids)
        .executeTakeFirst();
      await tables
        .deleteFrom('session')
        .where('id', 'in', ids)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('session_account').select('account_id').whereRef('session_id', '=', 'session.id'))),
        )
        .execute();
      return removed.numDeletedRows > 0n;
    },

    async removeAccount(id: SessionId, accountId: AccountId, trx?: DatabaseTransaction): Promise<boolean> {
      if (trx) return this.removeFrom([id], accountId, trx);
      return database.transaction((own) => this.removeFrom([id], accountId, own));
    },

    async remove(id: SessionId): Promise<void> {
      await db.deleteFrom('session').where('id', '=', id).execute();
    },

    async removeAccountEverywhere(
      accountId: AccountId,
      except: SessionId | undefined,
      trx: DatabaseTransaction,
    ): Promise<void> {
      const tables = trx.withTables<Tables>();
      const rows = await tables
        .selectFrom('session_account')
        .select('session_id')
        .where('account_id', '=', accountId)
        .where('session_id', '<>', except ?? ('' as SessionId))
        .execute();
      const ids = rows.map((row) => row.session_id);
      if (ids.length > 0) await this.removeFrom(ids, accountId, trx);
    },

    async removeYoung(
      accountId: AccountId,
      { from, settledBy }: { from: number; settledBy: number },
      trx: DatabaseTransaction,
    ): Promise<SessionId[]> {
      const rows = await trx
        .withTables<Tables>()
        .deleteFrom('session_account')
        .where('account_id', '=', accountId)
        .where('signed_in_at', '>=', from)
        .where('signed_in_at', '>', settledBy)
        .where((e) => e.or([e('vouched_since', 'is', null), e('vouched_since', '>', settledBy)]))
        .returning('session_id')
        .execute();
      const ids = rows.map((row) => row.session_id);
      if (ids.length > 0) await this.removeFrom(ids, accountId, trx);
      return ids;
    },

    async removeEnded(now: number, idleSince: number): Promise<number> {
      const result = await db
        .deleteFrom('session')
        .where((or) => or.or([or('expires_at', '<=', now), or('seen_at', '<=', idleSince)]))
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
