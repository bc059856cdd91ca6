import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';

export type SessionRow = {
  id: SessionId;
  secret_hash: string;
  /** What `secret_hash` was before the proof at `renewed_at`; both null if a sign-in came last. */
  previous_secret_hash: string | null;
  renewed_at: number | null;
  current_account_id: AccountId | null;
  user_agent: string | null;
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
};

type Tables = { session: SessionRow; session_account: SessionAccountRow };

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
        .select(['session_account.country', 'session_account.signed_in_at'])
        .where('session_account.account_id', '=', accountId)
        .where('session_account.signed_in_at', '>', since)
        .where('session.seen_at', '>', usedSince)
        .orderBy('session.seen_at', 'desc')
        .orderBy('session.id')
        .execute(),

    async removeAccount(id: SessionId, accountId: AccountId): Promise<boolean> {
      const result = await db
        .deleteFrom('session_account')
        .where('session_id', '=', id)
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    async remove(id: SessionId): Promise<void> {
      await db.deleteFrom('session').where('id', '=', id).execute();
    },

    async removeAccountEverywhere(
      accountId: AccountId,
      except: SessionId | undefined,
      trx?: DatabaseTransaction,
    ): Promise<void> {
      const tables = trx ? trx.withTables<Tables>() : db;
      let query = tables.deleteFrom('session_account').where('account_id', '=', accountId);
      if (except) query = query.where('session_id', '<>', except);
      await query.execute();
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
