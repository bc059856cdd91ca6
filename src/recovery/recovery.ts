import { type Clock, days, hours, minutes } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import { type EndedBy, settledBy, settling } from '../older.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { type Attempt, type From, provenOf } from './attempt.ts';
import { createFinishing, type Finishing, type FinishNeeds } from './finishing.ts';
import { createIssuedCodes, type IssuedCodes } from './issued-codes.ts';
import { type Held, isStrong, kindsMissing, type Way } from './kinds.ts';
import { createLostThings, isReachablePhone, type LostNeeds, type LostThings } from './lost-things.ts';
import { createProofs, type ProofAuthenticators, type Proofs } from './proofs.ts';
import { createRecoveryStore, type RecoveryRow } from './recovery-store.ts';
import { cancelToken, finishToken, tokenHash } from './tokens.ts';

export type Pending = { id: string; startedAt: number; endsAt: number };

export type Recovery = Proofs &
  Finishing &
  LostThings & {
    /** Begins anew in this browser; the same for every address (F5). */
    begin(email: string, from: From): Promise<void>;
    /** What this browser is in the middle of. */
    current(browserId: string): Promise<Attempt | undefined>;
    /** Starts the waiting period; undefined if nothing was proven, or it was started too often. */
    wait(attempt: Attempt): Promise<{ endsAt: number } | undefined>;
    /** The waiting period that ends first. For the pages of whoever is signed in. */
    pending(accountId: AccountId): Promise<Pending | undefined>;
    /**
     * Ends every waiting period of the account, or the one named, that is not older than what vouches for `by`; how many
     * that ended. What is young stops nothing (fault A2).
     */
    cancel(accountId: AccountId, by: EndedBy<SessionId>, id?: string): Promise<number>;
    /**
     * Ends whatever is under way for the account, the waiting period, too: an address was given up, or its owner has
     * changed the password or signed everybody else out. What a stranger has proven until then is for nothing. `since` is
     * how long the account has had what vouches for whoever does it: what is young ends nothing (fault A2).
     */
    endAll(accountId: AccountId, since: number, transaction: DatabaseTransaction): Promise<void>;
    /** By the token of a mail. `disowned` is the answer to a recovery that is done already. */
    findByCancelToken(token: string): Promise<Attempt | undefined>;
    cancelByToken(token: string): Promise<'cancelled' | 'disowned' | undefined>;
    /** A code for the owner, from an operator who has made sure that it is the owner. It is never to be had again. */
    issueByOperator(accountId: AccountId, lifetime: number): Promise<string>;
    /** Ends waiting periods that are over, tells owners who were not told, removes what is old. For a timer. */
    tidy(): Promise<void>;
    codes: Pick<IssuedCodes, 'allow' | 'issue'>;
    /** When everybody who is being told has been told. */
    settled(): Promise<void>;
  };

/** E20: 24 to 72 hours. */
export const waitTime = hours(48);
/** How long the finish is offered after that. */
const finishTime = days(7);
/** From the first page to the new password. */
const attemptTime = hours(2);
/** A mailbox in the wrong hands must not be able to begin again and again until its owner looks away. */
const mostWaits = { count: 3, window: days(7) };
const keptFor = days(30);

export type RecoveryNeeds = FinishNeeds & {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  journal: Pick<Journal, 'append'>;
  accounts: {
    findByEmail(email: string): Promise<{ id: AccountId } | undefined>;
    find(id: AccountId, transaction?: DatabaseTransaction): Promise<{ createdAt: number } | undefined>;
  };
  /** Since when the account has had what vouches for whoever ends something. */
  vouchedSince(accountId: AccountId, by: EndedBy<SessionId>): Promise<number>;
  authenticators: ProofAuthenticators & LostNeeds['authenticators'];
  addresses: LostNeeds['addresses'] & FinishNeeds['addresses'];
  maskPhone: LostNeeds['maskPhone'];
  /** Whether the account has signed in in this browser before (E10). */
  knows(accountId: AccountId | undefined, browserId: string): Promise<boolean>;
  /** Tells the owner what has become of an attempt; false if that is to be tried again. */
  tellOwner(row: RecoveryRow): Promise<boolean>;
  failed(error: unknown, what: string): void;
};

