import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import { createMethodsStore } from './methods-store.ts';
import type { RecoveryTables } from './recovery-store.ts';

export type PasswordRow = {
  account_id: AccountId;
  sealed_hash: string;
  failed_tries: number;
  changed_at: number;
  /** 1 where it is too short to sign in alone. */
  short: number;
};

export type PasskeyRow = {
  credential_id: string;
  account_id: AccountId;
  public_key: string;
  counter: number;
  transports: string;
  backup_eligible: number;
  synced: number;
  name: string;
  /** 1 for a security key that counts beside a password only. */
  second_step_only: number;
  /** WebAuthn §4 (credential record): 1 once its user verification may be relied on. */
  uv_initialized: number;
  created_at: number;
  last_used_at: number | null;
  /** Reported lost then: it proves nothing until it is resumed (E30). */
  suspended_at: number | null;
};

export type AppRow = {
  account_id: AccountId;
  sealed_secret: string;
  last_step: number;
  failed_tries: number;
  created_at: number;
  suspended_at: number | null;
};

/** E9: after so many failures in a row an authenticator is off, whoever made them. */
export const mostFailures = 100;
/** F4: the owner is told while there is still time. */
export const failuresToTell = 50;

type Tables = { password: PasswordRow; passkey: PasskeyRow; authenticator_app: AppRow } & RecoveryTables;
type Counted = 'password' | 'authenticator_app' | 'recovery_code_set' | 'saved_code';

export type AuthenticatorsStore = ReturnType<typeof createAuthenticatorsStore>;

