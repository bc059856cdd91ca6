import { type Clock, seconds } from '../clock.ts';

/** RFC 8628 §3.2; clients without it would assume the same (A5, K2). */
const interval = seconds(5);
/** Above this many waiting codes, devices are asked to come half as often. */
const crowd = 50_000;

/** How many codes wait; `interval` is what devices are told to leave between polls, in milliseconds. */
export type LiveCount = { (): Promise<number>; interval(): number };

/** How many codes wait, asked of the database at most every ten seconds when other processes issue codes too. */
export function createLiveCount(
  count: () => Promise<number>,
  waiting: { readonly size: number },
  clock: Clock,
  shared: boolean,
): LiveCount {
  let counted = { at: Number.NEGATIVE_INFINITY, live: 0 };
  const live = async (): Promise<number> => {
    if (!shared) return waiting.size;
    if (Math.abs(clock.now() - counted.at) > seconds(10)) counted = { at: clock.now(), live: await count() };
    return Math.max(counted.live, waiting.size);
  };
  return Object.assign(live, { interval: () => (waiting.size > crowd ? interval * 2 : interval) });
}
