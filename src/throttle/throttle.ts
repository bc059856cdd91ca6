import { type Clock, days, hours, minutes, seconds } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { AccountId } from '../ids.ts';
import { limitTable } from '../limits/limit-table.ts';
import { createLimits } from '../limits/limits.ts';
import type { Secrets } from '../secrets.ts';
import { createThrottleStore, longestDelay, type Tier } from './throttle-store.ts';

/**
 * Who tries what. `subject` is the address typed or the account's id, and `accountId` whose it is; an address that is
 * nobody's counts like any other (F5).
 */
export type Attempt = {
  kind: 'password' | 'code' | 'recovery';
  subject: string;
  accountId: AccountId | undefined;
  network: string;
  browserId: string;
};

export type Throttle = {
  /**
   * Counts a try before it is checked. `retryAt` is epoch milliseconds; `known` tells that the account has signed in in
   * this browser before. `ready` throws if it could not be checked just now, before anything is written.
   */
  enter(
    attempt: Attempt,
    ready?: (known: boolean) => void,
  ): Promise<{ allowed: true; known: boolean } | { allowed: false; retryAt: number }>;
  /** Takes back a try that was not checked after all. */
  cancel(attempt: Attempt, known: boolean): Promise<void>;
  /** Takes the try back, and forgets the failures of this browser, or network, with this account. */
  succeed(attempt: Attempt): Promise<void>;
  /**
   * Nobody guesses a passkey: what is bounded is the work and the rows that failures make. `subject` if known. What failed
   * in a neighbour's browser binds nobody in whose none has failed (fault B4).
   */
  passkeys(from: { network: string; browserId: string; subject?: string }): {
    /** When the next one may be tried, if not now. */
    wait(): Promise<number | undefined>;
    /** Counts a failure; when to come back, if it was one too many. */
    failed(): Promise<number | undefined>;
  };
  /** Removes what is over, and what is too much: all but `most` counters, those first that say least. */
  tidy(most?: number): Promise<void>;
};

const delays = [seconds(30), minutes(1), minutes(2), minutes(5), minutes(10), minutes(30), longestDelay];
/** One guesser at one account. */
const pair: Tier = { free: 5, window: days(1), delays };
/** Many guessers at one account. It takes them days to switch the password off (E9), and its owner hears of it before. */
const subject: Tier = { free: 30, window: days(7), delays };
/** One guesser at many accounts (E11). Generous, because offices and schools share an address. */
const network: Tier = { free: 100, window: hours(1), delays: delays.slice(0, 5) };
/** The same, who can move to the next network at will: a provider's or a company's whole block. */
const region: Tier = { free: 1000, window: hours(1), delays: delays.slice(0, 5) };
/** So many failures in an hour, wherever from, are no people who mistype: somebody sprays from many networks (E11). */
export const everyoneFails = 2000;
const everyone: Tier = { free: Number.MAX_SAFE_INTEGER, window: hours(1), delays: [] };
/** While it lasts, a network that has not had its say gets this much. */
const networkMeanwhile: Tier = { free: 3, window: hours(1), delays: delays.slice(4) };

/** Rows of about 150 bytes. Whoever makes more has others forgotten, the single tries first. */
const mostRows = 200_000;

