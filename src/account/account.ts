import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { normaliseEmail } from '../email.ts';
import { type AccountId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Locale } from '../web/messages.ts';
import { type AccountRow, createAccountStore } from './account-store.ts';

export type Account = {
  id: AccountId;
  email: string;
  name: string | undefined;
  locale: Locale | undefined;
  createdAt: number;
  /** When it will be removed, if its owner has closed it. */
  closingAt: number | undefined;
  /** When its owner last went through the security check-up. */
  checkedAt: number | undefined;
};

export type NewAccount = { email: string; locale?: Locale | undefined; passkeyUserId?: string | undefined };

export type Accounts = {
  find(id: AccountId, transaction?: DatabaseTransaction): Promise<Account | undefined>;
  /** `email` as a person types it. */
  findByEmail(email: string): Promise<Account | undefined>;
  /** Rejects with a duplicate error of the database if the address has an account. */
  create(account: NewAccount, transaction?: DatabaseTransaction): Promise<Account>;
  list(): Promise<Account[]>;
  /** False if there was none. What hangs on the account goes with it. */
  remove(id: AccountId): Promise<boolean>;
  /** The same, if its time has come; false if its owner has kept it. */
  removeClosed(id: AccountId): Promise<boolean>;
  /** From here on the transaction has the account for itself; others that ask for it wait until it ends. */
  lock(id: AccountId, transaction: DatabaseTransaction): Promise<void>;
  setLocale(id: AccountId, locale: Locale): Promise<void>;
  /** True if the address was `from` until now. Rejects with a duplicate error of the database if `to` has an account. */
  changeEmail(id: AccountId, change: { from: string; to: string }, transaction: DatabaseTransaction): Promise<boolean>;
  /** What to call them; undefined for "the part of the address before the @". */
  setName(id: AccountId, name: string | undefined): Promise<void>;
  noteCheckup(id: AccountId): Promise<void>;
  /** Will be removed at `at`; false if it was closing already. */
  beginClosing(id: AccountId, at: number): Promise<boolean>;
  /** Stays after all; false if it was not closing, or its time has come. */
  cancelClosing(id: AccountId): Promise<boolean>;
  /** Whose time has come, the oldest first. */
  closingBefore(time: number, limit: number): Promise<Account[]>;
  /** The WebAuthn user handle: 64 random bytes, base64url, no personal data (G10). */
  passkeyUserId(id: AccountId): Promise<string | undefined>;
};

export function createAccounts(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  journal: Journal;
}): Accounts {
  const { clock, random, journal } = needs;
  const store = createAccountStore(needs.database);
  const found = (row: AccountRow | undefined): Account | undefined => row && fromRow(row);

  const changeClosing = (id: AccountId, at: number | null, type: 'closing_begun' | 'closing_cancelled') =>
    needs.database.transaction(async (trx) => {
      const changed = await store.setClosing(id, at, clock.now(), trx);
      if (changed) await journal.append({ type, accountId: id }, trx);
      return changed;
    });

  return {
    find: async (id, transaction) => found(await store.find(id, transaction)),
    async findByEmail(text) {
      const email = normaliseEmail(text);
      return email ? found(await store.findByEmail(email)) : undefined;
    },
    async create({ email: text, locale, passkeyUserId }, transaction) {
      const email = normaliseEmail(text);
      if (!email) throw new TypeError('An account needs an e-mail address.');
      const row: AccountRow = {
        id: newId<AccountId>(random),
        email,
        name: null,
        locale: locale ?? null,
        passkey_user_id: passkeyUserId ?? random.token(64),
        created_at: clock.now(),
        closing_at: null,
        checked_at: null,
      };
      const write = async (trx: DatabaseTransaction) => {
        await store.insert(row, trx);
        await journal.append({ type: 'account_created', accountId: row.id }, trx);
      };
      await (transaction ? write(transaction) : needs.database.transaction(write));
      return fromRow(row);
    },
    list: async () => (await store.list()).map(fromRow),
    remove: (id) => store.remove(id),
    removeClosed: (id) => store.remove(id, clock.now()),
    lock: (id, transaction) => store.lock(id, transaction),
    changeEmail: (id, change, transaction) => store.changeEmail(id, change, transaction),
    setLocale: (id, locale) => store.set(id, { locale }),
    setName: (id, name) => store.set(id, { name: name ?? null }),
    noteCheckup: (id) => store.set(id, { checked_at: clock.now() }),
    beginClosing: (id, at) => changeClosing(id, at, 'closing_begun'),
    cancelClosing: (id) => changeClosing(id, null, 'closing_cancelled'),
    closingBefore: async (time, limit) => (await store.closingBefore(time, limit)).map(fromRow),
    passkeyUserId: async (id) => (await store.find(id))?.passkey_user_id,
  };
}

function fromRow(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    name: row.name ?? undefined,
    locale: (row.locale ?? undefined) as Locale | undefined,
    createdAt: row.created_at,
    closingAt: row.closing_at ?? undefined,
    checkedAt: row.checked_at ?? undefined,
  };
}

/** What to call them: their name, or the part of the address before the @. */
export function displayName(account: Pick<Account, 'name' | 'email'>): string {
  return account.name ?? account.email.slice(0, account.email.lastIndexOf('@'));
}
