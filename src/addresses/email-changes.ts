import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { EndedBy } from '../older.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import type { AddressesStore } from './addresses-store.ts';
import { createEmailChangesStore, type EmailChangeRow } from './email-changes-store.ts';

/** How long a change of the account's own address can be taken back, and the old address goes on being told. */
export const undoFor = days(7);

/** A change that a mail's link is about. `taken` if the old address has an account of its own by now. */
export type Undoable = {
  id: string;
  accountId: AccountId;
  oldEmail: string;
  newEmail: string;
  changedAt: number;
  state: 'possible' | 'done' | 'expired' | 'taken';
};

/** Which change: by the token of the mail, or as its owner's own. */
export type ChangeKey = string | { accountId: AccountId; id: string };

/** Who gives an address up; `undefined` where nothing that is about to get in is to end with it. */
export type Ender = EndedBy<SessionId> | undefined;

export type EmailChanges = ReturnType<typeof createEmailChanges>;

/** Moves an account to another address, and back if its owner says that they did not. */
export function createEmailChanges(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  addresses: AddressesStore;
  findAccount(id: AccountId): Promise<{ email: string } | undefined>;
  findByEmail(email: string): Promise<{ id: AccountId } | undefined>;
  /** True if the account had `from` until now. Rejects with a duplicate error if `to` has an account. */
  changeEmail(id: AccountId, change: { from: string; to: string }, trx: DatabaseTransaction): Promise<boolean>;
  /** Ends what was begun with addresses that go now. */
  endRecoveries(id: AccountId, by: Ender, trx: DatabaseTransaction): Promise<void>;
  /** Whatever else was asked for and not confirmed. */
  dropWaiting(id: AccountId, trx: DatabaseTransaction): Promise<void>;
}) {
  const { clock, random, secrets, addresses, database } = needs;
  const store = createEmailChangesStore(database);

  const stateOf = async (row: EmailChangeRow): Promise<Undoable['state']> => {
    if (row.undone_at !== null) return 'done';
    if (row.changed_at <= clock.now() - undoFor) return 'expired';
    const holder = await needs.findByEmail(row.old_email);
    return holder && holder.id !== row.account_id ? 'taken' : 'possible';
  };

  const find = async (key: ChangeKey): Promise<(Undoable & { row: EmailChangeRow }) | undefined> => {
    const row = await (typeof key === 'string'
      ? store.find(secrets.hash('email-undo', key))
      : store.findOwn(key.accountId, key.id));
    if (!row) return undefined;
    const { account_id, old_email, new_email, changed_at } = row;
    const state = await stateOf(row);
    return {
      id: row.id,
      accountId: account_id,
      oldEmail: old_email,
      newEmail: new_email,
      changedAt: changed_at,
      state,
      row,
    };
  };

  return {
    /** Within the transaction that uses up the confirmation; gives the token of the link that takes it back, and its id. */
    async change(accountId: AccountId, change: { from: string; to: string }, by: Ender, trx: DatabaseTransaction) {
      await needs.endRecoveries(accountId, by, trx);
      if (!(await needs.changeEmail(accountId, change, trx))) return undefined;
      await addresses.removeValue(accountId, change.to, trx);
      await needs.dropWaiting(accountId, trx);
      const undoToken = random.token(32);
      const id = random.token(16);
      await store.insert(
        {
          id,
          account_id: accountId,
          old_email: change.from,
          new_email: change.to,
          undo_hash: secrets.hash('email-undo', undoToken),
          changed_at: clock.now(),
          undone_at: null,
        },
        trx,
      );
      return { id, undoToken };
    },

    /**
     * The account's own address, and those it gave up in the last week, which go on being told; each with when it became
     * the account's own. None for those it was made with, or has had for longer than changes are kept.
     */
    async ownAddresses(
      accountId: AccountId,
      own: string,
    ): Promise<{ value: string; since: number; change?: string }[]> {
      const changes = await store.standingOf(accountId);
      const since = (value: string, before = Number.POSITIVE_INFINITY) =>
        changes.findLast((row) => row.new_email === value && row.changed_at < before);
      const givenUp = changes.filter((row) => row.changed_at > clock.now() - undoFor && row.old_email !== own);
      const now = since(own);
      return [
        { value: own, since: now?.changed_at ?? 0, ...(now && { change: now.id }) },
        ...givenUp.map((row) => ({
          value: row.old_email,
          since: since(row.old_email, row.changed_at)?.changed_at ?? 0,
        })),
      ];
    },

    /** True while an account, other than the one given, could still be moved back to this address. */
    async isKept(email: string, except?: AccountId): Promise<boolean> {
      const accounts = await store.accountsThatHad(email, clock.now() - undoFor);
      return accounts.some((id) => id !== except);
    },

    findUndo: (key: ChangeKey): Promise<Undoable | undefined> => find(key),

    /**
     * Puts the old address back, once. Whatever followed the change goes with it: later changes, and addresses added
     * since, because whoever took the account has added them.
     */
    async undo(key: ChangeKey, by: Ender): Promise<Undoable | undefined> {
      const found = await find(key);
      const account = found && (await needs.findAccount(found.accountId));
      if (!found || !account || found.state !== 'possible') return undefined;
      const { accountId, oldEmail, changedAt, row } = found;
      try {
        const done = await database.transaction(async (trx) => {
          // Also where the own address is the old one again, and only others that were added since go.
          await needs.endRecoveries(accountId, by, trx);
          if (!(await store.undone(row.id, clock.now(), trx))) return false;
          const moved =
            account.email === oldEmail ||
            (await needs.changeEmail(accountId, { from: account.email, to: oldEmail }, trx));
          // Somebody changes it at this very moment: nothing has happened, and pressing again finds it.
          if (!moved) throw new Moved();
          await store.removeLater(row, trx);
          await addresses.removeAddedSince(accountId, changedAt, trx);
          await addresses.removeValue(accountId, oldEmail, trx);
          await needs.dropWaiting(accountId, trx);
          return true;
        });
        return done ? { ...found, state: 'done' } : undefined;
      } catch (error) {
        if (error instanceof Moved || database.isDuplicate(error)) return undefined;
        throw error;
      }
    },

    removeEnded: (): Promise<void> => store.removeBefore(clock.now() - days(30)),
  };
}

class Moved extends Error {}
