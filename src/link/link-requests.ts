import { type Clock, days, seconds } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { DeviceRequests, IssuedCode, NewDeviceRequest, PollAnswer } from '../engine/device-requests.ts';
import { AppError } from '../errors.ts';
import type { ClientId, GrantId } from '../ids.ts';
import { isUncounted, networkOf, siteOf } from '../limits/address.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { approvedRequest } from './approval.ts';
import { createCatchUp, trustInMemory } from './catch-up.ts';
import { codeLife, createCodeDrawer } from './draw-codes.ts';
import type { Guesses } from './guesses.ts';
import { createHeldPolls } from './held-polls.ts';
import { createLinkStore, type LinkRow, type PolledRow, type WaitingRow } from './link-store.ts';
import { createLiveCount } from './live-count.ts';
import { showUserCode } from './user-code.ts';
import { createWaitingCodes, paceOf } from './waiting-codes.ts';
import type { WaitingCode } from './waiting-rows.ts';

/** Codes that may wait in all (fault B3). Each takes memory in every process and a row of the database. */
const mostWaiting = 2_000_000;
/** How long a code that ended is not drawn again (B26). */
const tombstone = days(1);

type Needs = {
  database: Database;
  ephemeral: Ephemeral;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  journal: Journal;
  limits: Limits;
  guesses: Guesses;
  /** True on a developer's own machine alone. */
  development: boolean;
  /** Codes that may wait in all. */
  mostWaiting?: number;
  /** Counts what polls were told. */
  polled(answer: PollAnswer): void;
  /** Counts decisions that no message told of. */
  foundLate(): void;
  /** True for a client without a secret, whose polls need no authentication. */
  isPublic(clientId: ClientId): Promise<boolean>;
  /** Notes that the device has its tokens; false if it is not linked any more. */
  collected(grantId: GrantId, transaction: DatabaseTransaction): Promise<boolean>;
  /** Ends the link of a grant whose device code was replayed. */
  endLink(grantId: GrantId): Promise<void>;
  /** Wakes the pages in this process that watch the topic. */
  wake(topic: string): void;
};

type Answered = { answer: PollAnswer; row?: PolledRow };

/** A held poll is answered at the latest after this time, which proxies on the way still allow. */
const longestWait = seconds(30);

export type LinkRequests = DeviceRequests & {
  /** Tells this process and all others that a request was decided. */
  decided(row: Pick<LinkRow, 'device_code_hash'>): Promise<void>;
  /** The commit of a decision failed, perhaps after it took effect: the next poll asks the database. */
  doubted(row: Pick<LinkRow, 'device_code_hash'>): void;
  readonly waiting: number;
  /** Polls held open until a decision. */
  readonly held: number;
  /** Answers every held poll now and holds none from now on. */
  release(): void;
  /** Loads what waits and listens for decisions; resolves with a function that stops listening. */
  start(): Promise<() => Promise<void>>;
  tidy(): Promise<void>;
};

const decisions = 'link-decided';
/** A decision that is found later than this has not been told, or nobody listened. */
const messageTakes = seconds(1);

/** What pages watch that wait for something to happen to a request. */
export const topicOf = (deviceCodeHash: string): string => `link ${deviceCodeHash}`;

