import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, AddressId, SessionId } from '../ids.ts';
import type { AddressesStore, AddressRow } from './addresses-store.ts';

export type LostPhones = {
  /** Phones that were reported lost (E30). The caller records it and tells their owner. */
  suspend(accountId: AccountId, ids: readonly AddressId[], trx: DatabaseTransaction): Promise<void>;
  /** It has turned up again; tells every address. False if it was not suspended. */
  resume(accountId: AccountId, id: AddressId, by: SessionId): Promise<boolean>;
};

/** Whoever has a lost phone reads what is sent to its number. */
export function createLostPhones(needs: {
  database: Database;
  clock: Clock;
  journal: Pick<Journal, 'append'>;
  store: AddressesStore;
  mask(address: Pick<AddressRow, 'kind' | 'value'>): string;
  tellResumed(accountId: AccountId, address: AddressRow, by: SessionId): Promise<void>;
}): LostPhones {
  const { database, clock, journal, store } = needs;
  return {
    async suspend(accountId, ids, trx) {
      if (ids.length > 0) await store.suspend(accountId, ids, clock.now(), trx);
    },

    async resume(accountId, id, by) {
      const row = (await store.list(accountId)).find((one) => one.id === id);
      if (!row) return false;
      const resumed = await database.transaction(async (trx) => {
        if (!(await store.resume(accountId, id, trx))) return false;
        const data = { kind: row.kind, id, address: needs.mask(row), reason: 'resumed' };
        await journal.append({ type: 'address_added', accountId, data }, trx);
        return true;
      });
      if (resumed) await needs.tellResumed(accountId, row, by);
      return resumed;
    },
  };
}
