import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { AuthenticatorsStore } from './authenticators-store.ts';
import { createLostStore, type Lost } from './lost-store.ts';

/** What was reported lost, and has turned up again (NIST SP 800-63B-4 §4.3; security.md E30). */
export type LostAuthenticators = {
  /** It proves nothing from now on, until it is resumed. The caller records it, and tells its owner. */
  suspendLost(accountId: AccountId, lost: Lost, transaction: DatabaseTransaction): Promise<void>;
  /** False if it was not suspended. For whoever has proven with something else that it is them. */
  resume(accountId: AccountId, what: 'app' | { credential: string }): Promise<boolean>;
};

export function createLost(needs: {
  database: Database;
  store: Pick<AuthenticatorsStore, 'lock'>;
  clock: Clock;
  journal: Pick<Journal, 'append'>;
}): LostAuthenticators {
  const { database, clock, journal } = needs;
  const store = createLostStore();

  return {
    async suspendLost(accountId, lost, transaction) {
      await needs.store.lock(accountId, transaction);
      await store.suspend(accountId, lost, clock.now(), transaction);
    },

    resume: (accountId, what) =>
      database.transaction(async (trx) => {
        const resumed = await store.resume(accountId, what, trx);
        if (!resumed) return false;
        const data = { ...resumed, reason: 'resumed', ...(what !== 'app' && { credential: what.credential }) };
        await journal.append({ type: 'authenticator_added', accountId, data }, trx);
        return true;
      }),
  };
}
