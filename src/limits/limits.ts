import type { Clock } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Limit, Way } from './limit-table.ts';

/** `retryAt` is epoch milliseconds; it is only meaningful when `allowed` is false. */
export type LimitResult = { allowed: boolean; count: number; retryAt: number };

/** `spares` tells, by the counts so far, that this one does not bind whoever asks. It counts nevertheless. */
export type Check = { key: string; limit: Limit & { way?: Way }; spares?: (counts: readonly number[]) => boolean };

export type Refusal = { allowed: false; retryAt: number; way?: Way | undefined };

export type Limits = {
  /** Counts one try. The try that exceeds the limit is itself refused. */
  hit(key: string, limit: Limit): Promise<LimitResult>;
  /** Counts in order. What one refuses counts in none of those after it; the refusal says which it was. */
  inOrder(checks: readonly Check[]): Promise<{ allowed: true; counts: number[] } | Refusal>;
  /** The same answer as the next `hit` would get, without counting. */
  peek(key: string, limit: Limit): Promise<LimitResult>;
  /** Begins to count anew: for whoever was right. */
  forget(key: string): Promise<void>;
};

/** Counters in fixed windows; the window's end is stored beside the count so that a page can name a clock time. */
export function createLimits({ ephemeral, clock }: { ephemeral: Ephemeral; clock: Clock }): Limits {
  const endOf = async (key: string, window: number): Promise<number> => {
    const stored = Number(await ephemeral.get(endKey(key)));
    // Of another process's clock, or ours before it was set back, no more than a window is believed.
    return stored > clock.now() ? Math.min(stored, clock.now() + window) : clock.now() + window;
  };

  const limits: Limits = {
    async inOrder(checks) {
      const counts: number[] = [];
      for (const { key, limit, spares } of checks) {
        const { allowed, count, retryAt } = await limits.hit(key, limit);
        if (!allowed && !spares?.(counts)) return { allowed: false, retryAt, way: limit.way };
        counts.push(count);
      }
      return { allowed: true, counts };
    },

    async hit(key, { limit, window }) {
      const count = await ephemeral.increment(countKey(key), window);
      if (count === 1) await ephemeral.set(endKey(key), String(clock.now() + window), window);
      return { allowed: count <= limit, count, retryAt: await endOf(key, window) };
    },

    async forget(key) {
      await ephemeral.remove(countKey(key));
      await ephemeral.remove(endKey(key));
    },

    async peek(key, { limit, window }) {
      const count = Number((await ephemeral.get(countKey(key))) ?? 0);
      return { allowed: count < limit, count, retryAt: await endOf(key, window) };
    },
  };
  return limits;
}

// The braces keep both on one node of a cluster: a limit is there as a whole, or not.
const countKey = (key: string): string => `limit:{${key}}`;
const endKey = (key: string): string => `limit:{${key}}:end`;

/** Whole seconds for Retry-After (RFC 9110 §10.2.3). Without a known time, ten: an outage lasts seconds, or far longer. */
export function retryAfter(retryAt: number | undefined, clock: Clock): string {
  return String(retryAt === undefined ? 10 : Math.max(1, Math.ceil((retryAt - clock.now()) / 1000)));
}
