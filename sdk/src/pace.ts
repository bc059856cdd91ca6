import type { Outside } from './outside.ts';
import { type Answer, seconds, withJitter } from './wire.ts';

/** Seconds. Networks and proxies bear 30 s of silence (RFC 6202 §5.5), and not all of them more. */
const longestHold = 25;
/** Milliseconds. The longest pause of a device that cannot reach the issuer. */
const longestPause = 60_000;
/**
 * Milliseconds. The shortest pause after a long silence is this or the interval: an approval that came to a dead socket
 * was redeemed there, and must be asked for again while the issuer still remembers its answer.
 */
const shortestPause = 5000;
/** Milliseconds. A request that was lost sooner tells nothing about whether requests may be held. */
const heldForLong = 5000;

export type Pace = ReturnType<typeof createPace>;

/** When to poll next (RFC 8628 §3.5), and how long to ask the issuer to hold it. `interval` in milliseconds. */
export function createPace(outside: Outside, start: { interval: number; holds: boolean }) {
  let interval = start.interval;
  let failures = 0;
  let cuts = 0;
  return {
    /** RFC 8628 §3.5 asks for a pause between polls, not before the first; issuers that never hold gain nothing by it. */
    beforeFirst: start.holds ? 0 : start.interval,

    /**
     * Seconds the next poll asks to be held for, 0 for not at all. After silence the next poll is a plain one, so that
     * the screen learns at once that the issuer is back. Held twice and cut twice, nothing on the way bears it.
     */
    hold(left: number): number {
      if (!start.holds || failures > 0 || cuts > 1) return 0;
      return Math.max(0, Math.min(longestHold, Math.ceil(left / 1000)));
    },

    /** Milliseconds to be quiet after "not yet"; a poll that was held has used up its interval on the way. */
    afterAnswer(answer: Answer, { took, slower }: { took: number; slower: boolean }): number {
      failures = 0;
      if (answer.held) cuts = 0;
      // RFC 8628 §3.5: five seconds more "for this and all subsequent requests".
      if (slower) interval = Math.max(interval + 5000, (seconds(answer.body?.interval) ?? 0) * 1000);
      return answer.held ? Math.max(0, interval - took) : interval;
    },

    /**
     * RFC 8628 §3.5: slower after each time-out, doubling. Counted from question to question, so that an answer lost
     * to a time-out is asked for again while the issuer still remembers it. A long Retry-After is obeyed to the end
     * of the code, no longer: the screen must not keep showing a dead code.
     */
    afterSilence(answer: Answer, { took, left, hold }: { took: number; left: number; hold: number }): number {
      failures += 1;
      if (hold > 0 && took >= heldForLong) cuts += 1;
      const doubled = Math.min(interval * 2 ** failures, Math.max(longestPause, interval));
      const pause = withJitter(outside, Math.max(Math.min(interval, shortestPause), doubled - took));
      return Math.max(pause, Math.min(answer.retryAfter, Math.max(left, 0)));
    },
  };
}
