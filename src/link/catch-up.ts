import { type Clock, minutes, seconds } from '../clock.ts';
import { codeLife } from './draw-codes.ts';

const every = seconds(2);
/** How long a process may not notice a decision whose message was lost. */
export const trustInMemory = seconds(5);
/** A decision is dated before its commit; one that takes longer than this to commit is refused by the database. */
const slowestCommit = minutes(1);
const thoroughEvery = minutes(1);
/** The time between two looks, and what a commit usually takes at most. */
const usualWindow = seconds(5);

export type Decision = { hash: string; at: number };

type Needs = {
  clock: Clock;
  /** Hashes of the device codes that were decided after a time, with theirs. */
  decidedSince(time: number): Promise<Decision[]>;
  /** False if nobody but this process has written since it was asked last. */
  changedElsewhere(): Promise<boolean>;
  /** Rejects if the database does not answer. */
  ping(): Promise<void>;
  decided(decision: Decision): void;
  /** All codes in memory were compared with the database at this time. */
  confirmed(at: number): void;
};

export type CatchUp = ReturnType<typeof createCatchUp>;

/** Hears of decisions whose message was lost, by one query for all codes instead of one for each poll. */
export function createCatchUp({ clock, changedElsewhere, decidedSince, ping, decided, confirmed }: Needs) {
  let lookedAt = clock.now();
  let thoroughAt = 0;
  let begunAt: number | undefined;
  let silent = false;

  /** Nearly every commit takes milliseconds; once a minute the slowest there can be are looked for too. */
  const beginning = (now: number): { from: number; thorough: boolean } => {
    const thorough = now - thoroughAt >= thoroughEvery || now < thoroughAt;
    const window = thorough ? thoroughEvery + slowestCommit : usualWindow;
    // After an outage, all that was decided meanwhile; what is older than any code is in nobody's memory.
    const missed = Math.min(Math.max(0, now - lookedAt - every), codeLife);
    return { from: now - missed - window, thorough };
  };

  async function look(): Promise<void> {
    // A database that does not answer must not be asked by more and more.
    if (begunAt !== undefined) return;
    const now = clock.now();
    begunAt = now;
    try {
      const { from, thorough } = beginning(now);
      if (await changedElsewhere()) for (const decision of await decidedSince(from)) decided(decision);
      lookedAt = now;
      if (thorough) thoroughAt = now;
      silent = false;
      confirmed(now);
    } catch {
      silent = await ping().then(
        () => false,
        () => true,
      );
    } finally {
      begunAt = undefined;
    }
  }

  return {
    look,

    /** Messages of an unknown time were lost: looks back as far as is ever looked back. */
    async lookBack(): Promise<void> {
      thoroughAt = 0;
      await look();
    },

    /**
     * The database does not answer, so that no tokens can be had: memory may then go on saying "pending" by itself.
     * Otherwise each of thousands of polls would wait for the time-out of a connection.
     */
    get databaseIsAway(): boolean {
      return silent || (begunAt !== undefined && Math.abs(clock.now() - begunAt) >= trustInMemory - every);
    },

    /** Looks every two seconds; returns a function that stops. */
    start(): () => void {
      const timer = setInterval(() => void look(), every).unref();
      return () => clearInterval(timer);
    },
  };
}
