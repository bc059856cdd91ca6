import type { AccountId } from '../ids.ts';
import { limitTable, type Way } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';

const { wrongCodesInAll: total } = limitTable;

type Who = { accountId: AccountId; network: string };

/** From when on (epoch milliseconds) a code may be tried again, and what works until then. */
export type Blocked = { retryAt: number; way?: Way | undefined };

export type Guesses = {
  /** Undefined if a code may be tried now. */
  blocked(who: Who): Promise<Blocked | undefined>;
  /** Notes a well-formed code that did not work. True if this was the last one for now. */
  wrong(who: Who): Promise<boolean>;
  /** Wrong codes to reckon with today, for the length of new codes. */
  expectedToday(): Promise<number>;
  /** Wrong codes that everybody together may still enter before that length grows. */
  leftToday(): Promise<number>;
};

/**
 * Limits on wrong user codes, per account, per network prefix and in total (security.md A19, J5, J6).
 * Only well-formed codes of signed-in people count, so each guess costs an account and a slip costs nothing. What others in
 * the same network have entered binds nobody who has entered no wrong code today (fault B4).
 */
export function createGuesses({ limits }: { limits: Limits }): Guesses {
  const checks = ({ accountId, network }: Who, attacked: boolean) =>
    [
      // When everybody together has guessed too often, nobody is shut out, but each account gets one slip (J5).
      [`guess:account:${accountId}`, attacked ? limitTable.wrongCodesInAttack : limitTable.wrongCodesOfAccount],
      [`guess:account-day:${accountId}`, limitTable.wrongCodesOfAccountADay],
      [`guess:network:${network}`, limitTable.wrongCodesOfNetwork],
    ] as const;
  const totalToday = async (): Promise<number> => (await limits.peek('guess:total', total)).count;

  return {
    async blocked(who) {
      const attacked = (await totalToday()) >= total.limit;
      const peeks = checks(who, attacked).map(([key, limit]) => limits.peek(key, limit));
      const [account, day, network] = await Promise.all(peeks);
      const own = [account, day].filter((state) => state?.allowed === false).map((state) => state?.retryAt ?? 0);
      if (own.length > 0) return { retryAt: Math.max(...own) };
      const hasErred = day !== undefined && day.count > 0;
      if (!network || network.allowed || !hasErred) return undefined;
      return { retryAt: network.retryAt, way: limitTable.wrongCodesOfNetwork.way };
    },

    async wrong(who) {
      await limits.hit('guess:total', total);
      const states = await Promise.all(checks(who, false).map(([key, limit]) => limits.hit(key, limit)));
      return states.some((state, i) => state.count >= (checks(who, false)[i]?.[1].limit ?? 0));
    },

    /** An attack lengthens the codes issued from now on, with room for it to double (J5). */
    async expectedToday() {
      const count = await totalToday();
      return count < total.limit ? total.limit : count * 2;
    },

    leftToday: async () => Math.max(0, total.limit - (await totalToday())),
  };
}
