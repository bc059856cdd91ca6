import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { type AppSetup, createAuthenticatorApps } from './authenticator-app.ts';
import { createAuthenticatorsStore, mostFailures, type PasskeyRow } from './authenticators-store.ts';
import type { CodeUsed } from './code-mail.ts';
import type { ManyFailures } from './failures-mail.ts';
import { type Asker, createHashing } from './hashing.ts';
import { createMayGo, type MayGo } from './last-step.ts';
import { createLost, type LostAuthenticators } from './lost.ts';
import { createFormer, createOlder, type OlderAuthenticators } from './older.ts';
import { cleanName } from './passkey-name.ts';
import { createPasskeys, type NewPasskey, type Passkeys } from './passkeys.ts';
import { createPasswords, type HashedPassword } from './password.ts';
import { checkPassword, type PasswordProblem, shortestPassword } from './password-policy.ts';
import { createRecording } from './recording.ts';
import { createRecoveryCodes, type RecoveryCodes } from './recovery-codes.ts';
import { createRecoveryStore } from './recovery-store.ts';
import { createSavedCode, type SavedCode } from './saved-code.ts';

/** What an account can prove itself with. */
export type Methods = {
  password: boolean;
  passkeys: number;
  app: boolean;
  /** Security keys without user verification: a second step, never a way in. */
  keys: number;
  /** How many are left. */
  recoveryCodes: number;
  /**
   * Of these, what was reported lost, if anything was (E30). It proves nothing, and still counts for what the account asks
   * for: reporting makes no account weaker.
   */
  off?: { passkeys: number; app: boolean; keys: number };
};

/** What an account can prove itself with now: without what was reported lost. */
export function usable<Has extends Pick<Methods, 'passkeys' | 'app' | 'keys' | 'off'>>(has: Has): Has {
  const { passkeys, app, keys, off } = has;
  return off ? { ...has, passkeys: passkeys - off.passkeys, app: app && !off.app, keys: keys - off.keys } : has;
}

/** Whether the password alone is not enough: two-step verification is on. */
export function twoStep({ password, app, keys }: Pick<Methods, 'password' | 'app' | 'keys'>): boolean {
  return password && (app || keys > 0);
}

/** The fewest characters a password may have (E1): fewer only where nobody signs in with it alone. */
export function passwordMinimum({ requireSecondStep }: { requireSecondStep: boolean }): number {
  return requireSecondStep ? shortestPassword.besideSecondStep : shortestPassword.alone;
}

/** What others try first for the owner of an address: our name, and the parts of it. */
export function wordsOf(email: string): string[] {
  return ['latchkey', ...email.split(/[^\p{L}\p{N}]+/u)].filter(Boolean);
}

/** Times are epoch milliseconds. */
export type Passkey = {
  id: string;
  name: string;
  synced: boolean;
  /** False while nothing vouches for its user verification: no way in yet (G6). */
  confirmed: boolean;
  createdAt: number;
  lastUsedAt: number | undefined;
  /** Reported lost then: it proves nothing until it is resumed. */
  suspendedAt: number | undefined;
};

