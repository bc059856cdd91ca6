import { type Clock, days, minutes, seconds } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import { type AccountId, newId, type SessionId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { createKnownBrowsers, room } from './known-browsers.ts';
import { createSigninStore, type SessionAccountRow, type SessionRow } from './signin-store.ts';

/** A session that is alive, with the accounts signed in in it. `current` is one of them. */
export type LiveSession = {
  id: SessionId;
  /** Of the secret it was found by. */
  secretHash: string;
  /** Found by the secret before the last proof: good for looking alone, for a moment. */
  replaced: boolean;
  current: SessionAccountRow;
  others: SessionAccountRow[];
};

/** What it takes to keep a session: the secret is for the cookie alone. */
export type Renewed = { id: SessionId; secret: string };

/** Where a sign-in comes from. */
export type Origin = {
  browserId: string;
  userAgent: string | undefined;
  country: string | undefined;
  /** When the account was made, if that was in this browser a moment ago. */
  madeAt?: number | undefined;
  /** Since when the account has had the second step or passkey that was used. */
  provenSince?: number | undefined;
};

/** An account signed in in one browser, as its owner may see it. Times are epoch milliseconds. */
export type SessionSeen = {
  sessionId: SessionId;
  userAgent: string | undefined;
  country: string | undefined;
  signedInAt: number;
  seenAt: number;
  methods: string[];
  /** Since when the account has had what vouches for this sign-in; a password, which others may know, does not. */
  since: number;
};

export type Sessions = ReturnType<typeof createSessions>;

/** E34: an account must be signed in again after so long, whatever happens in between. */
export const longestSession = days(30);
const longestIdle = days(14);
const spendableFor = seconds(60);
/**
 * A button pressed twice sends the form twice with one secret, and the browser shows the answer to the second. Without
 * this, whoever has just proven themselves would be asked to sign in.
 */
export const secondPress = seconds(10);
/** How exactly idleness is known; the price of exactness is a write per request. */
const seenEvery = minutes(5);

/** Accounts side by side in one browser; the one that signed in first makes room for one more. */
const mostHere = 20;

export function createSessions(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  /** Told of an account that has left a session: what hangs on the two together ends as well. */
  leftSession?: ((id: SessionId, accountId: AccountId) => Promise<void>) | undefined;
  /** One after the other, as far as this account goes. */
  lockAccount(id: AccountId, trx: DatabaseTransaction): Promise<void>;
}) {
  const { database, clock, random, secrets } = needs;
  const knownBrowsers = createKnownBrowsers(needs);
  const store = createSigninStore(database);
  const hash = (secret: string): string => secrets.hash('session', secret);

  /** A secret is never used twice: whoever knew the one before a sign-in or proof knows nothing after it (F8). */
  const freshSecret = () => {
    const secret = random.token(32);
    return { secret, secret_hash: hash(secret) };
  };

  /**
   * A right sign-in without the cookie of the session before leaves that one behind; it makes no rows without end (fault
   * B7).
   */
  const makeRoom = async (
    accountId: AccountId,
    id: SessionId,
    browserHash: string,
    trx: DatabaseTransaction,
  ): Promise<SessionId[]> => {
    // Not what a button pressed twice has just begun: either answer may be the one that the browser keeps.
    const before = clock.now() - secondPress;
    const over = async () => [
      ...(await store.abandoned(accountId, { id, browserHash, before }, trx)),
      ...(await store.tooMany(accountId, id, room, trx)),
    ];
    if ((await over()).length === 0) return [];
    // Two at a time would wait for each other's rows.
    await needs.lockAccount(accountId, trx);
    const ids = await over();
    if (ids.length > 0) await store.removeFrom(ids, accountId, trx);
    return ids;
  };

  return {
    async find(secret: string): Promise<LiveSession | undefined> {
      const now = clock.now();
      const secretHash = hash(secret);
      const found = await store.findBySecret(secretHash);
      const row = found ?? (await store.findByPreviousSecret(secretHash, now - secondPress));
      const replaced = !found;
      if (!row || row.expires_at <= now || row.seen_at <= now - longestIdle) return undefined;
      const accounts = (await store.accountsOf(row.id)).filter(
        ({ signed_in_at }) => signed_in_at > now - longestSession,
      );
      const current = accounts.find(({ account_id }) => account_id === row.current_account_id) ?? accounts[0];
      if (!current) return undefined;
      if (!replaced && row.seen_at <= now - seenEvery) await store.seen(row.id, now);
      return { id: row.id, secretHash, replaced, current, others: accounts.filter((one) => one !== current) };
    },

    /** Signs in beside the accounts of `session`, or alone, and remembers the browser. */
    async start(
      session: LiveSession | undefined,
      accountId: AccountId,
      methods: readonly string[],
      { browserId, userAgent, country, madeAt, provenSince }: Origin,
    ): Promise<Renewed & { newBrowser: boolean }> {
      const now = clock.now();
      const { secret, secret_hash } = freshSecret();
      const state = {
        secret_hash,
        // The secret before a sign-in dies at once: somebody else may have planted it, and would see this account (F8).
        previous_secret_hash: null,
        renewed_at: null,
        current_account_id: accountId,
        browser_hash: knownBrowsers.hash(browserId),
        seen_at: now,
        expires_at: now + longestSession,
      };
      const { left, ...started } = await database.transaction(async (trx) => {
        const kept = session && (await store.renew(session.id, session.secretHash, state, trx));
        const id = kept ? session.id : newId<SessionId>(random);
        if (!kept) await store.insert(newSession(id, state, userAgent, now), trx);
        const proof = { methods: methods.join(' '), proven_at: now, spendable_proof_at: now };
        const signIn = { session_id: id, account_id: accountId, signed_in_at: now, country: country ?? null };
        const browser = await knownBrowsers.see(accountId, browserId, trx, madeAt);
        const vouched_since = Math.min(browser.since, provenSince ?? now);
        await store.saveAccount({ ...signIn, ...proof, vouched_since }, trx);
        const ended = kept ? [] : await makeRoom(accountId, id, state.browser_hash, trx);
        const left = ended.map((one) => ({ from: one, who: accountId }));
        const [oldest] = kept && session.others.length >= mostHere - 1 ? session.others : [];
        if (oldest && oldest.account_id !== accountId) {
          await store.removeFrom([id], oldest.account_id, trx);
          left.push({ from: id, who: oldest.account_id });
        }
        return { id, secret, newBrowser: !browser.known, left };
      });
      for (const { from, who } of left) await needs.leftSession?.(from, who);
      return started;
    },

    /** Notes a proof of the current account; undefined if the session ended or its secret was replaced meanwhile. */
    async proven(session: LiveSession, methods: readonly string[]): Promise<Renewed | undefined> {
      const now = clock.now();
      const { secret, secret_hash } = freshSecret();
      return database.transaction(async (trx: DatabaseTransaction) => {
        const next = { secret_hash, previous_secret_hash: session.secretHash, renewed_at: now, seen_at: now };
        const kept = await store.renew(session.id, session.secretHash, next, trx);
        if (!kept) return undefined;
        const proof = { methods: methods.join(' '), proven_at: now, spendable_proof_at: now };
        await store.proven(session.id, session.current.account_id, proof, trx);
        return { id: session.id, secret };
      });
    },

    spendProof: (id: SessionId, accountId: AccountId): Promise<boolean> =>
      // A proof of the future was given before the clock was set back, nobody knows how long ago.
      store.spendProof(id, accountId, { since: clock.now() - spendableFor, until: clock.now() + spendableFor }),

    async sessionsOf(accountId: AccountId): Promise<SessionSeen[]> {
      const now = clock.now();
      const rows = await store.sessionsOf(accountId, { since: now - longestSession, usedSince: now - longestIdle });
      return rows.map((row) => ({
        sessionId: row.id,
        userAgent: row.user_agent ?? undefined,
        country: row.country ?? undefined,
        signedInAt: row.signed_in_at,
        seenAt: row.seen_at,
        methods: row.methods.split(' '),
        since: sinceOf(row),
      }));
    },

    /** Since when the account has had what vouches for it there; undefined if it is not signed in there. */
    async since(id: SessionId, accountId: AccountId, trx?: DatabaseTransaction): Promise<number | undefined> {
      const row = await store.findAccount(id, accountId, trx);
      return row && sinceOf(row);
    },

    setCurrent: (id: SessionId, accountId: AccountId): Promise<void> => store.setCurrent(id, accountId),
    async removeAccount(id: SessionId, accountId: AccountId, trx?: DatabaseTransaction): Promise<boolean> {
      const removed = await store.removeAccount(id, accountId, trx);
      // Within a transaction its caller ends what apps have, of every session at once.
      if (!trx) await needs.leftSession?.(id, accountId);
      return removed;
    },
    /** With the accounts that are in it. */
    async remove(id: SessionId, accounts: readonly AccountId[]): Promise<void> {
      await store.remove(id);
      for (const accountId of accounts) await needs.leftSession?.(id, accountId);
    },
    /** Without telling `leftSession`: whoever signs an account out everywhere ends all that it has. */
    removeAccountEverywhere: (
      accountId: AccountId,
      except: SessionId | undefined,
      trx: DatabaseTransaction,
    ): Promise<void> => store.removeAccountEverywhere(accountId, except, trx),
    /** What was signed in at `from` or later, and is young. Which that were. */
    removeYoung: (
      accountId: AccountId,
      young: { from: number; settledBy: number },
      trx: DatabaseTransaction,
    ): Promise<SessionId[]> => store.removeYoung(accountId, young, trx),
    removeEnded: (): Promise<number> => store.removeEnded(clock.now(), clock.now() - longestIdle),
  };
}

/** Where nothing else is known of it, a session is as old as its sign-in. */
const sinceOf = (row: Pick<SessionAccountRow, 'vouched_since' | 'signed_in_at'>): number =>
  Math.min(row.vouched_since ?? row.signed_in_at, row.signed_in_at);

function newSession(
  id: SessionId,
  state: Omit<SessionRow, 'id' | 'user_agent' | 'created_at'>,
  userAgent: string | undefined,
  now: number,
): SessionRow {
  return { id, ...state, user_agent: userAgent?.slice(0, 300) ?? null, created_at: now };
}
