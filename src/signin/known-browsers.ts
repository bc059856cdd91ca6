import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import { createKnownBrowserStore } from './known-browser-store.ts';

/** A browser nobody has signed in with for so long is a stranger again. */
const remembered = days(180);

/**
 * How many browsers an account has, and as many sessions (fault B7): those it has known longest stay whatever comes, so
 * that whoever has the password cannot push out the owner's; the others push out each other. One is the browser of this
 * moment.
 */
export const room = { firsts: 20, lasts: 19 };

export type KnownBrowsers = ReturnType<typeof createKnownBrowsers>;

/**
 * The browsers in which an account has signed in. That never replaces an authenticator (E35): it spares its owner what
 * is done against strangers, and shows their address so that they need not type it.
 */
export function createKnownBrowsers(needs: { database: Database; clock: Clock; secrets: Secrets }) {
  const { database, clock, secrets } = needs;
  const store = createKnownBrowserStore(database);
  const hash = (browserId: string): string => secrets.hash('browser', browserId);
  const since = (): number => clock.now() - remembered;

  return {
    /**
     * Notes a whole sign-in. Since when the account has signed in in this browser; `madeAt` if it was made there, which is
     * now.
     */
    async see(
      accountId: AccountId,
      browserId: string,
      trx: DatabaseTransaction,
      madeAt?: number,
    ): Promise<{ known: boolean; since: number }> {
      const now = clock.now();
      const before = await store.seenAgain(accountId, hash(browserId), { now, since: since() }, trx);
      if (before !== undefined) return { known: true, since: before };
      const first = madeAt ?? now;
      await store.insert(
        { account_id: accountId, browser_hash: hash(browserId), first_seen_at: first, last_seen_at: now },
        trx,
      );
      await store.makeRoom(accountId, hash(browserId), room, trx);
      return { known: false, since: first };
    },

    /** As the rows of browsers and sessions have it. */
    hash,

    /** Does the same work for nobody (F5). */
    async knows(accountId: AccountId | undefined, browserId: string): Promise<boolean> {
      return (await store.find(accountId ?? ('' as AccountId), hash(browserId), since())) !== undefined;
    },

    /** Who has signed in here, the last one first. */
    accountsOf: (browserId: string): Promise<AccountId[]> => store.accountsOf(hash(browserId), since()),

    forget: (accountId: AccountId, browserId: string): Promise<void> => store.remove(accountId, hash(browserId)),

    /** Every browser of the account is a stranger again, but for one. */
    forgetAll: (accountId: AccountId, except: string | undefined, trx: DatabaseTransaction): Promise<void> =>
      store.removeAllOf(accountId, { except: except === undefined ? undefined : hash(except) }, trx),

    /** Those that the account has signed in in since `settledBy` are strangers again; those from before stay known. */
    forgetYoung: (accountId: AccountId, settledBy: number, trx: DatabaseTransaction): Promise<void> =>
      store.removeAllOf(accountId, { seenFirstAfter: settledBy }, trx),

    lastSeen: (accountId: AccountId, settledBy: number): Promise<number | undefined> =>
      store.lastSeen(accountId, settledBy),

    removeEnded: (): Promise<void> => store.removeSeenBefore(since()),
  };
}
