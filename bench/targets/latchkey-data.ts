import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { sql } from 'kysely';
import { createAccounts } from '../../src/account/account.ts';
import { type Client, createClients } from '../../src/clients/clients.ts';
import { days } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { createDevices } from '../../src/devices/devices.ts';
import { createClientCheck } from '../../src/engine/client-check.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { createSigningKeys } from '../../src/engine/signing-keys.ts';
import { type LinkId, newOrderedId } from '../../src/ids.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createGuesses } from '../../src/link/guesses.ts';
import { createLink } from '../../src/link/link.ts';
import { createLinkRequests } from '../../src/link/link-requests.ts';
import { createLinkStore, type LinkRow } from '../../src/link/link-store.ts';
import { type Outside, openOutside } from '../../src/outside.ts';
import { clientId, scope } from './target.ts';

/** The server's data, prepared by its own rooms beside it: codes as a device and a person would have made them. */
export type LatchkeyData = {
  /** Codes that wait; a running server knows them only once it has started again. */
  addPending(count: number, file: string): Promise<void>;
  /** Codes that a person has approved. */
  addApproved(count: number, file: string): Promise<void>;
  close(): Promise<void>;
};

const requester = { ip: '127.0.0.1', userAgent: 'bench/1', country: undefined };
const params = { client_id: clientId, scope };
const rowsPerInsert = 500;
const approvalsAtOnce = 8;

/** `env` as the server gets it. Writes need not survive a power cut. */
export async function openLatchkeyData(env: Record<string, string>): Promise<LatchkeyData> {
  const outside = await openOutside(readConfig({ ...env, ...hurried(env), LATCHKEY_VALKEY_URL: undefined }));
  if (!env.LATCHKEY_DATABASE_URL) await sql`pragma synchronous = off`.execute(outside.database.query);
  const clients = createClients({ ...outside, accepted: createClientCheck() });
  const client =
    (await clients.find(clientId)) ??
    (await clients.create({ id: clientId, name: 'TV', public: true, grants: ['device_code', 'refresh_token'] })).client;
  const rooms = await openRooms(outside);

  return {
    async addPending(count, file) {
      const sample = await sampleRow(outside, rooms, client);
      await writeLines(file, async (line) => {
        for (let done = 0; done < count; done += rowsPerInsert) {
          const size = Math.min(rowsPerInsert, count - done);
          const fresh = Array.from({ length: size }, () => anotherRow(outside, sample));
          const tables = outside.database.query.withTables<{ device_authorization: LinkRow }>();
          await tables
            .insertInto('device_authorization')
            .values(fresh.map(({ row }) => row))
            .execute();
          for (const { deviceCode } of fresh) await line(deviceCode);
        }
      });
    },

    async addApproved(count, file) {
      const email = `person-${randomBytes(6).toString('hex')}@example.org`;
      const account = await rooms.accounts.create({ email });
      const now = outside.clock.now();
      const person = {
        accountId: account.id,
        email,
        name: email,
        methods: ['pwd' as const],
        signedInAt: now,
        provenAt: now,
      };
      const from = { browserId: 'bench', network: 'loopback', country: undefined };
      await writeLines(file, async (line) => {
        let left = count;
        const work = async (): Promise<void> => {
          while (left-- > 0) {
            const deviceCode = outside.random.token(32);
            const { userCode } = await rooms.requests.issue({ deviceCode, client, params, requester });
            const claimed = await rooms.link.claim(userCode.replaceAll('-', ''), person, from);
            if (claimed.outcome !== 'claimed') throw new Error(`A new code was not claimed: ${claimed.outcome}`);
            if (!(await rooms.link.approve(claimed.id, person))) throw new Error('A claimed code was not approved.');
            await line(deviceCode);
          }
        };
        await Promise.all(Array.from({ length: approvalsAtOnce }, work));
      });
    },

    close: () => outside.close(),
  };
}

function hurried({ LATCHKEY_DATABASE_URL }: Record<string, string>): Record<string, string> {
  if (!LATCHKEY_DATABASE_URL) return {};
  const url = new URL(LATCHKEY_DATABASE_URL);
  url.searchParams.set('options', '-c synchronous_commit=off');
  return { LATCHKEY_DATABASE_URL: url.href };
}

type Rooms = Awaited<ReturnType<typeof openRooms>>;

/** The rooms that a link needs, wired as in the composition root. */
async function openRooms(outside: Outside) {
  const clients = createClients({ ...outside, accepted: createClientCheck() });
  const accounts = createAccounts(outside);
  const limits = createLimits(outside);
  const guesses = createGuesses({ limits });
  const devices = createDevices({
    ...outside,
    revokeGrant: (grantId, transaction) => engine.revokeGrant(grantId, transaction),
    clientNames: (ids) => clients.names(ids),
  });
  const requests = createLinkRequests({
    ...outside,
    limits,
    guesses,
    development: true,
    polled: () => {},
    foundLate() {},
    isPublic: async (id) => (await clients.find(id))?.public ?? false,
    collected: (grantId, transaction) => devices.collected(grantId, transaction),
    endLink: (grantId) => devices.ended(grantId),
    wake: () => {},
  });
  const engine: Engine = await createEngine({
    ...outside,
    issuer: outside.config.issuer,
    clients,
    keys: createSigningKeys(outside),
    requests,
    claimsOf: async () => undefined,
    grantRevoked: (grantId) => devices.ended(grantId),
    grantUsed: (grantId, transaction) => devices.used(grantId, transaction),
  });
  const link = createLink({
    ...outside,
    guesses,
    requests,
    devices,
    loopbackIsNear: true,
    findClient: (id) => clients.find(id),
    createGrant: (grant, transaction) => engine.createGrant(grant, transaction),
    // Nobody is there to read the mail about each of thousands of links.
    linked: ({ deviceId }) => void devices.noticed(deviceId),
  });
  return { accounts, requests, link };
}

async function sampleRow(outside: Outside, rooms: Rooms, client: Client): Promise<LinkRow> {
  const deviceCode = outside.random.token(32);
  await rooms.requests.issue({ deviceCode, client, params, requester });
  const hash = outside.secrets.hash('device-code', deviceCode);
  const store = createLinkStore(outside.database);
  const polled = await store.findByDeviceCode(hash);
  const row = polled && (await store.find(polled.id));
  if (!row) throw new Error('The code that was just issued is not in the database.');
  return row;
}

/** A row that only polls will meet, and that outlives the benchmark: its user code is one that nobody could type. */
function anotherRow({ random, secrets, clock }: Outside, sample: LinkRow): { deviceCode: string; row: LinkRow } {
  const deviceCode = random.token(32);
  const row = {
    ...sample,
    id: newOrderedId<LinkId>({ random, clock }),
    device_code_hash: secrets.hash('device-code', deviceCode),
    user_code_hash: random.token(32),
    expires_at: clock.now() + days(1),
  };
  return { deviceCode, row };
}

async function writeLines(file: string, write: (line: (text: string) => Promise<void>) => Promise<void>) {
  const stream: WriteStream = createWriteStream(file);
  await write(async (text) => {
    if (!stream.write(`${text}\n`)) await once(stream, 'drain');
  });
  stream.end();
  await once(stream, 'close');
}
