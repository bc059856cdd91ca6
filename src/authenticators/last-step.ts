import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { AuthenticatorsStore } from './authenticators-store.ts';

/** `others_lost` if those that stay were all reported lost: nobody could sign in with them. */
export type MayGo = 'yes' | 'required' | 'password_too_short' | 'others_lost';

/** Whether a second step may go: the security key named, or else the app (E1, E30). */
export function createMayGo({ store, requireSecondStep }: { store: AuthenticatorsStore; requireSecondStep: boolean }) {
  const steps = ({ app, keys }: { app: boolean; keys: number }): number => keys + (app ? 1 : 0);

  return async (accountId: AccountId, key: string | undefined, trx?: DatabaseTransaction): Promise<MayGo> => {
    const has = await store.methodsOf(accountId, trx);
    const off = has.off ? steps(has.off) : 0;
    const isLost = key === undefined ? has.off?.app : (await store.findPasskey(key, trx))?.suspended_at != null;
    // What was lost and goes leaves the others as they are; what works must leave something that works.
    const left = steps(has) - 1 - (isLost ? 0 : off);
    if (!has.password || left > 0) return 'yes';
    if (steps(has) > 1) return 'others_lost';
    if (requireSecondStep) return 'required';
    return (await store.findPassword(accountId, trx))?.short ? 'password_too_short' : 'yes';
  };
}
