import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { Mail } from '../drivers/mail/mail.ts';
import type { Sms } from '../drivers/sms/sms.ts';
import { type AccountId, type AddressId, newId, type SessionId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import type { Live } from '../web/live.ts';
import type { Messages } from '../web/messages.ts';
import { changeMail, emailChangedMail, emailPutBackMail, reviewMail } from './addresses-mail.tsx';
import { type AddressRow, createAddressesStore } from './addresses-store.ts';
import { type Confirmations, createConfirmations, type Outcome } from './confirmations.ts';
import type { ConfirmationRow } from './confirmations-store.ts';
import { type ChangeKey, createEmailChanges, type EmailChanges, type Ender } from './email-changes.ts';
import { createLostPhones, type LostPhones } from './lost-phones.ts';
import { callingCode, readablePhone } from './phone.ts';
import { createTelling, type Found, type Tellings } from './telling.ts';
import { createTexts, type TextResult } from './texts.ts';

/** A confirmed alternate of an account. `value` is a normalised mail address or a number in E.164. */
export type Address = {
  id: AddressId;
  kind: 'email' | 'phone';
  value: string;
  addedAt: number;
  /** A phone that was reported lost: nothing that is sent to it counts, until it is resumed. */
  suspendedAt: number | undefined;
};

/** Who did it, and the link that takes it back (fault A2), for readers who may have one. */
export type Undoable = (
  accountId: AccountId,
  by: SessionId,
  change: { kind: 'email' | 'phone' | 'own' | 'removed' | 'resumed'; ref?: string },
) => Promise<string | undefined>;

export type Addresses = LostPhones &
  Tellings & {
    /** The confirmed alternates, oldest first. */
    list(accountId: AccountId): Promise<Address[]>;
    /** Tells every address, the removed one included. False if there is none such. */
    remove(accountId: AccountId, id: AddressId, by: SessionId): Promise<boolean>;
    /** Removes them with whatever else goes in the transaction, whose owner is told of all of it. How many there were. */
    takeOff(accountId: AccountId, ids: readonly AddressId[], trx: DatabaseTransaction): Promise<number>;
    /** The change by which the account came to its own address, if that was lately. */
    ownSince(accountId: AccountId): Promise<{ value: string; since: number; change?: string } | undefined>;
    /** A text message within the budgets (E24). `from` is who asked for it. */
    sendText(phone: string, text: string, from: { network: string }): Promise<TextResult>;
    /** False where nobody is sent texts, or nobody with a number of that country. */
    canText(phone: string): boolean;
    /** False where nobody is sent texts at all. */
    texts: boolean;
    confirmations: Confirmations;
    /** True while an account, other than the one given, could be moved back to this address by the link it was sent. */
    isKept(email: string, except?: AccountId): Promise<boolean>;
    findUndo: EmailChanges['findUndo'];
    /** Puts the account's old address back; the caller then ends its sessions. Undefined if there is nothing to undo. */
    undoEmail(key: ChangeKey, by: Ender): Promise<{ accountId: AccountId; id: string } | undefined>;
    /** Removes what ended, and reminds of addresses nobody has looked at for a year (E16). For a timer. */
    tidy(): Promise<void>;
  };

/** Of each kind: enough to lose some (E16), too few to hide one among. */
export const mostAddresses = 5;

const year = days(365);

export function createAddresses(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  live: Pick<Live, 'tell'>;
  journal: Journal;
  mail: Mail;
  sms: Sms | undefined;
  messages: Messages;
  config: { issuer: string; smsCountries: readonly string[] | 'all'; smsPerDay: number };
  findAccount(id: AccountId): Promise<Found | undefined>;
  findByEmail(email: string): Promise<{ id: AccountId } | undefined>;
  /** True if the account had `from` until now. Rejects with a duplicate error if `to` has an account. */
  changeEmail(id: AccountId, change: { from: string; to: string }, trx: DatabaseTransaction): Promise<boolean>;
  /** One transaction at a time per account, from here on. */
  lockAccount(id: AccountId, trx: DatabaseTransaction): Promise<void>;
  isSignedIn(accountId: AccountId, sessionId: SessionId): Promise<boolean>;
  /** Ends what was begun with an address that is about to be given up: codes to it are for nothing. */
  endRecoveries(id: AccountId, by: Ender, trx: DatabaseTransaction): Promise<void>;
  undoable: Undoable;
  /** For what failed after the act it belongs to was done. */
  failed(error: unknown, what: string): void;
}): Addresses {
  const { database, clock, random, journal } = needs;
  const store = createAddressesStore(database);
  const texts = createTexts({ ...needs, countries: needs.config.smsCountries, perDay: needs.config.smsPerDay });

  const confirmations = createConfirmations({
    ...needs,
    confirmed: async (row, use) => (row.purpose === 'own' ? changeOwn(row, use) : add(row, row.purpose, use)),
  });
  const changes = createEmailChanges({ ...needs, addresses: store, dropWaiting: confirmations.dropWaiting });
  const { tell, reach, mailboxes } = createTelling({ ...needs, list: store.list, ownAddresses: changes.ownAddresses });

  const tellChange = (
    id: AccountId,
    act: 'added' | 'removed' | 'resumed',
    address: Pick<AddressRow, 'kind' | 'value' | 'added_at'>,
    undo: string | undefined,
  ) => {
    const change = { act, kind: address.kind, address: maskAddress(address), at: clock.now(), undo };
    // E19: the one removed hears of it, too: it may be the last that a stranger does not read.
    const alsoTo = address.kind === 'email' ? [{ value: address.value, since: address.added_at }] : [];
    return tell(id, (reader) => changeMail(reader, change), { alsoTo });
  };

  const lostPhones = createLostPhones({
    ...{ ...needs, store, mask: maskAddress },
    async tellResumed(id, address, by) {
      const undo = await needs.undoable(id, by, { kind: 'resumed', ref: address.id });
      await tellChange(id, 'resumed', address, undo);
    },
  });

  async function add(
    { account_id: accountId, session_id: by, value }: ConfirmationRow,
    kind: Address['kind'],
    use: (trx: DatabaseTransaction) => Promise<boolean>,
  ): Promise<Outcome> {
    const now = clock.now();
    const id = newId<AddressId>(random);
    const row = { account_id: accountId, kind, value, added_at: now, reviewed_at: now };
    const done = await database.transaction(async (trx) => {
      // Another press has confirmed it, or it has just run out.
      if (!(await use(trx))) return 'used';
      // Of several confirmed at once, each would count without the others.
      await needs.lockAccount(accountId, trx);
      if ((await store.count(accountId, kind, trx)) >= mostAddresses) return 'full';
      if (!(await store.insert({ id, ...row }, trx))) return 'used';
      await journal.append({ type: 'address_added', accountId, data: { kind, id, address: maskAddress(row) } }, trx);
      return 'added';
    });
    if (done === 'added')
      await tellChange(accountId, 'added', row, await needs.undoable(accountId, by, { kind, ref: id }));
    return done === 'full' ? 'full' : 'confirmed';
  }

  async function changeOwn(
    { account_id: accountId, session_id: by, value: to }: ConfirmationRow,
    use: (trx: DatabaseTransaction) => Promise<boolean>,
  ): Promise<Outcome> {
    const from = (await needs.findAccount(accountId))?.email;
    if (!from) return 'expired';
    try {
      const changed = await database.transaction(async (trx) => {
        const change = (await use(trx)) ? await changes.change(accountId, { from, to }, by, trx) : undefined;
        const data = { ...maskedChange(from, to), change: change?.id };
        if (change) await journal.append({ type: 'email_changed', accountId, data }, trx);
        return change;
      });
      // Its own link takes it back, and with it whatever else was done there.
      if (changed) await needs.undoable(accountId, by, { kind: 'own', ref: changed.id });
      const undoToken = changed?.undoToken;
      const told = { ...maskedChange(from, to), at: clock.now() };
      if (undoToken) await tell(accountId, (reader) => emailChangedMail(reader, { ...told, undoToken }));
      return 'confirmed';
    } catch (error) {
      if (database.isDuplicate(error)) return 'taken';
      throw error;
    }
  }

  return {
    async list(accountId) {
      const rows = await store.list(accountId);
      return rows.map(({ id, kind, value, added_at, suspended_at }) => ({
        ...{ id, kind, value, addedAt: added_at },
        suspendedAt: suspended_at ?? undefined,
      }));
    },

    ...lostPhones,

    async takeOff(accountId, ids, trx) {
      const rows = ids.length > 0 ? await store.removeAll(accountId, ids, trx) : [];
      for (const row of rows) {
        const data = { kind: row.kind, address: maskAddress(row) };
        await journal.append({ type: 'address_removed', accountId, data }, trx);
      }
      return rows.length;
    },

    mailboxes,
    async ownSince(accountId) {
      const own = (await needs.findAccount(accountId))?.email;
      return own === undefined ? undefined : (await changes.ownAddresses(accountId, own))[0];
    },

    async remove(accountId, id, by) {
      const row = (await store.list(accountId)).find((one) => one.id === id);
      if (!row) return false;
      const removed = await database.transaction(async (trx) => {
        await needs.endRecoveries(accountId, by, trx);
        const done = await store.remove(accountId, id, trx);
        const data = { kind: row.kind, address: maskAddress(row) };
        if (done) await journal.append({ type: 'address_removed', accountId, data }, trx);
        return done;
      });
      if (removed)
        await tellChange(accountId, 'removed', row, await needs.undoable(accountId, by, { kind: 'removed' }));
      return removed;
    },

    tell,
    reach,
    sendText: (phone, text, from) => texts.send(phone, text, from),
    canText: (phone) => texts.reaches(phone),
    texts: needs.sms !== undefined,
    confirmations,
    isKept: changes.isKept,
    findUndo: changes.findUndo,

    async undoEmail(key, by) {
      const undone = await changes.undo(key, by);
      if (!undone) return undefined;
      const { accountId, oldEmail, newEmail } = undone;
      await journal.append({
        type: 'email_changed',
        accountId,
        data: { ...maskedChange(newEmail, oldEmail), by: 'undo' },
      });
      // The address that lost it, too: should its holder have been the owner, they must know.
      await tell(accountId, (reader) => emailPutBackMail(reader, clock.now(), maskedEmail(oldEmail)), {
        alsoTo: [{ value: newEmail, since: undone.changedAt }],
      });
      return { accountId, id: undone.id };
    },

    async tidy() {
      await confirmations.removeEnded();
      await changes.removeEnded();
      const before = clock.now() - year;
      for (const accountId of await store.unreviewed(before, 20)) {
        // Claimed before it is sent: of several processes, one reminds.
        if (!(await store.reviewed(accountId, before, clock.now()))) continue;
        const addresses = (await store.list(accountId)).map(maskAddress);
        await tell(accountId, (reader) => reviewMail(reader, addresses));
      }
    },
  };
}

/**
 * Enough to know one's own address by, too little to write to: `a•••@e•••.org`, `+49 ••• 78`. Always as many dots, so
 * that the length stays hidden too.
 */
export function maskAddress({ kind, value }: { kind: 'email' | 'phone'; value: string }): string {
  if (kind === 'phone') return `${callingCode(value)} ••• ${value.slice(-2)}`;
  const at = value.lastIndexOf('@');
  const host = value.slice(at + 1);
  const end = host.lastIndexOf('.');
  const first = (text: string): string => [...text][0] ?? '';
  return `${first(value)}•••@${first(host)}•••${end > 0 ? host.slice(end) : ''}`;
}

const maskedEmail = (value: string): string => maskAddress({ kind: 'email', value });
const maskedChange = (from: string, to: string) => ({ from: maskedEmail(from), to: maskedEmail(to) });

/** In full, a number as people write it. */
export function shownAddress({ kind, value }: Pick<Address, 'kind' | 'value'>): string {
  return kind === 'phone' ? readablePhone(value) : value;
}
