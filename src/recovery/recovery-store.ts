import { type Kysely, sql } from 'kysely';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

/** `open` may be proven, `waiting` runs its time, `ready` may be finished; the others are over. */
export type Status = 'open' | 'waiting' | 'ready' | 'cancelled' | 'done' | 'disowned' | 'closed';

export type RecoveryRow = {
  id: string;
  account_id: AccountId | null;
  email: string;
  browser_hash: string;
  status: Status;
  issued_at: number | null;
  saved_at: number | null;
  bound_at: number | null;
  operator_at: number | null;
  bound_way: string | null;
  sealed_saved_code: string | null;
  user_agent: string | null;
  country: string | null;
  created_at: number;
  expires_at: number;
  waiting_since: number | null;
  waits_until: number | null;
  changed_at: number;
  told: string | null;
  cancel_hash: string;
  finish_hash: string;
};

export type Channel = 'email' | 'text' | 'operator';

export type IssuedCodeRow = {
  id: string;
  recovery_id: string | null;
  account_id: AccountId | null;
  channel: Channel;
  code_hash: string;
  link_hash: string | null;
  tries: number;
  created_at: number;
  expires_at: number;
  used_at: number | null;
};

type Tables = { recovery: RecoveryRow; recovery_issued_code: IssuedCodeRow };
type Change = Partial<Omit<RecoveryRow, 'id'>>;
/** Whose codes: those of one attempt, or those an operator issued for an account. */
export type CodesOf = { recoveryId: string; channel: 'email' | 'text' } | { accountId: AccountId; channel: 'operator' };

export type RecoveryStore = ReturnType<typeof createRecoveryStore>;

