import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { type AppSetup, createAuthenticatorApps } from './authenticator-app.ts';
import { createAuthenticatorsStore, type PasskeyRow } from './authenticators-store.ts';
import { createPasskeys, type NewPasskey, type Passkeys } from './passkeys.ts';
import { createPasswords, type HashedPassword } from './password.ts';
import { checkPassword, type PasswordProblem } from './password-policy.ts';

/** What an account can prove itself with. */
export type Methods = { password: boolean; passkeys: number; app: boolean };

/** Times are epoch milliseconds. */
export type Passkey = { id: string; name: string; synced: boolean; createdAt: number; lastUsedAt: number | undefined };

export type Authenticators = {
  methodsOf(accountId: AccountId): Promise<Methods>;

  /** Why a password cannot be chosen, or undefined. `words` are guessed first: service name, parts of the address. */
  checkPassword(candidate: string, words: readonly string[]): PasswordProblem | undefined;
  /** The slow half of setting a password, to be done before a transaction; checks no rules. */
  hashPassword(password: string): Promise<HashedPassword>;
  savePassword(accountId: AccountId, hashed: HashedPassword, transaction?: DatabaseTransaction): Promise<void>;
  /** Takes as long for nobody (F5). */
  verifyPassword(accountId: AccountId | undefined, password: string): Promise<boolean>;

  passkeys: Omit<Passkeys, 'save'>;
  listPasskeys(accountId: AccountId): Promise<Passkey[]>;
  /** Rejects with a duplicate error of the database if any account has that credential (G3). */
  addPasskey(accountId: AccountId, passkey: NewPasskey, transaction?: DatabaseTransaction): Promise<void>;
  renamePasskey(accountId: AccountId, id: string, name: string): Promise<boolean>;
  /** False if there is no such passkey, or it is the last way in. */
  removePasskey(accountId: AccountId, id: string): Promise<boolean>;

  beginApp(accountId: AccountId, label: string): AppSetup;
  resumeApp(accountId: AccountId, sealed: string, label: string): AppSetup | undefined;
  /** Stores the secret if `code` proves that the app has it; false if the code is wrong or there is an app already. */
  finishApp(accountId: AccountId, setup: AppSetup, code: string): Promise<boolean>;
  /** True once per code. */
  verifyApp(accountId: AccountId, code: string): Promise<boolean>;
  removeApp(accountId: AccountId): Promise<boolean>;
};

export function createAuthenticators(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  ephemeral: Ephemeral;
  journal: Journal;
  config: { issuer: string };
  /** The accounts room's word for the WebAuthn user handle of an account. */
  userIdOf: (accountId: AccountId) => Promise<string | undefined>;
}): Authenticators {
  const { database, journal } = needs;
  const store = createAuthenticatorsStore(database);
  const passwords = createPasswords({ ...needs, store });
  const passkeys = createPasskeys({ ...needs, store, issuer: needs.config.issuer });
  const apps = createAuthenticatorApps({ ...needs, store });

  const recorded = async (
    type: 'authenticator_added' | 'authenticator_removed',
    accountId: AccountId,
    data: { kind: string; name?: string },
    act: (trx: DatabaseTransaction) => Promise<boolean>,
    transaction?: DatabaseTransaction,
  ): Promise<boolean> => {
    const work = async (trx: DatabaseTransaction) => {
      const done = await act(trx);
      if (done) await journal.append({ type, accountId, data }, trx);
      return done;
    };
    return transaction ? work(transaction) : database.transaction(work);
  };

  return {
    methodsOf: (accountId) => store.methodsOf(accountId),

    checkPassword: (candidate, words) => checkPassword(candidate, { words }),
    hashPassword: (password) => passwords.hash(password),
    savePassword: (accountId, hashed, transaction) => passwords.save(accountId, hashed, transaction),
    verifyPassword: (accountId, password) => passwords.verify(accountId, password),

    passkeys,
    listPasskeys: async (accountId) => (await store.passkeysOf(accountId)).map(fromRow),
    async addPasskey(accountId, passkey, transaction) {
      const add = async (trx: DatabaseTransaction) => {
        await passkeys.save(accountId, passkey, trx);
        return true;
      };
      await recorded('authenticator_added', accountId, { kind: 'passkey', name: passkey.name }, add, transaction);
    },
    renamePasskey: (accountId, id, name) => store.renamePasskey(accountId, id, name),
    removePasskey: (accountId, id) =>
      recorded('authenticator_removed', accountId, { kind: 'passkey' }, (trx) =>
        store.removePasskey(accountId, id, trx),
      ),

    beginApp: (accountId, label) => apps.begin(accountId, label),
    resumeApp: (accountId, sealed, label) => apps.resume(accountId, sealed, label),
    async finishApp(accountId, { secret }, code) {
      const step = apps.proves(secret, code);
      if (step === undefined) return false;
      const add = async (trx: DatabaseTransaction) => {
        await apps.save(accountId, secret, step, trx);
        return true;
      };
      return recorded('authenticator_added', accountId, { kind: 'app' }, add).catch((error) => {
        if (database.isDuplicate(error)) return false;
        throw error;
      });
    },
    verifyApp: (accountId, code) => apps.verify(accountId, code),
    removeApp: (accountId) =>
      recorded('authenticator_removed', accountId, { kind: 'app' }, (trx) => store.removeApp(accountId, trx)),
  };
}

function fromRow(row: PasskeyRow): Passkey {
  return {
    id: row.credential_id,
    name: row.name,
    synced: row.synced === 1,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
