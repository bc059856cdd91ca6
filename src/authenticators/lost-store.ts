import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { AppRow, PasskeyRow } from './authenticators-store.ts';

/** What was on a lost device: the app, and credentials by their ids. */
export type Lost = { app: boolean; credentials: readonly string[] };

type Tables = { passkey: PasskeyRow; authenticator_app: AppRow };

export function createLostStore() {
  const change = (table: keyof Tables, id: AccountId, trx: DatabaseTransaction) =>
    trx.withTables<Tables>().updateTable(table).where('account_id', '=', id);

  return {
    /** What is suspended already stays as it is. */
    async suspend(id: AccountId, lost: Lost, now: number, trx: DatabaseTransaction): Promise<void> {
      const mine = (table: keyof Tables) =>
        change(table, id, trx).set({ suspended_at: now }).where('suspended_at', 'is', null);
      if (lost.app) await mine('authenticator_app').execute();
      if (lost.credentials.length > 0) await mine('passkey').where('credential_id', 'in', lost.credentials).execute();
    },

    /** Of which kind it is and what it is called; undefined if it was not suspended. */
    async resume(id: AccountId, what: 'app' | { credential: string }, trx: DatabaseTransaction) {
      const mine = (table: keyof Tables) =>
        change(table, id, trx).set({ suspended_at: null }).where('suspended_at', 'is not', null);
      if (what === 'app') {
        const { numUpdatedRows } = await mine('authenticator_app').executeTakeFirst();
        return numUpdatedRows > 0n ? { kind: 'app' } : undefined;
      }
      const row = await mine('passkey')
        .where('credential_id', '=', what.credential)
        .returning(['name', 'second_step_only'])
        .executeTakeFirst();
      return row && { kind: row.second_step_only === 1 ? 'key' : 'passkey', name: row.name };
    },
  };
}