export function createAuthenticatorsStore(database: Database) {
  const db = database.query.withTables<Tables>();
  const within = (trx: DatabaseTransaction | undefined) => (trx ? trx.withTables<Tables>() : db);

  return {
    /**
     * Lets one at a time change what the account signs in with: of two removals at once, each would count what the other
     * one takes away. Beside a password its row is the lock; without one there is no second step, and passkeys are.
     */
    async lock(id: AccountId, trx: DatabaseTransaction): Promise<void> {
      const tables = trx.withTables<Tables>();
      await tables.updateTable('password').set({ account_id: id }).where('account_id', '=', id).execute();
      await tables.updateTable('passkey').set({ account_id: id }).where('account_id', '=', id).execute();
    },

    findPassword: (id: AccountId, trx?: DatabaseTransaction) =>
      within(trx).selectFrom('password').selectAll().where('account_id', '=', id).executeTakeFirst(),

    /** When the one before it was set, if there was one. */
    async savePassword(row: PasswordRow, trx?: DatabaseTransaction): Promise<number | undefined> {
      const { account_id: _, ...values } = row;
      const before = await this.findPassword(row.account_id, trx);
      await within(trx)
        .insertInto('password')
        .values(row)
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet(values))
        .execute();
      return before?.changed_at;
    },

    /** Replaces a hash by another one of the same password, unless the password was changed meanwhile. */
    async rehash(id: AccountId, before: string, after: string): Promise<void> {
      await db
        .updateTable('password')
        .set({ sealed_hash: after })
        .where('account_id', '=', id)
        .where('sealed_hash', '=', before)
        .execute();
    },

    /**
     * Counts a try before it is checked, so that tries sent at once are all counted. Which one in a row it is, or
     * undefined once `limit` is reached.
     */
    async countTry(table: Counted, id: AccountId, limit: number): Promise<number | undefined> {
      const row = await db
        .updateTable(table)
        .set({ failed_tries: sql`failed_tries + 1` })
        .where('account_id', '=', id)
        .where('failed_tries', '<', limit)
        .returning('failed_tries')
        .executeTakeFirst();
      return row?.failed_tries;
    },

    async clearTries(table: Counted, id: AccountId): Promise<void> {
      await db.updateTable(table).set({ failed_tries: 0 }).where('account_id', '=', id).execute();
    },

    /** As after too many failures (E9). False if there is nothing to switch off. */
    async switchOff(table: Counted, id: AccountId, trx?: DatabaseTransaction): Promise<boolean> {
      const result = await within(trx)
        .updateTable(table)
        .set({ failed_tries: mostFailures })
        .where('account_id', '=', id)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** What there was of it, in the words of the journal, and when it was added. */
    async removeSecondStep(
      id: AccountId,
      trx: DatabaseTransaction,
    ): Promise<{ kind: 'app' | 'key' | 'recovery codes'; addedAt: number }[]> {
      const tables = trx.withTables<Tables>();
      const mine = (table: 'authenticator_app' | 'recovery_code_set' | 'passkey') =>
        tables.deleteFrom(table).where('account_id', '=', id).returning('created_at');
      const removed = [
        ['app', await mine('authenticator_app').execute()],
        ['key', await mine('passkey').where('second_step_only', '=', 1).execute()],
        ['recovery codes', await mine('recovery_code_set').execute()],
      ] as const;
      return removed.flatMap(([kind, rows]) => rows.map((row) => ({ kind, addedAt: row.created_at })));
    },

    findPasskey: (credentialId: string, trx?: DatabaseTransaction) =>
      within(trx).selectFrom('passkey').selectAll().where('credential_id', '=', credentialId).executeTakeFirst(),

    passkeysOf: (id: AccountId) =>
      db
        .selectFrom('passkey')
        .selectAll()
        .where('account_id', '=', id)
        .orderBy('created_at')
        .orderBy('credential_id')
        .execute(),

    async insertPasskey(row: PasskeyRow, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().insertInto('passkey').values(row).execute();
    },

    async passkeyUsed(
      credentialId: string,
      use: { counter: number; synced: number; last_used_at: number },
    ): Promise<void> {
      await db.updateTable('passkey').set(use).where('credential_id', '=', credentialId).execute();
    },

    async confirmPasskey(id: AccountId, credentialId: string, trx: DatabaseTransaction): Promise<string | undefined> {
      const row = await trx
        .withTables<Tables>()
        .updateTable('passkey')
        .set({ uv_initialized: 1 })
        .where('credential_id', '=', credentialId)
        .where('account_id', '=', id)
        .where('second_step_only', '=', 0)
        .where('uv_initialized', '=', 0)
        .returning('name')
        .executeTakeFirst();
      return row?.name;
    },

    async renamePasskey(id: AccountId, credentialId: string, name: string): Promise<boolean> {
      const result = await db
        .updateTable('passkey')
        .set({ name })
        .where('credential_id', '=', credentialId)
        .where('account_id', '=', id)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** Under the lock. Undefined if it is not theirs, or the last way in. */
    async removePasskey(id: AccountId, credentialId: string, trx: DatabaseTransaction) {
      const tables = trx.withTables<Tables>();
      return tables
        .deleteFrom('passkey')
        .where('credential_id', '=', credentialId)
        .where('account_id', '=', id)
        .where((or) =>
          or.or([
            // What is no way in by itself can go, and so can all but one of those that are.
            or('second_step_only', '=', 1),
            or('uv_initialized', '=', 0),
            or.exists(tables.selectFrom('password').select('account_id').where('account_id', '=', id)),
            or.exists(
              tables
                .selectFrom('passkey as other')
                .select('other.account_id')
                .where('other.account_id', '=', id)
                .where('other.second_step_only', '=', 0)
                .where('other.uv_initialized', '=', 1)
                .where('other.suspended_at', 'is', null)
                .where('other.credential_id', '<>', credentialId),
            ),
          ]),
        )
        .returning(['second_step_only', 'created_at'])
        .executeTakeFirst();
    },

    /** Also the last way in. */
    async deletePasskey(
      id: AccountId,
      credentialId: string,
      trx: DatabaseTransaction,
    ): Promise<Pick<PasskeyRow, 'second_step_only' | 'created_at'> | undefined> {
      return trx
        .withTables<Tables>()
        .deleteFrom('passkey')
        .where('credential_id', '=', credentialId)
        .where('account_id', '=', id)
        .returning(['second_step_only', 'created_at'])
        .executeTakeFirst();
    },

    /** When it was set up, if there was one. */
    async deleteApp(id: AccountId, trx: DatabaseTransaction): Promise<number | undefined> {
      const row = await trx
        .withTables<Tables>()
        .deleteFrom('authenticator_app')
        .where('account_id', '=', id)
        .returning('created_at')
        .executeTakeFirst();
      return row?.created_at;
    },

    findApp: (id: AccountId) =>
      db.selectFrom('authenticator_app').selectAll().where('account_id', '=', id).executeTakeFirst(),

    async insertApp(row: AppRow, trx: DatabaseTransaction): Promise<void> {
      await trx.withTables<Tables>().insertInto('authenticator_app').values(row).execute();
    },

    /** True for the first use of a time step or a later one. */
    async claimStep(id: AccountId, step: number): Promise<boolean> {
      const result = await db
        .updateTable('authenticator_app')
        .set({ last_step: step, failed_tries: 0 })
        .where('account_id', '=', id)
        .where('last_step', '<', step)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    ...createMethodsStore(database),
  };
}