/** Counters are rows, so that a restart forgives nobody. */
export function createThrottle(needs: {
  database: Database;
  ephemeral: Ephemeral;
  clock: Clock;
  secrets: Secrets;
  knows(accountId: AccountId | undefined, browserId: string): Promise<boolean>;
}): Throttle {
  const { database, ephemeral, clock, secrets } = needs;
  const store = createThrottleStore(database);
  const limits = createLimits({ ephemeral, clock });
  // Keyed hashes, so that the store of counters is no list of addresses.
  const key = (tier: string, ...parts: string[]): string => secrets.hash('network', JSON.stringify([tier, ...parts]));

  const keys = ({ kind, subject, network, browserId }: Attempt) => ({
    pair: key('pair', kind, subject, network),
    ownPair: key('own-pair', kind, subject, browserId),
    subject: key('subject', kind, subject),
    network: key('network', kind, network),
    region: key('region', kind, regionOf(network)),
    everyone: key('everyone', kind),
  });

  return {
    passkeys({ network, browserId, subject = '' }) {
      const own = `passkey-own:${key('passkey-own', browserId)}`;
      const name = `passkey:${key('passkey', network, subject)}`;
      const { failedPasskeysOfBrowser: mine, failedPasskeysOfNetwork: all } = limitTable;
      return {
        async wait() {
          const here = await limits.peek(own, mine);
          if (!here.allowed) return here.retryAt;
          const there = here.count > 0 ? await limits.peek(name, all) : undefined;
          return there?.allowed === false ? there.retryAt : undefined;
        },
        async failed() {
          const turn = await limits.inOrder([
            { key: own, limit: mine },
            { key: name, limit: all },
          ]);
          return turn.allowed ? undefined : turn.retryAt;
        },
      };
    },

    async enter(attempt, ready) {
      const now = clock.now();
      const names = keys(attempt);
      const rows = await store.read(Object.values(names));
      const row = (name: string) => rows.find((one) => one.key === name);
      const waits = (tiers: [string, Tier][]): number =>
        Math.max(
          0,
          ...tiers.map(([name]) => row(name)?.wait_until ?? 0).filter((until) => until <= now + longestDelay),
        );

      // E10: strangers, neighbours in its network too, must not be able to lock out the browser that is known to know
      // the secret. It waits for its own tries alone.
      const known = await needs.knows(attempt.accountId, attempt.browserId);
      const all = row(names.everyone);
      const sprayed = all !== undefined && all.window_ends_at > now && all.tries >= everyoneFails;
      // In an order that is the same for all: two that count the same keys must not wait for each other.
      const tiers: [string, Tier][] = known
        ? [[names.ownPair, pair]]
        : [
            [names.pair, pair],
            [names.subject, subject],
            [names.network, sprayed ? networkMeanwhile : network],
            [names.region, region],
            [names.everyone, everyone],
          ];
      const until = waits(tiers);
      if (until > now) return { allowed: false, retryAt: until };
      ready?.(known);
      const counted = await database
        .transaction(async (trx) => {
          for (const [name, tier] of tiers) if (!(await store.count(name, tier, now, trx))) throw new OneAtATime();
          return true;
        })
        .catch((error: unknown) => {
          if (error instanceof OneAtATime) return false;
          throw error;
        });
      return counted ? { allowed: true, known } : { allowed: false, retryAt: now + (delays[0] ?? 0) };
    },

    async cancel(attempt, known) {
      const names = keys(attempt);
      const strangers = [names.pair, names.subject, names.network, names.region, names.everyone];
      await database.transaction(async (trx) => {
        for (const name of known ? [names.ownPair] : strangers) await store.takeBack(name, trx);
      });
    },

    async succeed(attempt) {
      const names = keys(attempt);
      const known = await needs.knows(attempt.accountId, attempt.browserId);
      // What others tried is not forgiven for the owner's sake: a guesser would begin anew whenever the owner signs in.
      await store.forget(known ? names.ownPair : names.pair);
      if (known) return;
      // One after the other, in the order of counting: those who want the same keys must not wait for each other.
      const counted = [names.subject, names.network, names.region, names.everyone];
      await database.transaction(async (trx) => {
        for (const name of counted) await store.takeBack(name, trx);
      });
    },

    async tidy(most = mostRows) {
      await store.removeExpired(clock.now());
      await store.removeBeyond(most);
    },
  };
}

/** Of tries sent at once, another one came first, and this one has to wait. */
class OneAtATime extends Error {}

/** What one customer of a provider can have many networks of: IPv4 /16, IPv6 /48. */
function regionOf(network: string): string {
  const v4 = /^(\d+\.\d+)\.\d+\.0\/24$/.exec(network)?.[1];
  if (v4) return `${v4}.0.0/16`;
  const groups = network.split(':');
  return groups.length > 3 ? `${groups.slice(0, 3).join(':')}::/48` : network;
}
