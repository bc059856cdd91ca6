import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal, SecurityEvent } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { AuthenticatorsStore } from './authenticators-store.ts';
import type { Former } from './older.ts';

/** What is added and removed is recorded in the transaction in which it is; what goes is remembered there as well. */
export function createRecording(needs: {
  database: Database;
  journal: Pick<Journal, 'append'>;
  store: Pick<AuthenticatorsStore, 'lock'>;
  former: Former;
}) {
  const { database, journal, store, former } = needs;

  const work =
    (event: SecurityEvent, act: (trx: DatabaseTransaction) => Promise<boolean>) => async (trx: DatabaseTransaction) => {
      const done = await act(trx);
      if (done) await journal.append(event, trx);
      return done;
    };
  const added = (
    accountId: AccountId,
    data: { kind: string; name?: string; credential?: string },
    act: (trx: DatabaseTransaction) => Promise<void>,
  ) =>
    work({ type: 'authenticator_added', accountId, data }, async (trx) => {
      await act(trx);
      return true;
    });
  type Gone = { kind: 'passkey' | 'key' | 'app'; addedAt: number };
  const removed = (accountId: AccountId, act: (trx: DatabaseTransaction) => Promise<Gone | undefined>) =>
    database.transaction(async (trx) => {
      await store.lock(accountId, trx);
      const gone = await act(trx);
      if (!gone) return false;
      await former.remember(accountId, [gone], trx);
      await journal.append({ type: 'authenticator_removed', accountId, data: { kind: gone.kind } }, trx);
      return true;
    });
  const unlessDuplicate = (act: (trx: DatabaseTransaction) => Promise<boolean>): Promise<boolean> =>
    database.transaction(act).catch((error) => {
      if (database.isDuplicate(error)) return false;
      throw error;
    });

  return { added, removed, unlessDuplicate };
}
