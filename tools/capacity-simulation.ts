import type { Load, Product } from './capacity-model.ts';

export type Seen = {
  /** Means over the time that was watched. */
  waiting: number;
  /** Per second. */
  codes: number;
  approvals: number;
  polls: number;
  firstSights: number;
  /** Codes that one process knows, mean over all. */
  codesKnown: number;
};

type Settings = {
  load: Pick<Load, 'approvedShare' | 'timeToApprove'>;
  product: Pick<Product, 'codeLife'>;
  interval: number;
  processes: number;
  /** Codes that begin in a second. */
  codes: number;
  /** For how many seconds to watch, after all has settled. */
  watched: number;
  seed: number;
};

/** Plays devices out one by one: each gets a code, polls any process at its interval, and is approved or runs out. */
export function simulate({ load, product, interval, processes, codes, watched, seed }: Settings): Seen {
  const random = mulberry(seed);
  const from = product.codeLife;
  const to = from + watched;
  const inside = (start: number, end: number): number => Math.max(0, Math.min(end, to) - Math.max(start, from));
  const counts = { waiting: 0, codes: 0, approvals: 0, polls: 0, firstSights: 0, codesKnown: 0 };
  const counted = (time: number): number => (time >= from && time < to ? 1 : 0);

  for (let start = wait(random, 1 / codes); start < to; start += wait(random, 1 / codes)) {
    const patience = random() < load.approvedShare ? wait(random, load.timeToApprove) : product.codeLife;
    const end = start + Math.min(patience, product.codeLife);
    counts.codes += counted(start);
    counts.waiting += inside(start, end);
    if (patience < product.codeLife) counts.approvals += counted(end);
    const known = new Set([Math.floor(random() * processes)]);
    counts.codesKnown += inside(start, end);
    for (let poll = start + interval; poll < end; poll += interval) {
      counts.polls += counted(poll);
      const met = Math.floor(random() * processes);
      if (known.has(met)) continue;
      known.add(met);
      counts.firstSights += counted(poll);
      counts.codesKnown += inside(poll, end);
    }
  }
  return {
    waiting: counts.waiting / watched,
    codes: counts.codes / watched,
    approvals: counts.approvals / watched,
    polls: counts.polls / watched,
    firstSights: counts.firstSights / watched,
    codesKnown: counts.codesKnown / watched / processes,
  };
}

const wait = (random: () => number, mean: number): number => -mean * Math.log(1 - random());

/** Mulberry32: small, and the same everywhere for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
