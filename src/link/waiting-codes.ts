import { type Clock, seconds } from '../clock.ts';
import { createWaitingRows, type WaitingCode } from './waiting-rows.ts';

/** Networks delay one request and not the next, and some clients give up at the first `slow_down`. */
const grace = seconds(1);
/** RFC 8628 §3.5: slow_down adds five seconds "for this and all subsequent requests". */
const penalty = seconds(5);
const longestInterval = seconds(60);
/** A client that has been patient this often has understood, and is trusted with a shorter interval again. */
const patienceRewarded = 3;

type NewCode = Pick<WaitingCode, 'clientId' | 'publicClient' | 'expiresAt' | 'interval'> & { crowded?: boolean };

/** Somebody asks the database about a code just now. */
export type Look = {
  /** The code was decided, or may have been, since: what the database said may be older. */
  readonly outdated: boolean;
  end(): void;
};

export type WaitingCodes = ReturnType<typeof createWaitingCodes>;

/**
 * The codes that wait, in memory: a pending poll is answered from here and touches no SQL (decision 9).
 * What is not here may still wait; the database knows. What is here may have been decided elsewhere a moment ago:
 * `trust` is for how many milliseconds that may go unnoticed.
 */
export function createWaitingCodes({ clock, trust = Number.MAX_SAFE_INTEGER }: { clock: Clock; trust?: number }) {
  const codes = new Map<string, number>();
  const rows = createWaitingRows();
  let confirmedAt = 0;
  let crowded = 0;
  const looks = new Map<string, Set<{ outdated: boolean }>>();

  function get(hash: string): WaitingCode | undefined {
    const row = codes.get(hash);
    return row === undefined ? undefined : rows.at(row);
  }

  function forget(hash: string): boolean {
    const row = codes.get(hash);
    if (row !== undefined && rows.at(row).crowded) crowded -= 1;
    if (row !== undefined) rows.release(row);
    return codes.delete(hash);
  }

  const outdate = (hash: string): void => {
    for (const look of looks.get(hash) ?? []) look.outdated = true;
  };

  return {
    get size() {
      return codes.size;
    },
    /** Of these, codes of networks that had asked for more than their share. */
    get crowded() {
      return crowded;
    },
    /** Not for keeping across an `await`: what it shows may be another code then. */
    get,

    /** Without the codes that have run out. */
    live(hash: string): WaitingCode | undefined {
      const code = get(hash);
      return code && code.expiresAt > clock.now() ? code : undefined;
    },

    /** The answer of memory alone. RFC 8628 §3.4 (A11): a code belongs to the client it was issued to. */
    judge: (code: WaitingCode, clientId: string): 'authorization_pending' | 'slow_down' | 'invalid_grant' =>
      code.clientId === clientId ? paceOf(code, clock.now()) : 'invalid_grant',

    /** Whether memory may answer for the code, in both directions: a clock set back must not prolong the trust. */
    trusted: (code: WaitingCode): boolean =>
      Math.abs(clock.now() - (code.checkedAt < 0 ? code.checkedAt : Math.max(code.checkedAt, confirmedAt))) <= trust,

    /** All codes were compared with the database at this time. */
    confirmed(at: number): void {
      confirmedAt = at;
    },

    /** The next poll asks the database. */
    doubt(hash: string): void {
      const code = get(hash);
      if (code) code.checkedAt = Number.NEGATIVE_INFINITY;
      outdate(hash);
    },

    /** To be begun before the database is asked: a decision that is heard of meanwhile must not be forgotten again. */
    look(hash: string): Look {
      const look = { outdated: false };
      const others = looks.get(hash) ?? new Set();
      looks.set(hash, others.add(look));
      const end = (): void => {
        if (others.delete(look) && others.size === 0) looks.delete(hash);
      };
      return Object.assign(look, { end });
    },

    add(hash: string, code: NewCode): WaitingCode {
      forget(hash);
      const news = { crowded: false, baseInterval: code.interval, polledAt: 0, patient: 0, checkedAt: clock.now() };
      const row = rows.take({ ...news, ...code });
      if (code.crowded) crowded += 1;
      codes.set(hash, row);
      return rows.at(row);
    },

    /** The code was decided: the next poll goes to the database. */
    drop(hash: string): boolean {
      outdate(hash);
      return forget(hash);
    },

    forgetExpired(): void {
      const now = clock.now();
      for (const [hash, row] of codes) if (rows.at(row).expiresAt <= now) forget(hash);
    },
  };
}

/** Judges the pace of one poll, and remembers it. The first poll is never too fast (security.md A13, K1). */
export function paceOf(code: WaitingCode, now: number): 'authorization_pending' | 'slow_down' {
  // That the clock was set back is not the device's doing.
  const unknown = code.polledAt === 0 || code.polledAt > now;
  const gap = unknown ? Number.POSITIVE_INFINITY : now - code.polledAt;
  code.polledAt = now;
  if (gap < code.interval - grace) {
    code.patient = 0;
    // A client one step behind lost the answer that told it to slow down. This one brings it level; raising the bar as
    // well would keep it behind for ever.
    const oneStepBehind = code.interval > code.baseInterval && gap >= code.interval - penalty - grace;
    if (!oneStepBehind) code.interval = Math.min(code.interval + penalty, longestInterval);
    return 'slow_down';
  }
  code.patient += 1;
  if (code.interval > code.baseInterval && code.patient >= patienceRewarded) {
    code.interval -= penalty;
    code.patient = 0;
  }
  return 'authorization_pending';
}
