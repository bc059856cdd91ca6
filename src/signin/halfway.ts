import type { FastifyRequest } from 'fastify';
import { minutes } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { AccountId } from '../ids.ts';

/**
 * What one factor was right for, in this browser, for ten minutes: `pwd` waits for its second step, `key` for the
 * password (E27). `credentialId` is of the passkey that the password will vouch for.
 */
export type Halfway = { accountId: AccountId; email: string; method: 'pwd' | 'key'; credentialId?: string };

/** `since` tells one password of an account from the next. */
type Kept = Halfway & { since?: number | undefined };

const halfwayFor = minutes(10);
/** Sign-ins of one account, in browsers it does not know, that are half way at a time; one more ends the oldest. */
const atOnce = 50;

export type Halfways = ReturnType<typeof createHalfways>;

/** One sign-in under way in each browser. */
export function createHalfways(needs: {
  ephemeral: Ephemeral;
  passwordSince(accountId: AccountId): Promise<number | undefined>;
  knows(accountId: AccountId, browserId: string): Promise<boolean>;
}) {
  const { ephemeral, passwordSince, knows } = needs;
  const key = ({ browserId }: { browserId: string }): string => `signin-halfway:${browserId}`;

  /**
   * Whoever knows a password alone and asks without cookies would otherwise fill the store (fault B7). Browsers that the
   * account knows are few, and nobody takes their place.
   */
  const makeRoom = async (accountId: AccountId, browserId: string): Promise<void> => {
    if (await knows(accountId, browserId)) return;
    const turn = await ephemeral.increment(`signin-halves:${accountId}`, halfwayFor * 2);
    const place = `signin-half:${accountId}:${turn % atOnce}`;
    const before = await ephemeral.take(place);
    const goes = before !== undefined && before !== browserId && !(await knows(accountId, before));
    if (goes) await ephemeral.remove(key({ browserId: before }));
    await ephemeral.set(place, browserId, halfwayFor);
  };

  return {
    /** The sign-in under way in this browser; of that method, if one is named. */
    async halfway(request: FastifyRequest, method?: Halfway['method']): Promise<Halfway | undefined> {
      const kept = await ephemeral.get(key(request));
      const halfway = kept === undefined ? undefined : (JSON.parse(kept) as Kept);
      if (!halfway || (method !== undefined && halfway.method !== method)) return undefined;
      // What was right has been changed or switched off since: whoever knew it is to know the new one.
      if (halfway.method === 'pwd' && halfway.since !== (await passwordSince(halfway.accountId))) return undefined;
      return halfway;
    },

    async keepHalfway(request: FastifyRequest, halfway: Halfway): Promise<void> {
      const kept: Kept = { ...halfway, since: await passwordSince(halfway.accountId) };
      await makeRoom(halfway.accountId, request.browserId);
      await ephemeral.set(key(request), JSON.stringify(kept), halfwayFor);
    },

    endHalfway: (request: FastifyRequest): Promise<void> => ephemeral.remove(key(request)),
  };
}
