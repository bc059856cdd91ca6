import type { FastifyRequest } from 'fastify';
import type { AccountId } from '../ids.ts';
import type { Halfway, Halfways } from './halfway.ts';
import type { LiveSession, Sessions } from './sessions.ts';
import type { Record } from './steps.ts';

type Someone = { current: { accountId: AccountId }; others: readonly { accountId: AccountId }[] };
type Reading<SignedIn> = { live?: LiveSession; signedIn?: SignedIn; settingUp?: SignedIn };

/**
 * Whoever is in a browser, however far they have come: signed in; with a password that was right, still without the second
 * step that the operator wants; half way. Pages that say so or end it ask this: `signedIn` alone is silent about the
 * other two, and whoever comes next could go on with them (fault A4).
 */
export type Here<SignedIn> = Omit<Reading<SignedIn>, 'live'> & { half?: Halfway | undefined };

/** The accounts of one browser: who is here, changing between them, and leaving. */
export function createHere<SignedIn extends Someone>(needs: {
  sessions: Pick<Sessions, 'remove' | 'removeAccount' | 'setCurrent'>;
  halfways: Pick<Halfways, 'halfway' | 'endHalfway'>;
  reading(request: FastifyRequest): Promise<Reading<SignedIn>>;
  /** The session as it is now, whatever was read before. */
  look(request: FastifyRequest): Promise<Reading<SignedIn>>;
  /** Who is signed in or setting up; throws `not_signed_in` if nobody is. */
  current(request: FastifyRequest): Promise<{ live: LiveSession; signedIn: SignedIn }>;
  record: Record;
}) {
  const { sessions, halfways, reading, look, current, record } = needs;

  return {
    async here(request: FastifyRequest): Promise<Here<SignedIn>> {
      const { live: _live, ...here } = await reading(request);
      return { ...here, half: await halfways.halfway(request) };
    },

    async switchTo(request: FastifyRequest, accountId: AccountId): Promise<boolean> {
      const { live, signedIn } = await current(request);
      if (live.replaced || !signedIn.others.some((other) => other.accountId === accountId))
        return accountId === signedIn.current.accountId;
      await sessions.setCurrent(live.id, accountId);
      await look(request);
      return true;
    },

    async signOut(request: FastifyRequest, accountId: AccountId | 'all'): Promise<void> {
      const { live, signedIn, settingUp } = await reading(request);
      const stays = (id: AccountId | undefined): boolean => id !== undefined && accountId !== 'all' && id !== accountId;
      const whole = [signedIn?.current, ...((signedIn ?? settingUp)?.others ?? [])];
      // Once nobody is left who is signed in, nobody stays who only began to be.
      const over = !whole.some((one) => stays(one?.accountId));
      if (over) await halfways.endHalfway(request);
      if (!live) return;
      const leaving = [live.current, ...live.others].map((row) => row.account_id).filter((id) => over || !stays(id));
      if (over) {
        await sessions.remove(live.id, leaving);
        request.writeSession?.(undefined);
      } else {
        for (const id of leaving) await sessions.removeAccount(live.id, id);
      }
      await look(request);
      for (const id of leaving) await record(request, 'signed_out', id, {});
    },
  };
}
