import { type Clock, seconds } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import { AppError } from '../errors.ts';
import { type ClientId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import { endedBy } from './client-changes.ts';
import { type ClientMetadata, metadataOf } from './client-metadata.ts';
import { type ClientSettings, checkedSettings, type GivenSettings, readSettings } from './client-settings.ts';
import { type ClientRow, createClientsStore } from './clients-store.ts';

/** An app, as pages and operators see it. */
export type Client = ClientSettings & {
  id: ClientId;
  name: string;
  /** Without a secret: everything that runs on a person's device (RFC 8628 §5.6). */
  public: boolean;
  createdAt: number;
};

export type NewClient = GivenSettings & { id?: string | undefined; name: string; public: boolean };

/** Only what is named changes; whether there is a secret never does. */
export type ClientChanges = {
  [Setting in Exclude<keyof NewClient, 'id' | 'public'>]?: NewClient[Setting] | undefined;
};

export type Clients = {
  find(id: string): Promise<Client | undefined>;
  names(ids: string[]): Promise<Map<ClientId, string>>;
  list(): Promise<Client[]>;
  /** Whether the scripts of an origin may call for any client at all (C15). */
  isWebOrigin(origin: string): Promise<boolean>;
  /** The secret is returned here once and stored only as a keyed hash. */
  create(input: NewClient): Promise<{ client: Client; secret: string | undefined }>;
  /** With what stops working by it, one sentence each; undefined if there is no such client. */
  change(id: string, changes: ClientChanges): Promise<{ client: Client; ends: string[] } | undefined>;
  /** A new secret, returned here once; the one before counts for `overlap` milliseconds more. */
  rotateSecret(id: string, overlap: number): Promise<{ client: Client; secret: string; until: number } | undefined>;
  remove(id: string): Promise<boolean>;
  /** What the engine needs to know, or undefined if there is no such client. */
  metadata(id: string): Promise<ClientMetadata | undefined>;
  /** Compares a presented secret with what is stored in constant time. */
  secretMatches(id: string, presented: string): Promise<boolean>;
  /** Those that were registered by an older version and whose requests fail, each with the reason. */
  unfit(): Promise<{ id: string; problem: string }[]>;
};

type Needs = {
  database: Database;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  /**
   * Rejects with AppError what the engine would not work with: it judges, since every request goes through it (fault C5).
   */
  accepted(metadata: ClientMetadata): Promise<void>;
};

/** What an operator changes is seen within this time. */
const remembered = seconds(5);

export function createClients({ database, secrets, clock, random, accepted }: Needs): Clients {
  const store = createClientsStore(database);
  const known = new Map<string, { client: Client; row: ClientRow; readAt: number }>();
  let origins: { all: Set<string>; readAt: number } | undefined;

  const isFresh = ({ readAt }: { readAt: number }): boolean => Math.abs(clock.now() - readAt) < remembered;

  /** Every request to the engine asks for its client. */
  async function read(id: string) {
    const cached = known.get(id);
    if (cached && isFresh(cached)) return cached;
    const row = await store.findClient(id).catch((error: unknown) => {
      // While the database is away, devices of known clients go on waiting.
      if (cached && error instanceof AppError) return 'away' as const;
      throw error;
    });
    if (row === 'away') return cached;
    if (known.size >= 1000) known.clear();
    known.delete(id);
    if (!row) return undefined;
    const fresh = { client: clientOf(row), row, readAt: clock.now() };
    known.set(id, fresh);
    return fresh;
  }

  const find = async (id: string): Promise<Client | undefined> => (await read(id))?.client;

  /** What is stored goes through here, new or changed: a client that could never work is not stored (fault C5). */
  async function settingsFor(row: Pick<ClientRow, 'id' | 'name' | 'secret_hash'>, given: GivenSettings) {
    if (!row.name) throw new AppError('bad_request', 'A client needs a name.');
    const settings = checkedSettings(given, row.secret_hash === null);
    for (const service of settings.services) {
      const found = (await store.findClient(service))?.secret_hash;
      if (!found) throw new AppError('bad_request', `There is no client "${service}" with a secret to be a service.`);
    }
    await accepted(metadataOf({ ...settings, id: row.id, name: row.name }, row.secret_hash));
    return JSON.stringify(settings);
  }

  return {
    find,

    async names(ids) {
      const rows = await store.findClients([...new Set(ids)]);
      return new Map(rows.map((row) => [row.id as ClientId, row.name]));
    },

    list: async () => (await store.listClients()).map(clientOf),

    async isWebOrigin(origin) {
      if (!origins || !isFresh(origins)) {
        const all = await store.listClients().catch((error: unknown) => {
          // Whoever is told that the database is away should be able to read it.
          if (error instanceof AppError) return undefined;
          throw error;
        });
        if (all) origins = { all: new Set(all.flatMap((row) => clientOf(row).webOrigins)), readAt: clock.now() };
      }
      return origins?.all.has(origin) ?? false;
    },

    async create(input) {
      const secret = input.public ? undefined : random.token(32);
      const begun = {
        id: input.id ?? newId<ClientId>(random),
        name: input.name.trim(),
        secret_hash: secret ? secrets.hash('client-secret', secret) : null,
        previous_secret_hash: null,
        previous_secret_until: null,
        created_at: clock.now(),
      };
      if (!/^[A-Za-z0-9._~-]{1,128}$/.test(begun.id)) {
        throw new AppError('bad_request', 'A client id has 1 to 128 letters, digits, dots, dashes or underscores.');
      }
      const row: ClientRow = { ...begun, settings: await settingsFor(begun, input) };
      try {
        await store.addClient(row);
      } catch (error) {
        if (database.isDuplicate(error)) throw new AppError('bad_request', `There is already a client ${row.id}.`);
        throw error;
      }
      return { client: clientOf(row), secret };
    },

    async change(id, changes) {
      const before = await store.findClient(id);
      if (!before) return undefined;
      const { name, ...given } = Object.fromEntries(
        Object.entries(changes).filter(([, value]) => value !== undefined),
      ) as Partial<NewClient>;
      const changed = { ...before, name: name?.trim() ?? before.name };
      const old = readSettings(before.settings);
      const row = { ...changed, settings: await settingsFor(changed, { ...old, ...given }) };
      if (!(await store.changeClient(before, { name: row.name, settings: row.settings }))) throw changedMeanwhile();
      known.delete(id);
      return { client: clientOf(row), ends: endedBy(old, readSettings(row.settings)) };
    },

    async rotateSecret(id, overlap) {
      const before = await store.findClient(id);
      if (!before) return undefined;
      if (before.secret_hash === null) throw new AppError('bad_request', `Client ${id} is public: it has no secret.`);
      const secret = random.token(32);
      const until = clock.now() + overlap;
      const hashes = {
        secret_hash: secrets.hash('client-secret', secret),
        previous_secret_hash: overlap > 0 ? before.secret_hash : null,
        previous_secret_until: overlap > 0 ? until : null,
      };
      if (!(await store.changeSecret(before, hashes))) throw changedMeanwhile();
      known.delete(id);
      return { client: clientOf(before), secret, until };
    },

    async remove(id) {
      known.delete(id);
      return store.deleteClient(id);
    },

    async metadata(id) {
      const found = await read(id);
      return found && metadataOf(found.client, found.row.secret_hash);
    },

    async secretMatches(id, presented) {
      const row = (await read(id))?.row;
      if (!row?.secret_hash) return false;
      const hash = secrets.hash('client-secret', presented);
      const { previous_secret_hash: previous, previous_secret_until: until } = row;
      const now = sameString(hash, row.secret_hash);
      const before = previous !== null && until !== null && until > clock.now() && sameString(hash, previous);
      return now || before;
    },

    async unfit() {
      const problems: { id: string; problem: string }[] = [];
      for (const row of await store.listClients()) {
        await settingsFor(row, readSettings(row.settings)).catch((error: unknown) => {
          if (!(error instanceof AppError) || error.code !== 'bad_request') throw error;
          problems.push({ id: row.id, problem: error.message });
        });
      }
      return problems;
    },
  };
}

const changedMeanwhile = (): AppError =>
  new AppError('bad_request', 'Somebody else has changed this client meanwhile. Look at it and try again.');

const clientOf = (row: ClientRow): Client => ({
  ...readSettings(row.settings),
  id: row.id as ClientId,
  name: row.name,
  public: row.secret_hash === null,
  createdAt: row.created_at,
});