export function createRecovery(needs: RecoveryNeeds): Recovery {
  const { database, clock, random, secrets, journal, accounts, authenticators, addresses } = needs;
  const store = createRecoveryStore(database);
  const codes = createIssuedCodes({ ...needs, store });
  const browserHash = (browserId: string): string => secrets.hash('browser', browserId);

  const heldBy = async (accountId: AccountId, by: number): Promise<Held> => {
    const { methods, had, ever, savedCode } = await authenticators.settled(accountId, by);
    const [all, disowned] = await Promise.all([addresses.list(accountId), store.disownedOf(accountId)]);
    // Only an account that asks for two kinds is waited for, or given them.
    const asked = disowned.some((row) => row.waiting_since !== null || Object.keys(provenOf(row)).length > 1);
    const guarded = asked || isStrong(had) || isStrong(ever);
    const phones = all.filter((one) => isReachablePhone(one) && one.addedAt <= by).length;
    return { ...methods, savedCode, phones, guarded };
  };

  /** An attempt looks at what the account was seven days before it began, also while it waits. */
  const settledFor = async (row: Pick<RecoveryRow, 'id' | 'account_id' | 'created_at'>) => {
    // For nobody's account the same question is asked about nobody (F5).
    const account = await accounts.find(row.account_id ?? (row.id as string as AccountId));
    return settledBy(row.created_at, account ?? { createdAt: 0 });
  };

  const describe = async (row: RecoveryRow): Promise<Attempt> => {
    const proven = provenOf(row);
    const by = await settledFor(row);
    const held = row.account_id && Object.keys(proven).length > 0 ? await heldBy(row.account_id, by) : undefined;
    const status = row.status === 'waiting' && (row.waits_until ?? 0) <= clock.now() ? 'ready' : row.status;
    const missing = held ? kindsMissing(held, proven) : 2;
    const mayFinish = status === 'ready' || (status === 'open' && missing === 0);
    const bound = (row.bound_way ?? undefined) as Way | undefined;
    return {
      id: row.id,
      email: row.email,
      accountId: row.account_id ?? undefined,
      status,
      proven,
      boundWay: bound,
      held,
      missing,
      mayFinish,
      mayDropSecondStep: mayFinish && !!held && held.password && isStrong(held) && bound !== 'app' && bound !== 'key',
      startedAt: row.created_at,
      startedIn: { userAgent: row.user_agent ?? undefined, country: row.country ?? undefined },
      waitsUntil: row.waits_until ?? undefined,
      savedCode: openSaved(row),
      settledBy: by,
    };
  };
  /** Shown for a quarter of an hour after it counts (E13). */
  const openSaved = ({ id, status, changed_at, sealed_saved_code: sealed }: RecoveryRow): string | undefined =>
    sealed === null || status !== 'done' || changed_at <= clock.now() - minutes(15)
      ? undefined
      : secrets.open('recovery', sealed, id);

  const newRow = (email: string, accountId: AccountId | null, from: From): RecoveryRow => {
    const id = random.token(16);
    const now = clock.now();
    return {
      ...{ id, account_id: accountId, email, browser_hash: browserHash(from.browserId), status: 'open' },
      ...{ issued_at: null, saved_at: null, bound_at: null, operator_at: null, bound_way: null },
      ...{ sealed_saved_code: null, waiting_since: null, waits_until: null, told: null },
      ...{ user_agent: from.userAgent?.slice(0, 300) ?? null, country: from.country ?? null },
      ...{ created_at: now, changed_at: now, expires_at: now + attemptTime },
      cancel_hash: tokenHash(secrets, cancelToken(secrets, id)),
      finish_hash: tokenHash(secrets, finishToken(secrets, id)),
    };
  };

  /** Told by whoever changed it, and by the timer if that process died in between. */
  const changed = async (id: string): Promise<void> => {
    const row = await store.find(id);
    if (!row || row.told === row.status) return;
    if (await needs.tellOwner(row)) await store.change(id, [row.status], { told: row.status });
  };
  const telling = new Set<Promise<void>>();
  const tell = (id: string): void => {
    const told = changed(id).catch((error) => needs.failed(error, 'the owner was not told of a recovery'));
    telling.add(told);
    void told.then(() => telling.delete(told));
  };

  const end = (row: RecoveryRow): Promise<boolean> =>
    database.transaction(async (trx) => {
      const change = { status: 'cancelled' as const, changed_at: clock.now(), sealed_saved_code: null };
      if (!(await store.change(row.id, ['waiting', 'ready'], change, trx))) return false;
      await journal.append({ type: 'recovery_cancelled', accountId: row.account_id ?? undefined }, trx);
      return true;
    });
  const byCancelToken = (token: string) => store.findByToken('cancel_hash', tokenHash(secrets, token));

  const shared = { ...needs, store, codes, describe, newRow, browserHash, tell };
  const finishing = createFinishing(shared);

  return {
    ...createProofs(shared),
    ...finishing,
    ...createLostThings(needs),
    codes,

    async begin(email, from) {
      const account = await accounts.findByEmail(email);
      await store.insert(newRow(email, account?.id ?? null, from));
    },

    async current(browserId) {
      const row = await store.latestOf(browserHash(browserId), clock.now());
      return row && describe(row);
    },

    async wait({ id, accountId, proven, mayFinish }) {
      const now = clock.now();
      if (!accountId || mayFinish || Object.keys(proven).length === 0) return undefined;
      const endsAt = now + waitTime;
      const times = { waiting_since: now, waits_until: endsAt, expires_at: endsAt + finishTime, changed_at: now };
      const started = await database.transaction(async (trx: DatabaseTransaction) => {
        await store.lock(accountId, trx);
        if ((await store.countWaits(accountId, now - mostWaits.window, trx)) >= mostWaits.count) return false;
        const change = { status: 'waiting' as const, ...times };
        if (!(await store.change(id, ['open'], change, trx, { liveAt: now }))) return false;
        await journal.append({ type: 'recovery_begun', accountId, data: { way: 'waiting', until: endsAt } }, trx);
        return true;
      });
      if (!started) return undefined;
      tell(id);
      return { endsAt };
    },

    async pending(accountId) {
      const [row] = await store.pendingOf(accountId, clock.now());
      if (!row) return undefined;
      return { id: row.id, startedAt: row.waiting_since ?? row.created_at, endsAt: row.waits_until ?? row.expires_at };
    },

    async cancel(accountId, by, id) {
      const since = await needs.vouchedSince(accountId, by);
      const rows = (await store.pendingOf(accountId, clock.now())).filter((row) => id === undefined || row.id === id);
      let count = 0;
      for (const row of rows) {
        if (since > (await settledFor(row)) || !(await end(row))) continue;
        count += 1;
        tell(row.id);
      }
      return count;
    },

    async endAll(accountId, since, trx) {
      const account = await accounts.find(accountId, trx);
      if (!account || !Number.isFinite(since)) return;
      await store.lock(accountId, trx);
      const begunAfter = since <= account.createdAt ? undefined : since + settling;
      const waited = await store.endAll(accountId, clock.now(), trx, begunAfter);
      // The timer tells the owner: before the transaction has ended, nothing is true yet.
      if (waited > 0) await journal.append({ type: 'recovery_cancelled', accountId }, trx);
    },

    async findByCancelToken(token) {
      const row = await byCancelToken(token);
      return row && describe(row);
    },

    async cancelByToken(token) {
      const row = await byCancelToken(token);
      if (!row?.account_id) return undefined;
      if (row.status === 'done') return (await finishing.disown(row)) ? 'disowned' : undefined;
      if (!(await end(row))) return undefined;
      tell(row.id);
      return 'cancelled';
    },

    async issueByOperator(accountId, lifetime) {
      const code = await codes.issueByOperator(accountId, lifetime);
      await journal.append({ type: 'recovery_begun', accountId, data: { way: 'operator', issued: 'yes' } });
      return code;
    },

    async tidy() {
      const now = clock.now();
      for (const row of await store.overdue(now, 100))
        if (await store.change(row.id, ['waiting'], { status: 'ready', changed_at: now })) await changed(row.id);
      // Half a minute, so that nobody is told twice while the first telling is on its way.
      for (const row of await store.untold(now - days(2), now - 30_000, 50)) await changed(row.id);
      await store.forgetSaved(now - minutes(15));
      await store.removeEnded(now - keptFor, now - days(1));
    },

    async settled() {
      await Promise.all(telling);
    },
  };
}