export type Authenticators = LostAuthenticators &
  OlderAuthenticators & {
    methodsOf(accountId: AccountId): Promise<Methods>;

    /** The fewest characters a new password may have, for hints. */
    passwordMinimum: number;
    /** Whether the operator wants a second step that this account has not: to be set up before anything else. */
    secondStepMissing(accountId: AccountId): Promise<boolean>;
    /**
     * Whether a second step may go, the app or the security key named: another one stays, or the password is one that may
     * sign in alone (E1).
     */
    secondStepMayGo(accountId: AccountId, key?: string): Promise<MayGo>;

    /** Why a password cannot be chosen, or undefined. `words` are guessed first: service name, parts of the address. */
    checkPassword(candidate: string, words: readonly string[]): PasswordProblem | undefined;
    /** The slow half of setting a password, to be done before a transaction; checks no rules. */
    hashPassword(password: string, asker?: Asker): Promise<HashedPassword>;
    savePassword(accountId: AccountId, hashed: HashedPassword, transaction?: DatabaseTransaction): Promise<void>;
    /** Sets a password on an account that exists, and records it; checks no rules. */
    setPassword(accountId: AccountId, password: string, asker?: Asker): Promise<void>;
    /** When the password that signs in was set, epoch milliseconds; undefined if none does. */
    passwordSince(accountId: AccountId): Promise<number | undefined>;
    /** Throws AppError `unavailable` if no password or code can be checked for them just now. */
    expectRoom(asker: Asker): void;
    /** Takes as long for nobody (F5). */
    verifyPassword(accountId: AccountId | undefined, password: string, asker?: Asker): Promise<boolean>;

    passkeys: Omit<Passkeys, 'save'>;
    /** Without security keys. */
    listPasskeys(accountId: AccountId): Promise<Passkey[]>;
    /** Security keys: a second step only. */
    listKeys(accountId: AccountId): Promise<Passkey[]>;
    /**
     * False if any account has that credential already (G3). Within a `transaction` that is a duplicate error of the
     * database instead, because the transaction cannot go on. `at` is for the one that an account is made with.
     */
    addPasskey(
      accountId: AccountId,
      passkey: NewPasskey,
      transaction?: DatabaseTransaction,
      at?: number,
    ): Promise<boolean>;
    /**
     * For a passkey that answered as `key`: from now on its user verification counts. Only after another factor has proven
     * who it is that holds it (G6). False if there was nothing to confirm.
     */
    confirmPasskey(accountId: AccountId, id: string): Promise<boolean>;
    /**
     * Whether a browser may make a passkey by itself after this account's password was typed (G13): there is none, and the
     * password is not as new as one that was set in a recovery a moment ago.
     */
    mayUpgrade(accountId: AccountId): Promise<boolean>;
    renamePasskey(accountId: AccountId, id: string, name: string): Promise<boolean>;
    /** False if there is no such passkey, it is the last way in, or a second step that may not go. */
    removePasskey(accountId: AccountId, id: string): Promise<boolean>;

    beginApp(accountId: AccountId, label: string): AppSetup;
    resumeApp(accountId: AccountId, sealed: string, label: string): AppSetup | undefined;
    /** Stores the secret if `code` proves that the app has it; false if the code is wrong or there is an app already. */
    finishApp(accountId: AccountId, setup: AppSetup, code: string): Promise<boolean>;
    /** True once per code. */
    verifyApp(accountId: AccountId, code: string): Promise<boolean>;
    /** False if there is none, or it is a second step that may not go. */
    removeApp(accountId: AccountId): Promise<boolean>;

    /** Takes everything off that asks for more than the password: the app, security keys, recovery codes. */
    removeSecondStep(accountId: AccountId, transaction: DatabaseTransaction): Promise<void>;
    /** Switches it off at once, until it is set anew. False if there is none. */
    suspendPassword(accountId: AccountId, transaction: DatabaseTransaction): Promise<boolean>;

    recoveryCodes: RecoveryCodes;
    savedCode: SavedCode;
  };

