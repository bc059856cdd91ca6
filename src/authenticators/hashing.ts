import { availableParallelism } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import { AppError } from '../errors.ts';
import { createFairQueue, type Waiter } from '../limits/fair-queue.ts';
import { limitTable } from '../limits/limit-table.ts';
import { createLimits } from '../limits/limits.ts';
import type { Secrets } from '../secrets.ts';
import { hashPassword, verifyPassword } from './argon2.ts';

/**
 * Who makes us hash, which takes a core some tens of milliseconds: an account, or whatever is about to become one, from a
 * network. `known` in a browser in which the account has signed in before.
 */
export type Asker = { account: string; network: string; known: boolean };

export type Argon = { hash: typeof hashPassword; verify: typeof verifyPassword };

export type Hashing = {
  /** Throws AppError `unavailable` if there is no room just now, before anything is written for whoever asks. */
  expectRoom(asker: Asker): void;
  /**
   * Runs work that hashes once, when its turn has come. What it counts is counted there, so that nothing is that was not
   * tried. Without `asker` it is the operator's, who may have as many as they like.
   */
  turn<T>(asker: Asker | undefined, work: (argon: Argon) => Promise<T>): Promise<T>;
  /**
   * Whoever was right has not erred, and may come again from there as often as their network may: a program that signs one
   * account in for each of fifty tests is a stranger every time.
   */
  wasRight(asker: Asker | undefined): Promise<void>;
};

const slots = availableParallelism();
// One hash per core: more at once would be no faster, take 19 MiB each and starve everything else. One queue for all of
// the process, because its cores are.
const queue = createFairQueue({ slots, mostWaiting: 64 * slots, crowd: 4 * slots });
const argon: Argon = { hash: hashPassword, verify: verifyPassword };

/** The one way to Argon2 (fault B2): nobody gets there uncounted, nor before those who have asked for less. */
export function createHashing(needs: { ephemeral: Ephemeral; clock: Clock; secrets: Secrets }): Hashing {
  const limits = createLimits(needs);
  const key = (...parts: string[]): string => needs.secrets.hash('network', JSON.stringify(['hash', ...parts]));
  const pairOf = ({ account, network }: Asker): string => `hash-pair:${key(account, network)}`;

  const count = async (asker: Asker): Promise<void> => {
    const { account, network, known } = asker;
    // The narrowest first: what is refused there takes nothing from the network's others.
    const checks = known
      ? [{ key: `hash-own:${key(account)}`, limit: limitTable.hashesOfOwner }]
      : [
          { key: pairOf(asker), limit: limitTable.hashesOfPair },
          { key: `hash-network:${network}`, limit: limitTable.hashesOfNetwork },
        ];
    const turn = await limits.inOrder(checks);
    if (!turn.allowed) throw new AppError('too_many_tries', 'Too many passwords were checked or set.', turn);
  };

  const waiterOf = (asker: Asker | undefined): Waiter => {
    const line = asker?.known ? key(asker.account) : (asker?.network ?? 'operator');
    return { line, known: asker?.known ?? true };
  };

  return {
    expectRoom: (asker) => queue.expectRoom(waiterOf(asker)),

    async turn(asker, work) {
      if (asker) await count(asker);
      return queue.run(waiterOf(asker), () => work(argon));
    },

    async wasRight(asker) {
      if (asker && !asker.known) await limits.forget(pairOf(asker));
    },
  };
}
