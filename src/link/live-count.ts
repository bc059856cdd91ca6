import { type Clock, seconds } from '../clock.ts';

/** RFC 8628 §3.2; clients without it would assume the same (A5, K2). */
const interval = seconds(5);
/** Above this many waiting codes, devices are asked to come half as often. */
const crowd = 50_000;

/** Codes that wait, and how many of them are of networks that had asked for more than their share. */
export type Live = { all: number; crowded: number };

/** How many codes wait; `interval` is what devices are told to leave between polls, in milliseconds. */
export type LiveCount = { (): Promise<Live>; interval(): number };

/** How many codes wait, asked of the database at most every ten seconds when other processes issue codes too. */
export function createLiveCount(
  count: () => Promise<Live>,
  waiting: { readonly size: number; readonly crowded: number },
  clock: Clock,
  shared: boolean,
): LiveCount {
  let counted = { at: Number.NEGATIVE_INFINITY, all: 0, crowded: 0 };
  const live = async (): Promise<Live> => {
    if (!shared) return { all: waiting.size, crowded: waiting.crowded };
    if (Math.abs(clock.now() - counted.at) > seconds(10)) counted = { at: clock.now(), ...(await count()) };
    return { all: Math.max(counted.all, waiting.size), crowded: Math.max(counted.crowded, waiting.crowded) };
  };
  return Object.assign(live, { interval: () => (waiting.size > crowd ? interval * 2 : interval) });
}