export function createAuthenticators(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  ephemeral: Ephemeral;
  journal: Journal;
  config: { issuer: string; name?: string; requireSecondStep: boolean; passkeyDomain?: string | undefined };
  /** The accounts room's word for the WebAuthn user handle of an account. */
  userIdOf: (accountId: AccountId) => Promise<string | undefined>;
  /** Hears of every row of failures that comes half way to switching an authenticator off. Not waited for (F5). */
  manyFailures?: ManyFailures;
  /** Hears of every code from paper that was used, when it has been. Not waited for. */
  codeUsed?: CodeUsed;
}): Authenticators {
  const { database, journal } = needs;
  const store = createAuthenticatorsStore(database);
  const { requireSecondStep } = needs.config;
  const minimum = passwordMinimum(needs.config);
  const mayGo = createMayGo({ store, requireSecondStep });
  const hashing = createHashing(needs);
  const former = createFormer(needs);
  const passwords = createPasswords({ ...needs, store, former, hashing });
  const passkeys = createPasskeys({ ...needs, ...needs.config, store });
  const apps = createAuthenticatorApps({ ...needs, ...needs.config, store });
  const codes = createRecoveryStore(database);
  const recovery = { ...needs, hashing, countTry: store.countTry, store: codes };

  const { added, removed, unlessDuplicate } = createRecording({ database, journal, store, former });

  return {
    methodsOf: (accountId) => store.methodsOf(accountId),

    passwordMinimum: minimum,
    async secondStepMissing(accountId) {
      if (!requireSecondStep) return false;
      const methods = await store.methodsOf(accountId);
      return methods.password && !twoStep(methods);
    },
    secondStepMayGo: (accountId, key) => mayGo(accountId, key),

    checkPassword: (candidate, words) => checkPassword(candidate, { minimum, words }),
    hashPassword: (password, asker) => passwords.hash(password, asker),
    savePassword: (accountId, hashed, transaction) =>
      transaction
        ? passwords.save(accountId, hashed, transaction)
        : database.transaction((trx) => passwords.save(accountId, hashed, trx)),
    async setPassword(accountId, password, asker) {
      const hashed = await passwords.hash(password, asker);
      await database.transaction(async (trx) => {
        await passwords.save(accountId, hashed, trx);
        await journal.append({ type: 'password_changed', accountId }, trx);
      });
    },
    async passwordSince(accountId) {
      const password = await store.findPassword(accountId);
      return password && password.failed_tries < mostFailures ? password.changed_at : undefined;
    },
    expectRoom: (asker) => hashing.expectRoom(asker),
    verifyPassword: (accountId, password, asker) => passwords.verify(accountId, password, asker),

    passkeys,
    listPasskeys: async (accountId) =>
      (await store.passkeysOf(accountId)).filter((row) => !row.second_step_only).map(fromRow),
    listKeys: async (accountId) =>
      (await store.passkeysOf(accountId)).filter((row) => row.second_step_only === 1).map(fromRow),
    addPasskey(accountId, passkey, transaction, at) {
      const kind = passkey.second_step_only ? 'key' : 'passkey';
      const data = { kind, name: passkey.name, credential: passkey.credential_id };
      const add = added(accountId, data, (trx) => passkeys.save(accountId, passkey, trx, at));
      return transaction ? add(transaction) : unlessDuplicate(add);
    },
    async mayUpgrade(accountId) {
      const password = await store.findPassword(accountId);
      if (!password || needs.clock.now() - password.changed_at < days(1)) return false;
      return (await store.passkeysOf(accountId)).every((row) => row.second_step_only === 1);
    },
    confirmPasskey: (accountId, id) =>
      database.transaction(async (trx) => {
        const name = await store.confirmPasskey(accountId, id, trx);
        const data = { kind: 'passkey', name, reason: 'confirmed' };
        if (name !== undefined) await journal.append({ type: 'authenticator_added', accountId, data }, trx);
        return name !== undefined;
      }),
    async renamePasskey(accountId, id, text) {
      const name = cleanName(text);
      return name !== '' && store.renamePasskey(accountId, id, name);
    },
    removePasskey: (accountId, id) =>
      removed(accountId, async (trx) => {
        const isKey = (await store.findPasskey(id, trx))?.second_step_only === 1;
        if (isKey && (await mayGo(accountId, id, trx)) !== 'yes') return undefined;
        const row = await store.removePasskey(accountId, id, trx);
        return row && { kind: isKey ? 'key' : 'passkey', addedAt: row.created_at };
      }),

    beginApp: (accountId, label) => apps.begin(accountId, label),
    resumeApp: (accountId, sealed, label) => apps.resume(accountId, sealed, label),
    async finishApp(accountId, { secret }, code) {
      const step = apps.proves(secret, code);
      if (step === undefined) return false;
      return unlessDuplicate(added(accountId, { kind: 'app' }, (trx) => apps.save(accountId, secret, step, trx)));
    },
    verifyApp: (accountId, code) => apps.verify(accountId, code),
    removeApp: (accountId) =>
      removed(accountId, async (trx) => {
        if ((await mayGo(accountId, undefined, trx)) !== 'yes') return undefined;
        const addedAt = await store.deleteApp(accountId, trx);
        return addedAt === undefined ? undefined : { kind: 'app', addedAt };
      }),

    async removeSecondStep(accountId, transaction) {
      const gone = await store.removeSecondStep(accountId, transaction);
      const steps = gone.flatMap(({ kind, addedAt }) => (kind === 'recovery codes' ? [] : [{ kind, addedAt }]));
      await former.remember(accountId, steps, transaction);
      for (const kind of new Set(gone.map((one) => one.kind)))
        await journal.append({ type: 'authenticator_removed', accountId, data: { kind } }, transaction);
    },
    suspendPassword: (accountId, transaction) => store.switchOff('password', accountId, transaction),
    ...createLost({ ...needs, store }),
    ...createOlder({ store, codes, former, journal }),

    recoveryCodes: createRecoveryCodes(recovery),
    savedCode: createSavedCode(recovery),
  };
}

function fromRow(row: PasskeyRow): Passkey {
  return {
    id: row.credential_id,
    name: row.name,
    synced: row.synced === 1,
    confirmed: row.uv_initialized === 1,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    suspendedAt: row.suspended_at ?? undefined,
  };
}
