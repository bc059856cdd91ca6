import { days, hours, minutes } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import { guessBudget } from './user-code.ts';

const perAccount = { limit: 5, window: minutes(10) };
const perAccountDay = { limit: 20, window: days(1) };
const perNetwork = { limit: 20, window: hours(1) };
const total = { limit: guessBudget, window: days(1) };
/** When everybody together has guessed too often: nobody is shut out, but each account gets one slip (J5). */
const perAccountInAttack = { limit: 1, window: minutes(10) };

type Who = { accountId: AccountId; network: string };

export type Guesses = {
  /** Undefined if a code may be tried now, else the time (epoch milliseconds) from which it may. */
  blockedUntil(who: Who): Promise<number | undefined>;
  /** Notes a well-formed code that did not work. True if this was the last one for now. */
  wrong(who: Who): Promise<boolean>;
  /** Wrong codes to reckon with today, for the length of new codes. */
  expectedToday(): Promise<number>;
  /** Wrong codes that everybody together may still enter before that length grows. */
  leftToday(): Promise<number>;
};

/**
 * Limits on wrong user codes, per account, per network prefix and in total (security.md A19, J5, J6).
 * Only well-formed codes of signed-in people count, so each guess costs an account and a slip costs nothing.
 */
export function createGuesses({ limits }: { limits: Limits }): Guesses {
  const checks = ({ accountId, network }: Who, attacked: boolean) =>
    [
      [`guess:account:${accountId}`, attacked ? perAccountInAttack : perAccount],
      [`guess:account-day:${accountId}`, perAccountDay],
      [`guess:network:${network}`, perNetwork],
    ] as const;
  const totalToday = async (): Promise<number> => (await limits.peek('guess:total', total)).count;

  return {
    async blockedUntil(who) {
      const attacked = (await totalToday()) >= total.limit;
      const states = await Promise.all(checks(who, attacked).map(([key, limit]) => limits.peek(key, limit)));
      const blocked = states.filter((state) => !state.allowed).map((state) => state.retryAt);
      return blocked.length > 0 ? Math.max(...blocked) : undefined;
    },

    async wrong(who) {
      await limits.hit('guess:total', total);
      const states = await Promise.all(checks(who, false).map(([key, limit]) => limits.hit(key, limit)));
      return states.some((state, i) => state.count >= (checks(who, false)[i]?.[1].limit ?? 0));
    },

    /** An attack lengthens the codes issued from now on, with room for it to double (J5). */
    async expectedToday() {
      const count = await totalToday();
      return count < total.limit ? guessBudget : count * 2;
    },

    leftToday: async () => Math.max(0, total.limit - (await totalToday())),
  };
}