export function createRecoveryStore(database: Database) {
  const on = (trx?: DatabaseTransaction): Kysely<Tables> =>
    (trx ?? database.query).withTables<Tables>() as unknown as Kysely<Tables>;
  const liveCodes = (of: CodesOf, now: number) => (table: ReturnType<typeof codesTable>) =>
    ('accountId' in of
      ? table.where('account_id', '=', of.accountId).where('recovery_id', 'is', null)
      : table.where('recovery_id', '=', of.recoveryId)
    )
      .where('channel', '=', of.channel)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now);
  const codesTable = (trx?: DatabaseTransaction) => on(trx).updateTable('recovery_issued_code');

  return {
    async insert(row: RecoveryRow, trx?: DatabaseTransaction): Promise<void> {
      await on(trx).insertInto('recovery').values(row).execute();
    },

    find: (id: string) => on().selectFrom('recovery').selectAll().where('id', '=', id).executeTakeFirst(),

    /** What this browser is in the middle of, or came to the end of. */
    latestOf: (browserHash: string, now: number) =>
      on()
        .selectFrom('recovery')
        .selectAll()
        .where('browser_hash', '=', browserHash)
        .where('expires_at', '>', now)
        .where('status', '<>', 'closed')
        .orderBy('changed_at', 'desc')
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst(),

    findByToken: (column: 'cancel_hash' | 'finish_hash', hash: string) =>
      on().selectFrom('recovery').selectAll().where(column, '=', hash).executeTakeFirst(),

    /** Those that run their time or have run it, the first to end first. */
    pendingOf: (accountId: AccountId, now: number) =>
      on()
        .selectFrom('recovery')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('status', 'in', ['waiting', 'ready'])
        .where('expires_at', '>', now)
        .orderBy('waits_until')
        .execute(),

    /** Done, and said by the owner not to have been them. */
    disownedOf: (accountId: AccountId) =>
      on()
        .selectFrom('recovery')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('status', '=', 'disowned')
        .execute(),

    async countWaits(accountId: AccountId, since: number, trx: DatabaseTransaction): Promise<number> {
      const row = await on(trx)
        .selectFrom('recovery')
        .select((e) => e.fn.countAll().as('n'))
        .where('account_id', '=', accountId)
        .where('waiting_since', '>', since)
        .executeTakeFirstOrThrow();
      return Number(row.n);
    },

    /** True for the one caller that finds it in one of the states `from`. */
    async change(
      id: string,
      from: readonly Status[],
      change: Change,
      trx?: DatabaseTransaction,
      where: { browserHash?: string; liveAt?: number } = {},
    ): Promise<boolean> {
      let query = on(trx).updateTable('recovery').set(change).where('id', '=', id).where('status', 'in', from);
      if (where.browserHash !== undefined) query = query.where('browser_hash', '=', where.browserHash);
      if (where.liveAt !== undefined) query = query.where('expires_at', '>', where.liveAt);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** One at a time per account: of two attempts that finish at once, each would wait for the other's row. */
    async lock(accountId: AccountId, trx: DatabaseTransaction): Promise<void> {
      await on(trx)
        .updateTable('recovery')
        .set({ account_id: accountId })
        .where('account_id', '=', accountId)
        .execute();
    },

    /** Ends whatever else is under way for the account. */
    async closeOthers(accountId: AccountId, except: string, now: number, trx: DatabaseTransaction): Promise<void> {
      await on(trx)
        .updateTable('recovery')
        .set({ status: 'closed', changed_at: now, sealed_saved_code: null })
        .where('account_id', '=', accountId)
        .where('id', '<>', except)
        .where('status', 'in', ['open', 'waiting', 'ready'])
        .execute();
    },

    /** Ends all that is under way for the account, or what was begun at `from` or later; how many waiting periods were among it. */
    async endAll(accountId: AccountId, now: number, trx: DatabaseTransaction, from = 0): Promise<number> {
      const ended = { changed_at: now, sealed_saved_code: null };
      const mine = (status: Status, those: readonly Status[]) =>
        on(trx)
          .updateTable('recovery')
          .set({ status, ...ended })
          .where('account_id', '=', accountId)
          .where('created_at', '>=', from)
          .where('status', 'in', those)
          .executeTakeFirst();
      await mine('closed', ['open']);
      return Number((await mine('cancelled', ['waiting', 'ready'])).numUpdatedRows);
    },

    /** Whose time is up. */
    overdue: (now: number, limit: number) =>
      on()
        .selectFrom('recovery')
        .selectAll()
        .where('status', '=', 'waiting')
        .where('waits_until', '<=', now)
        .limit(limit)
        .execute(),

    /** Changed in that time, and their owner has not been told. */
    untold: (from: number, to: number, limit: number) =>
      on()
        .selectFrom('recovery')
        .selectAll()
        .where('status', 'in', ['waiting', 'ready', 'cancelled', 'done', 'disowned'])
        .where('account_id', 'is not', null)
        .where('changed_at', '>', from)
        .where('changed_at', '<=', to)
        .where((e) => e.or([e('told', 'is', null), e('told', '<>', e.ref('status'))]))
        .orderBy('changed_at')
        .limit(limit)
        .execute(),

    /** A saved code that was to be shown and had its time. */
    async forgetSaved(before: number): Promise<void> {
      await on()
        .updateTable('recovery')
        .set({ sealed_saved_code: null })
        .where('sealed_saved_code', 'is not', null)
        .where('changed_at', '<=', before)
        .where('status', 'not in', ['open', 'waiting', 'ready'])
        .execute();
    },

    async insertCode(row: IssuedCodeRow): Promise<void> {
      await on().insertInto('recovery_issued_code').values(row).execute();
    },

    /** A newer request ends what came before it: one live code at a time. */
    async supersede(of: CodesOf, now: number): Promise<void> {
      await liveCodes(of, now)(codesTable()).set({ expires_at: now }).execute();
    },

    /** Counts a try before anything is compared, so that guesses sent at once are all counted; those with a try left. */
    countTry: (of: CodesOf, now: number, limit: number): Promise<IssuedCodeRow[]> =>
      liveCodes(
        of,
        now,
      )(codesTable())
        .set({ tries: sql`tries + 1` })
        .where('tries', '<', limit)
        .returningAll()
        .execute(),

    latestCode: (recoveryId: string, channel: 'email' | 'text') =>
      on()
        .selectFrom('recovery_issued_code')
        .selectAll()
        .where('recovery_id', '=', recoveryId)
        .where('channel', '=', channel)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),

    findLink: (linkHash: string) =>
      on().selectFrom('recovery_issued_code').selectAll().where('link_hash', '=', linkHash).executeTakeFirst(),

    /** True for one caller, while it is good. */
    async useCode(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await codesTable(trx)
        .set({ used_at: now })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** How many codes were issued for an address, whoever asked, known or not. */
    async countIssued(email: string, channel: 'email' | 'text', since: number): Promise<number> {
      const row = await on()
        .selectFrom('recovery_issued_code as code')
        .innerJoin('recovery', 'recovery.id', 'code.recovery_id')
        .select((e) => e.fn.countAll().as('n'))
        .where('recovery.email', '=', email)
        .where('code.channel', '=', channel)
        .where('code.created_at', '>', since)
        .executeTakeFirstOrThrow();
      return Number(row.n);
    },

    /** Removes what ended before `before`, and what was never proven already before `unprovenBefore`. */
    async removeEnded(before: number, unprovenBefore: number): Promise<number> {
      await on().deleteFrom('recovery_issued_code').where('expires_at', '<=', unprovenBefore).execute();
      const result = await on()
        .deleteFrom('recovery')
        .where((e) =>
          e.or([
            e('expires_at', '<=', before),
            e.and([e('expires_at', '<=', unprovenBefore), e('status', 'in', ['open', 'closed'])]),
          ]),
        )
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
