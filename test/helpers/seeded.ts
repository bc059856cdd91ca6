import { randomInt } from 'node:crypto';

/** Random choices that can be made again: print the seed, and set FAULT_SEED to it. */
export type Seeded = {
  readonly seed: number;
  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
};

export function createSeeded(seed = Number(process.env.FAULT_SEED || randomInt(2 ** 31))): Seeded {
  // mulberry32, public domain: small, and the same everywhere.
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { seed, below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
