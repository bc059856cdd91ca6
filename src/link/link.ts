import type { Client } from '../clients/clients.ts';
import { type Clock, days, minutes } from '../clock.ts';
import type { Devices } from '../devices/devices.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { NewGrant } from '../engine/engine.ts';
import type { AccountId, DeviceId, GrantId, LinkId, SessionId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { SignedInAccount } from '../signin/signin.ts';
import { amrOf } from '../signin/strength.ts';
import type { Approval } from './approval.ts';
import { type AskedProof, acrAsked, askedProof, grantedScope, resourcesOf } from './asked.ts';
import type { Blocked, Guesses } from './guesses.ts';
import { type LinkRequests, topicOf } from './link-requests.ts';
import { createLinkStore, type LinkRow, type LinkStatus } from './link-store.ts';
import { assessRisk, type Risk } from './risk.ts';
import { showUserCode } from './user-code.ts';

/** Where a person's request comes from; `browserId` ties a claim to the browser that typed the code. */
export type PersonsRequest = { browserId: string; network: string; country: string | undefined };

export type ClaimResult =
  | { outcome: 'claimed'; id: LinkId }
  /** The same for unknown, expired, used and foreign codes (A29). */
  | { outcome: 'no_such_code' }
  | ({ outcome: 'too_many_tries' } & Blocked);

/** A request as the account that claimed it may see it. */
export type Review = {
  id: LinkId;
  status: LinkStatus | 'expired';
  client: Pick<Client, 'id' | 'name' | 'deviceDays'>;
  /** What the device says of itself, cleaned but not to be believed. */
  device: {
    name: string | undefined;
    model: string | undefined;
    type: string | undefined;
    userAgent: string | undefined;
  };
  userCode: string;
  scope: string[];
  country: string | undefined;
  startedAt: number;
  expiresAt: number;
  risk: Risk;
  deviceId: DeviceId | undefined;
  /** What is told whenever the request has changed. */
  topic: string;
  /** How its app wants the person to prove who they are. */
  asked: AskedProof;
};

/** Told after a link was made, to write the mail that can undo it. */
export type Linked = { accountId: AccountId; deviceId: DeviceId; undoToken: string; at: number };

export type Link = {
  claim(userCode: string, account: SignedInAccount, from: PersonsRequest): Promise<ClaimResult>;
  /** Undefined for anyone but the account that claimed it. */
  review(id: LinkId, accountId: AccountId, from: PersonsRequest): Promise<Review | undefined>;
  /** False if nothing is left to approve (it ran out, or was decided elsewhere), or the proof is not what was asked for. */
  approve(id: LinkId, account: SignedInAccount, session?: SessionId): Promise<boolean>;
  decline(id: LinkId, accountId: AccountId): Promise<boolean>;
  /** The person says that somebody sent them this code (B29). */
  report(id: LinkId, accountId: AccountId, reason: string): Promise<void>;
};

type Needs = {
  database: Database;
  secrets: Secrets;
  clock: Clock;
  journal: Journal;
  guesses: Guesses;
  requests: LinkRequests;
  devices: Devices;
  findClient(id: string): Promise<Client | undefined>;
  createGrant(grant: NewGrant, transaction: DatabaseTransaction): Promise<GrantId>;
  /** True on a developer's own machine, where loopback is a place; elsewhere it is a proxy nobody trusts. */
  loopbackIsNear: boolean;
  /** Must not make the person wait, nor fail the link. */
  linked(link: Linked): void;
};

/** After a decision, a device that was slow to ask still gets its answer. */
const redeemable = minutes(10);

/** The person's side of a link: claim a code, review what asks, approve or decline (RFC 8628 §3.3). */
export function createLink(needs: Needs): Link {
  const { database, secrets, clock, journal, guesses, requests, devices } = needs;
  const store = createLinkStore(database);
  const serially = createQueues();

  async function claim(userCode: string, account: SignedInAccount, from: PersonsRequest): Promise<ClaimResult> {
    const who = { accountId: account.accountId, network: from.network };
    const blocked = await guesses.blocked(who);
    if (blocked) {
      await journal.append({ type: 'guess_limit_reached', accountId: who.accountId, data: { network: from.network } });
      return { outcome: 'too_many_tries', ...blocked };
    }
    const row = await store.findByUserCode(secrets.hash('user-code', userCode));
    const now = clock.now();
    if (row && row.account_id === account.accountId && row.status !== 'pending')
      return { outcome: 'claimed', id: row.id };
    const by = { accountId: account.accountId, browserHash: secrets.hash('browser', from.browserId), now };
    if (row && (await store.claim(row.id, by))) {
      await journal.append({
        type: 'code_claimed',
        accountId: account.accountId,
        data: { link: row.id, client: row.client_id, network: from.network },
      });
      return { outcome: 'claimed', id: row.id };
    }
    // A25, B25: two accounts hold the same code, so one of them was given it. Neither links. The row's own state decides:
    // the other account may have come since it was read here.
    if (row && (await deciding(row, store.end(row.id, 'contested', now)))) {
      await requests.decided(row);
      await journal.append({
        type: 'code_contested',
        accountId: (await store.find(row.id))?.account_id ?? undefined,
        data: { link: row.id, client: row.client_id },
      });
    }
    await guesses.wrong(who);
    await journal.append({ type: 'wrong_code', accountId: account.accountId, data: { network: from.network } });
    return { outcome: 'no_such_code' };
  }

  /** A connection that breaks during the commit leaves open whether it happened; no device may wait on a wrong guess. */
  async function deciding<T>(row: LinkRow, decision: Promise<T>): Promise<T> {
    try {
      return await decision;
    } catch (error) {
      requests.doubted(row);
      throw error;
    }
  }

  const located = (network: string | null): string | undefined =>
    network === 'loopback' && !needs.loopbackIsNear ? undefined : (network ?? undefined);

  async function held(id: LinkId, accountId: AccountId): Promise<LinkRow | undefined> {
    const row = await store.find(id);
    return row?.account_id === accountId ? row : undefined;
  }

  return {
    // One at a time for each account, so that a burst cannot look at the counter before any of it is counted.
    claim: (userCode, account, from) => serially(account.accountId, () => claim(userCode, account, from)),

    async review(id, accountId, from) {
      const row = await held(id, accountId);
      const client = row && (await needs.findClient(row.client_id));
      if (!row || !client) return undefined;
      const now = clock.now();
      return {
        id,
        status: row.status === 'claimed' && row.expires_at <= now ? 'expired' : row.status,
        client,
        device: {
          name: row.device_name ?? undefined,
          model: row.device_model ?? undefined,
          type: row.device_type ?? undefined,
          userAgent: row.user_agent ?? undefined,
        },
        userCode: showUserCode(secrets.open('user-code', row.sealed_user_code, row.device_code_hash) ?? ''),
        scope: grantedScope(row, client),
        country: row.country ?? undefined,
        startedAt: row.created_at,
        expiresAt: row.expires_at,
        risk: assessRisk({
          request: { network: located(row.network), country: row.country ?? undefined, createdAt: row.created_at },
          person: { network: located(from.network) ?? 'unknown', country: from.country },
          now,
        }),
        deviceId: row.device_id ?? undefined,
        topic: topicOf(row.device_code_hash),
        asked: askedProof(row),
      };
    },

    async approve(id, account, session) {
      const row = await held(id, account.accountId);
      const client = row && (await needs.findClient(row.client_id));
      const acr = row && acrAsked(askedProof(row), account);
      const scope = row && client ? grantedScope(row, client).join(' ') : '';
      // Of a client that was narrowed since the code was asked for, nothing may be left to allow.
      if (!row || !client || row.status !== 'claimed' || !acr || !scope) return false;
      const now = clock.now();
      const expiresAt = now + days(client.deviceDays);
      const approval: Approval = {
        amr: amrOf(account.methods),
        acr,
        authenticatedAt: account.provenAt,
        scope,
        linkedUntil: expiresAt,
      };

      const link = await database
        .transaction(async (transaction) => {
          // The grant first, the device second (design.md §7): a device without a grant cannot exist.
          const grantId = await needs.createGrant(
            { accountId: account.accountId, clientId: client.id, scope, resources: resourcesOf(row), expiresAt },
            transaction,
          );
          const device = await devices.link(
            {
              accountId: account.accountId,
              clientId: client.id,
              grantId,
              name: row.device_name ?? row.device_model ?? client.name,
              model: row.device_model ?? undefined,
              type: row.device_type ?? undefined,
              scope,
              country: row.country ?? undefined,
              expiresAt,
            },
            transaction,
          );
          const won = await store.approve(
            id,
            account.accountId,
            {
              grant_id: grantId,
              device_id: device.id,
              approval: JSON.stringify(approval),
              decided_at: now,
              expires_at: Math.max(row.expires_at, now + redeemable),
              now,
            },
            transaction,
          );
          if (!won) throw new DecidedElsewhere();
          await journal.append(
            {
              type: 'approved',
              accountId: account.accountId,
              data: { link: id, client: client.id, device: device.id, session, country: row.country ?? undefined },
            },
            transaction,
          );
          return device;
        })
        .catch((error: unknown) => {
          if (error instanceof DecidedElsewhere) return undefined;
          requests.doubted(row);
          throw error;
        });
      if (!link) return false;
      await requests.decided(row);
      needs.linked({ accountId: account.accountId, deviceId: link.id, undoToken: link.undoToken, at: now });
      return true;
    },

    async decline(id, accountId) {
      const row = await held(id, accountId);
      if (!row || !(await deciding(row, store.end(id, 'declined', clock.now())))) return false;
      await requests.decided(row);
      const data = { link: id, client: row.client_id, country: row.country ?? undefined };
      await journal.append({ type: 'declined', accountId, data });
      return true;
    },

    async report(id, accountId, reason) {
      const row = await held(id, accountId);
      if (!row) return;
      if (await deciding(row, store.end(id, 'declined', clock.now()))) await requests.decided(row);
      await journal.append({
        type: 'reported',
        accountId,
        data: {
          link: id,
          client: row.client_id,
          reason,
          network: row.network ?? undefined,
          country: row.country ?? undefined,
        },
      });
    },
  };
}

/** Rolls the transaction back when another window decided first. */
class DecidedElsewhere extends Error {}

/** Runs work of one key in the order it came, and work of different keys side by side. */
function createQueues() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const next = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, next);
    const forget = () => {
      if (last.get(key) === next) last.delete(key);
    };
    next.then(forget, forget);
    return next;
  };
}
