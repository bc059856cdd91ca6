import { type Clock, days, hours, minutes, seconds } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Secrets } from '../secrets.ts';
import { createLimits, type LimitResult } from '../web/limits.ts';

/** Who tries what. `subject` is the address typed or the account's id; an unknown address counts like a known one (F5). */
export type Attempt = { kind: 'password' | 'code'; subject: string; network: string; browserId: string };

export type Throttle = {
  /** Counts a try before it is checked. `retryAt` is epoch milliseconds. */
  enter(attempt: Attempt): Promise<{ allowed: true } | { allowed: false; retryAt: number }>;
  /** Forgets the failures behind a success, and remembers this browser as one that knows the secret. */
  succeed(attempt: Attempt): Promise<void>;
  /** Nobody guesses a passkey: what is bounded is the work and the rows that failures make. `subject` if known. */
  passkeys(from: { network: string; subject?: string }): {
    /** When the next one may be tried, if not now. */
    wait(): Promise<number | undefined>;
    /** Counts a failure; when to come back, if it was one too many. */
    failed(): Promise<number | undefined>;
  };
};

/** From the `free`th try in the window each next one has to wait; the last delay repeats. */
type Tier = { free: number; window: number; delays: readonly number[] };

const delays = [seconds(30), minutes(1), minutes(2), minutes(5), minutes(10), minutes(30), hours(1)];
/** One guesser at one account. */
const pair: Tier = { free: 5, window: days(1), delays };
/** Many guessers at one account. It takes them days to switch the password off (E9), and its owner hears of it before. */
const subject: Tier = { free: 30, window: days(7), delays };
/** One guesser at many accounts (E11). Generous, because offices and schools share an address. */
const network: Tier = { free: 100, window: hours(1), delays: delays.slice(0, 5) };

const failedPasskeys = { limit: 30, window: minutes(10) };

export function createThrottle(needs: { ephemeral: Ephemeral; clock: Clock; secrets: Secrets }): Throttle {
  const { ephemeral, clock, secrets } = needs;
  // Keyed hashes, so that the store of counters is no list of addresses.
  const key = (tier: string, ...parts: string[]): string =>
    `throttle:${tier}:${secrets.hash('network', JSON.stringify(parts))}`;

  const keys = ({ kind, subject, network, browserId }: Attempt) => ({
    pair: key('pair', kind, subject, network),
    ownPair: key('own-pair', kind, subject, browserId),
    subject: key('subject', kind, subject),
    network: key('network', kind, network),
    known: key('known', kind, subject, browserId),
  });

  const waitingUntil = async (name: string): Promise<number> => {
    const until = Number((await ephemeral.get(`${name}:until`)) ?? 0);
    return until > clock.now() ? until : 0;
  };

  /** Zero if the try may go on, else when to come back. */
  const count = async (name: string, tier: Tier): Promise<number> => {
    const tries = await ephemeral.increment(`${name}:tries`, tier.window);
    if (tries < tier.free) return 0;
    const delay = tier.delays[Math.min(tries - tier.free, tier.delays.length - 1)] ?? hours(1);
    const until = clock.now() + delay;
    // Of tries sent at once, the claim lets one through and the others wait.
    if (!(await ephemeral.claim(`${name}:turn`, delay))) return (await waitingUntil(name)) || until;
    await ephemeral.set(`${name}:until`, String(until), delay);
    return 0;
  };

  const limits = createLimits({ ephemeral, clock });

  return {
    passkeys({ network, subject = '' }) {
      const name = key('passkey', network, subject);
      const retryAt = ({ allowed, retryAt }: LimitResult) => (allowed ? undefined : retryAt);
      return {
        wait: async () => retryAt(await limits.peek(name, failedPasskeys)),
        failed: async () => retryAt(await limits.hit(name, failedPasskeys)),
      };
    },

    async enter(attempt) {
      const names = keys(attempt);
      const known = (await ephemeral.get(names.known)) !== undefined;
      // E10: strangers, neighbours in its network too, must not be able to lock out the browser that is known to know
      // the secret. It waits for its own tries alone.
      const tiers: [string, Tier][] = known
        ? [[names.ownPair, pair]]
        : [
            [names.network, network],
            [names.pair, pair],
            [names.subject, subject],
          ];

      const waits = await Promise.all(tiers.map(([name]) => waitingUntil(name)));
      const wait = Math.max(...waits);
      if (wait > 0) return { allowed: false, retryAt: wait };
      for (const [name, tier] of tiers) {
        const until = await count(name, tier);
        if (until > 0) return { allowed: false, retryAt: until };
      }
      return { allowed: true };
    },

    async succeed(attempt) {
      const names = keys(attempt);
      const known = (await ephemeral.get(names.known)) !== undefined;
      // What a neighbour tried is not forgiven for the owner's sake.
      const forgotten = [known ? names.ownPair : names.pair, names.subject].flatMap((name) => [
        `${name}:tries`,
        `${name}:turn`,
        `${name}:until`,
      ]);
      await Promise.all(forgotten.map((name) => ephemeral.remove(name)));
      await ephemeral.set(names.known, 'yes', days(30));
    },
  };
}
