import { type Clock, type FollowingClock, seconds } from './clock.ts';
import type { Database } from './drivers/database/database.ts';
import { AppError } from './errors.ts';
import { newId } from './ids.ts';
import { createPresenceStore, type ProcessRow } from './presence-store.ts';
import type { Random } from './random.ts';
import type { Secrets } from './secrets.ts';

/** How often a process says that it is there, and looks who else is. */
const every = { shared: seconds(2), alone: seconds(5) };
/** Longer than between two beats, shorter than it takes until a process counts as gone. */
const silence = seconds(8);
/** Whoever asks whether we are ready may do so as often as they like. */
const leastBetween = seconds(1);
/** From here on a difference is worth a line in the log; beyond the second, a process should serve nobody. */
export const clockDoubt = seconds(2);
const clockLimit = seconds(5);

/** Bytes below which an operator should be told, while there still is time. */
export const littleSpace = 256 * 1024 * 1024;

export type Presence = {
  /** Says that this process is there, by a write, and looks around; rejects if the database does not take it. */
  beat(): Promise<void>;
  /** Looks who serves, without saying anything: for commands, which must seal as those do. */
  look(): Promise<void>;
  /** Milliseconds by which this machine's clock is ahead of the database's. */
  readonly skew: number;
  /** Whether the clock of this machine may be believed. */
  readonly clockIsRight: boolean;
  /** Names of keys that other processes seal with and this one does not have. */
  readonly missingKeys: readonly string[];
  /** Bytes that are free on the database's disk, where this process can see it. */
  readonly headroom: number | undefined;
  /** The other processes that live. */
  readonly others: readonly ProcessRow[];
  /** Beats from now on; resolves with a function that stops and takes leave. */
  start(log: Log): Promise<() => Promise<void>>;
};

type Log = { warn(facts: object, message: string): void };

type Needs = {
  database: Database;
  secrets: Secrets;
  random: Random;
  /** The clock of this machine. */
  local: Clock;
  /** The one that rooms are given, if it is to go by the database's. */
  shared?: FollowingClock | undefined;
};

/**
 * What processes over one database know of each other: what time it is, and which keys all of them have.
 *
 * Times that two processes compare come from one clock, the database's (fault E1). A new secret seals only once every
 * process that serves can open it (fault E2). And the write says whether there can be any other (faults B7 and E9).
 */
export function createPresence({ database, secrets, random, local, shared }: Needs): Presence {
  const store = createPresenceStore(database);
  const id = newId<string>(random);
  let skew = 0;
  let headroom = database.headroom?.();
  let others: ProcessRow[] = [];
  let beating: Promise<void> | undefined;
  let beatenAt = Number.NEGATIVE_INFINITY;
  let beats = 0;

  async function compareClocks(): Promise<void> {
    if (!database.shared) return;
    skew = await clockSkew(database, local, (time, doubt) => shared?.follow(time, doubt));
  }

  async function look(): Promise<void> {
    await compareClocks();
    const heard = await store.listOthers(id);
    // After a silence of the database nobody has been seen for a while: whoever was there before may come a moment later.
    const wasSilent = performance.now() - beatenAt > silence;
    const unheard = others.filter((one) => wasSilent && !heard.some((other) => other.id === one.id));
    others = [...heard, ...unheard];
    const opened = others.map(({ opens }) => opens.split(' '));
    const knownToAll = secrets.keyNames.find((name) => opened.every((names) => names.includes(name)));
    secrets.agree({ sealWith: knownToAll ?? secrets.keyName, elsewhere: opened.flat() });
  }

  async function beat(): Promise<void> {
    headroom = database.headroom?.();
    await look();
    await store.put({ id, opens: secrets.keyNames.join(' '), seals: secrets.sealsWith });
    if (++beats % 100 === 0) await store.forgetGone();
    beatenAt = performance.now();
  }

  const missingKeys = (): string[] =>
    others
      .map(({ seals }) => seals)
      .filter((name, at, all) => !secrets.keyNames.includes(name) && all.indexOf(name) === at);

  const tellOf = (log: Log, told: { clock: boolean; keys: string; crowded: boolean }): void => {
    const off = Math.abs(skew) > clockDoubt;
    if (off && !told.clock)
      log.warn({ seconds: Math.round(skew / 1000) }, "the clock of this machine is not the database's");
    const keys = missingKeys().join(' ');
    if (keys && keys !== told.keys)
      log.warn(
        { keys },
        'other processes seal with a key that this one does not have; give it LATCHKEY_PREVIOUS_SECRETS',
      );
    const crowded = headroom !== undefined && headroom < littleSpace;
    if (crowded && !told.crowded) log.warn({ free: headroom }, 'the disk of the database is nearly full');
    Object.assign(told, { crowded, clock: off, keys });
  };

  return {
    look,
    beat() {
      if (performance.now() - beatenAt < leastBetween) return Promise.resolve();
      beating ??= beat().finally(() => {
        beating = undefined;
      });
      return beating;
    },
    get skew() {
      return skew;
    },
    get clockIsRight() {
      return Math.abs(skew) <= clockLimit;
    },
    get missingKeys() {
      return missingKeys();
    },
    get headroom() {
      return headroom;
    },
    get others() {
      return others;
    },
    async start(log) {
      const told = { clock: false, keys: '', crowded: false };
      // Before the first request: those who seal must know that there is one more who opens.
      await beat();
      tellOf(log, told);
      const turn = (): void => {
        // While the database is away nothing can be known; readiness tells of that.
        this.beat().then(
          () => tellOf(log, told),
          (error: unknown) => {
            if (!(error instanceof AppError)) log.warn({ err: error }, 'this process could not say that it is there');
          },
        );
      };
      const timer = setInterval(turn, database.shared ? every.shared : every.alone).unref();
      return async () => {
        clearInterval(timer);
        await beating?.catch(() => {});
        await store.remove(id).catch(() => {});
      };
    },
  };
}

/** Milliseconds by which `local` is ahead of the database's clock. */
export async function clockSkew(
  database: Database,
  local: Clock,
  told: (time: number, doubt: number) => void = () => {},
): Promise<number> {
  const began = performance.now();
  const asked = await createPresenceStore(database).time();
  const took = performance.now() - began;
  // It was that time at some moment between the question and the answer.
  const [time, doubt] = [asked + took / 2, took / 2];
  told(time, doubt);
  const apart = local.now() - time;
  // An answer that took long says nothing about a small difference.
  return Math.abs(apart) > doubt ? apart : 0;
}
