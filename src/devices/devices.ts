import { type Clock, days, minutes } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { type AccountId, type ClientId, type DeviceId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { cleanText } from './device-text.ts';
import { createDevicesStore, type DeviceRow } from './devices-store.ts';

/** Name, model and type are the device's own words: cleaned when stored, never believed. Times are epoch milliseconds. */
export type NewDevice = {
  accountId: AccountId;
  clientId: ClientId;
  grantId: string;
  name: string;
  model?: string | undefined;
  type?: string | undefined;
  /** Space-separated, as RFC 6749 §3.3 writes it. */
  scope: string;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
  expiresAt: number;
};

export type Device = {
  id: DeviceId;
  accountId: AccountId;
  clientId: ClientId;
  /** The client's name, or its id if the client is gone. */
  clientName: string;
  grantId: string;
  name: string;
  model: string | undefined;
  type: string | undefined;
  scope: string[];
  country: string | undefined;
  linkedAt: number;
  lastUsedAt: number | undefined;
  expiresAt: number;
};

export type Devices = {
  /** Lists the device; `undoToken` is for the mail alone, only its hash is kept. */
  link(device: NewDevice, transaction: DatabaseTransaction): Promise<{ id: DeviceId; undoToken: string }>;
  list(accountId: AccountId): Promise<Device[]>;
  find(accountId: AccountId, id: DeviceId): Promise<Device | undefined>;
  /** A device that was unlinked not long ago, for saying so. */
  findUnlinked(accountId: AccountId, id: DeviceId): Promise<Device | undefined>;
  /** False if there is no such device, or nothing of the name is left once it is cleaned. */
  rename(accountId: AccountId, id: DeviceId, name: string): Promise<boolean>;
  /** When it resolves, every token of the grant is dead. True for the one caller that ended the link. */
  unlink(accountId: AccountId, id: DeviceId, transaction?: DatabaseTransaction): Promise<boolean>;
  /** Unlinks, and records that the owner says it was not them (security.md B29). */
  report(accountId: AccountId, id: DeviceId): Promise<boolean>;
  /** Unlinks everything; returns how many devices that ended. */
  unlinkAll(accountId: AccountId): Promise<number>;
  /** Unlinks a device if nobody has used it since `unusedSince`; false if somebody has, or it is not linked. */
  endUnused(accountId: AccountId, id: DeviceId, unusedSince: number): Promise<boolean>;
  /** Ends the link of a grant that was revoked for a reason of its own, such as a replayed token. */
  ended(grantId: string): Promise<void>;
  /** What a mail's undo link names, and whether that link has already ended; undefined if unknown or too old. */
  findByUndo(token: string): Promise<{ device: Device; done: boolean } | undefined>;
  /** Unlinks by the mail's link, without sign-in. True for the one caller that ended the link. */
  undo(token: string): Promise<boolean>;
  /** Notes that the device has got its first tokens; false if it is not linked any more, and must not have them. */
  collected(grantId: string, transaction: DatabaseTransaction): Promise<boolean>;
  /** Notes that the grant's tokens were used; writes at most once a minute per grant. */
  used(grantId: string, transaction?: DatabaseTransaction): Promise<void>;
  /** Notes that the owner has been told of the link. */
  noticed(id: DeviceId): Promise<void>;
  /** Links whose owner was not told within a minute: a mail can be refused, a process die. */
  unnoticed(): Promise<{ accountId: AccountId; deviceId: DeviceId; undoToken: string }[]>;
  /** Removes rows that ended too long ago for anyone to ask about. */
  removeEnded(): Promise<number>;
};

export type DevicesNeeds = {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  journal: Journal;
  /** Kills every token of the grant within the transaction. */
  revokeGrant: (grantId: string, transaction: DatabaseTransaction) => Promise<void>;
  clientNames: (ids: ClientId[]) => Promise<Map<ClientId, string>>;
};

export const longestName = 60;
/** How long the link in the mail works. */
export const undoWindow = days(30);
const useNotedEvery = minutes(1);
/** After a day, a mail that says "a device was linked" alarms more than it helps. */
const noticeTriedFor = days(1);
const noticesAtOnce = 50;
/** How many grants' last uses one process remembers before it forgets the old ones. */
const usesRemembered = 50_000;

export function createDevices(needs: DevicesNeeds): Devices {
  const { database, clock, random, secrets, journal, revokeGrant } = needs;
  const store = createDevicesStore(database);
  const noted = new Map<string, number>();

  async function named(rows: DeviceRow[]): Promise<Device[]> {
    if (rows.length === 0) return [];
    const names = await needs.clientNames([...new Set(rows.map((row) => row.client_id))]);
    return rows.map((row) => fromRow(row, names.get(row.client_id)));
  }

  const isLive = (row: DeviceRow) => row.unlinked_at === null && row.expires_at > clock.now();

  /** The row, the tokens and the event end together, or not at all. */
  async function end(
    row: DeviceRow,
    event: 'unlinked' | 'link_undone',
    transaction: DatabaseTransaction,
    why: { reason?: string } = {},
  ) {
    // The conditional update has one winner, so that ten presses make one event.
    if (!(await store.markUnlinked(row.id, clock.now(), transaction))) return false;
    await revokeGrant(row.grant_id, transaction);
    await journal.append({ type: event, accountId: row.account_id, data: { ...factsOf(row), ...why } }, transaction);
    return true;
  }

  /** Derived, so that every mail about one link can undo it, also one that was sent twice because an answer was lost. */
  const undoTokenOf = (id: DeviceId): string => secrets.hash('undo', `token of ${id}`);

  const byUndo = async (token: string, transaction?: DatabaseTransaction) => {
    const row = await store.find({ undoHash: secrets.hash('undo', token) }, transaction);
    return row && row.linked_at + undoWindow > clock.now() ? row : undefined;
  };

  return {
    async link(device, transaction) {
      const id = newId<DeviceId>(random);
      const undoToken = undoTokenOf(id);
      await store.insert(newRow(device, id, secrets.hash('undo', undoToken), clock.now()), transaction);
      return { id, undoToken };
    },

    list: async (accountId) => named(await store.list(accountId, clock.now())),

    async find(accountId, id) {
      const row = await store.find({ accountId, id });
      return row && isLive(row) ? (await named([row]))[0] : undefined;
    },

    async findUnlinked(accountId, id) {
      const row = await store.find({ accountId, id });
      return row?.unlinked_at != null ? (await named([row]))[0] : undefined;
    },

    async rename(accountId, id, text) {
      const name = cleanText(text, longestName);
      if (name === undefined) return false;
      return database.transaction(async (transaction) => {
        if (!(await store.rename(accountId, id, name, clock.now(), transaction))) return false;
        await journal.append({ type: 'renamed', accountId, data: { device: id, name } }, transaction);
        return true;
      });
    },

    unlink(accountId, id, given) {
      const work = async (transaction: DatabaseTransaction) => {
        const row = await store.find({ accountId, id }, transaction);
        return row ? end(row, 'unlinked', transaction) : false;
      };
      return given ? work(given) : database.transaction(work);
    },

    report: (accountId, id) =>
      database.transaction(async (transaction) => {
        const row = await store.find({ accountId, id }, transaction);
        if (!row || !(await end(row, 'unlinked', transaction))) return false;
        await journal.append({ type: 'reported', accountId, data: factsOf(row) }, transaction);
        return true;
      }),

    unlinkAll: (accountId) =>
      database.transaction(async (transaction) => {
        let count = 0;
        for (const row of await store.list(accountId, clock.now(), transaction)) {
          if (await end(row, 'unlinked', transaction)) count++;
        }
        return count;
      }),

    endUnused: (accountId, id, unusedSince) =>
      database.transaction(async (transaction) => {
        const row = await store.find({ accountId, id }, transaction);
        if (!row || (row.last_used_at ?? row.linked_at) > unusedSince) return false;
        return end(row, 'unlinked', transaction, { reason: 'unused' });
      }),

    ended: (grantId) =>
      database.transaction(async (transaction) => {
        const row = await store.find({ grantId }, transaction);
        if (row) await end(row, 'unlinked', transaction);
      }),

    async findByUndo(token) {
      const row = await byUndo(token);
      const device = row && (await named([row]))[0];
      return row && device && { device, done: !isLive(row) };
    },

    undo: (token) =>
      database.transaction(async (transaction) => {
        const row = await byUndo(token, transaction);
        return row ? end(row, 'link_undone', transaction) : false;
      }),

    collected: (grantId, transaction) => store.noteCollected(grantId, clock.now(), transaction),

    async used(grantId, transaction) {
      const now = clock.now();
      if (now - (noted.get(grantId) ?? Number.NEGATIVE_INFINITY) < useNotedEvery) return;
      if (noted.size >= usesRemembered) noted.clear();
      noted.set(grantId, now);
      // Another process may have written it within the minute: the row's own time decides.
      await store.noteUse(grantId, now, now - useNotedEvery, transaction);
    },

    noticed: (id) => store.noteNotice(id, clock.now()),

    async unnoticed() {
      const now = clock.now();
      const rows = await store.listUnnoticed(now - noticeTriedFor, now - minutes(1), noticesAtOnce);
      return rows.map(({ id, account_id }) => ({ accountId: account_id, deviceId: id, undoToken: undoTokenOf(id) }));
    },

    removeEnded: () => store.removeEnded(clock.now() - undoWindow),
  };
}

/** How events name a device: by its id, under `device`. */
const factsOf = (row: DeviceRow) => ({ device: row.id, client: row.client_id });

function newRow(device: NewDevice, id: DeviceId, undoHash: string, now: number): DeviceRow {
  return {
    id,
    account_id: device.accountId,
    client_id: device.clientId,
    grant_id: device.grantId,
    // Cleaned here too: whoever calls, nothing unclean is ever stored (security.md F15). Pages show the app for ''.
    name: cleanText(device.name, longestName) ?? '',
    model: cleanText(device.model, longestName) ?? null,
    type: cleanText(device.type, 20) ?? null,
    scope: device.scope,
    country: device.country ?? null,
    linked_at: now,
    last_used_at: null,
    expires_at: device.expiresAt,
    undo_hash: undoHash,
    notified_at: null,
    unlinked_at: null,
    unused_notice_at: null,
  };
}

function fromRow(row: DeviceRow, clientName: string | undefined): Device {
  return {
    id: row.id,
    accountId: row.account_id,
    clientId: row.client_id,
    clientName: clientName ?? row.client_id,
    grantId: row.grant_id,
    name: row.name,
    model: row.model ?? undefined,
    type: row.type ?? undefined,
    scope: row.scope.split(' ').filter(Boolean),
    country: row.country ?? undefined,
    linkedAt: row.linked_at,
    lastUsedAt: row.last_used_at ?? undefined,
    expiresAt: row.expires_at,
  };
}