/** The device's side of a link: drawing codes, answering polls, redeeming (RFC 8628 §3.1, §3.2, §3.4, §3.5). */
export function createLinkRequests(needs: Needs): LinkRequests {
  const { database, ephemeral, secrets, clock, journal, limits } = needs;
  const store = createLinkStore(database);
  // Another process over the same database may decide, if only one that takes over; not all of them share messages.
  const shared = ephemeral.shared || database.shared;
  const waiting = createWaitingCodes({ clock, ...(shared ? { trust: trustInMemory } : {}) });
  const live = createLiveCount(() => store.countLive(clock.now()), waiting, clock, shared);
  const held = createHeldPolls();
  const draw = createCodeDrawer({ ...needs, store, live });
  const hashOf = (deviceCode: string): string => secrets.hash('device-code', deviceCode);

  const remember = (row: WaitingRow, publicClient: boolean): WaitingCode =>
    waiting.add(row.device_code_hash, {
      clientId: row.client_id,
      publicClient,
      expiresAt: row.expires_at,
      interval: row.interval_ms,
      crowded: row.from_crowd === 1,
    });

  /** True if it was thought to wait. */
  const drop = (hash: string): boolean => {
    const waited = waiting.drop(hash);
    held.release(hash);
    needs.wake(topicOf(hash));
    return waited;
  };

  const tellAll = async (hash: string): Promise<void> => {
    drop(hash);
    // After the commit (design.md §7): a lost message costs a bounded delay, never a wrong answer.
    await ephemeral.publish(decisions, hash).catch(() => {});
  };

  const catchUp = createCatchUp({
    clock,
    changedElsewhere: () => database.changedElsewhere(),
    decidedSince: (time) => store.listDecidedSince(time),
    ping: () => database.ping(),
    decided({ hash, at }) {
      if (drop(hash) && clock.now() - at > messageTakes) needs.foundLate();
    },
    confirmed: (at) => waiting.confirmed(at),
  });
  const memoryMayAnswer = (code: WaitingCode): boolean => waiting.trusted(code) || catchUp.databaseIsAway;

  async function answerPoll(hash: string, clientId: string): Promise<Answered> {
    const code = waiting.live(hash);
    if (code && memoryMayAnswer(code)) return { answer: waiting.judge(code, clientId) };
    const look = waiting.look(hash);
    try {
      const answered = await askDatabase(hash, clientId);
      // Decided since the database was asked, and now remembered as waiting: nobody would tell of it a second time.
      if (!look.outdated || !answered.row || !waiting.drop(hash)) return answered;
    } finally {
      look.end();
    }
    return answerPoll(hash, clientId);
  }

  async function askDatabase(hash: string, clientId: string): Promise<Answered> {
    let row: PolledRow | undefined;
    try {
      row = await store.findByDeviceCode(hash);
    } catch (error) {
      // While the database is away nothing is decided in it; a decision of the moment before is heard by a later poll.
      const still = waiting.live(hash);
      if (still && error instanceof AppError) return { answer: waiting.judge(still, clientId) };
      throw error;
    }
    return row ? { answer: await answerRow(row, clientId), row } : { answer: 'invalid_grant' };
  }

  async function answerRow(row: PolledRow, clientId: string): Promise<PollAnswer> {
    // RFC 8628 §3.4 (A11): a code belongs to the client it was issued to.
    if (row.client_id !== clientId || row.status === 'ended') return 'invalid_grant';
    if (row.status === 'redeemed') return 'redeemed';
    if (row.status === 'declined' || row.status === 'contested') {
      await store.ended(row.id);
      return 'access_denied';
    }
    if (row.expires_at <= clock.now()) return 'expired_token';
    if (row.status === 'approved') return 'approved';
    const known = waiting.get(row.device_code_hash) ?? remember(row, await needs.isPublic(row.client_id));
    known.checkedAt = clock.now();
    return paceOf(known, clock.now());
  }

  /** How many codes the network has had in the last minutes. Where half the room is taken, the greedy get no more. */
  async function countAsked({ requester }: NewDeviceRequest, isCrowded: boolean): Promise<number> {
    const network = networkOf(requester.ip);
    if (isUncounted(network, needs)) return 0;
    const site = siteOf(network);
    const own = await limits.hit(`issue:${network}`, isCrowded ? limitTable.codesInCrowd : limitTable.codesOfNetwork);
    const whole = own.allowed && site ? await limits.hit(`issue:${site}`, limitTable.codesOfSite) : own;
    if (!whole.allowed)
      throw new AppError('too_many_tries', 'This network asks for too many codes.', { retryAt: whole.retryAt });
    // Whoever has a /48 has as many networks as they like.
    return Math.max(own.count, whole.count) - 1;
  }

  async function loadWaiting(): Promise<void> {
    const publicity = new Map<ClientId, boolean>();
    for await (const row of store.eachWaiting(clock.now())) {
      const known = publicity.get(row.client_id) ?? (await needs.isPublic(row.client_id));
      publicity.set(row.client_id, known);
      remember(row, known);
    }
  }

  return {
    get waiting() {
      return waiting.size;
    },

    get held() {
      return held.size;
    },

    async issue(request): Promise<IssuedCode> {
      const { all } = await live();
      const most = needs.mostWaiting ?? mostWaiting;
      // Those that wait go on; whoever comes to a full house comes again.
      if (all >= most)
        throw new AppError('unavailable', 'Too many codes wait.', { retryAt: clock.now() + seconds(30) });
      const { row, code } = await draw(request, await countAsked(request, all >= most / 2));
      remember(row, request.client.public);
      return { userCode: showUserCode(code), expiresIn: codeLife / 1000, interval: row.interval_ms / 1000 };
    },

    waitsForPublicClient(deviceCode, clientId) {
      const code = waiting.live(hashOf(deviceCode));
      return Boolean(code?.publicClient && code.clientId === clientId);
    },

    async poll(deviceCode, clientId) {
      const { answer } = await answerPoll(hashOf(deviceCode), clientId);
      needs.polled(answer);
      return answer;
    },

    pollNow(deviceCode, clientId) {
      const code = waiting.live(hashOf(deviceCode));
      if (!code?.publicClient || code.clientId !== clientId || !memoryMayAnswer(code)) return undefined;
      const answer = paceOf(code, clock.now());
      needs.polled(answer);
      return answer;
    },

    async look(deviceCode, clientId) {
      const { answer, row } = await answerPoll(hashOf(deviceCode), clientId);
      needs.polled(answer);
      const request = row && approvedRequest(row);
      return request ? { answer, request } : { answer };
    },

    async redeem(deviceCode, transaction) {
      const row = await store.redeem(hashOf(deviceCode), clock.now(), transaction);
      if (!row?.grant_id || !(await needs.collected(row.grant_id, transaction))) return false;
      const data = { link: row.id, device: row.device_id ?? undefined };
      await journal.append({ type: 'redeemed', accountId: row.account_id ?? undefined, data }, transaction);
      return true;
    },

    collected: (deviceCode) => void tellAll(hashOf(deviceCode)),

    answeredAgain: ({ accountId, clientId }) =>
      journal.append({ type: 'redeemed_again', accountId, data: { client: clientId } }),

    async replayed(deviceCode) {
      const row = await store.findByDeviceCode(hashOf(deviceCode));
      if (!row?.grant_id) return;
      await needs.endLink(row.grant_id);
      const data = { link: row.id, device: row.device_id ?? undefined };
      await journal.append({ type: 'replayed', accountId: row.account_id ?? undefined, data });
    },

    async untilDecided(deviceCode, wait, gone) {
      const hash = hashOf(deviceCode);
      const left = (waiting.get(hash)?.expiresAt ?? 0) - clock.now();
      return held.wait(hash, Math.max(0, Math.min(wait, longestWait, left)), gone);
    },

    release: () => held.drain(),

    decided: (row) => tellAll(row.device_code_hash),

    doubted(row) {
      waiting.doubt(row.device_code_hash);
      held.release(row.device_code_hash);
    },

    async start() {
      const stop = await ephemeral.subscribe(decisions, drop, () => void catchUp.lookBack());
      await database.patiently(loadWaiting);
      const stopLooking = catchUp.start();
      return async () => {
        stopLooking();
        await stop();
      };
    },

    async tidy() {
      waiting.forgetExpired();
      await store.deleteEndedBefore(clock.now() - tombstone);
    },
  };
}
