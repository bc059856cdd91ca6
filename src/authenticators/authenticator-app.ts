import { generateSecret, generateURI, verifySync } from 'otplib';
import { type Clock, minutes } from '../clock.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import { type AuthenticatorsStore, failuresToTell, mostFailures } from './authenticators-store.ts';
import type { ManyFailures } from './failures-mail.ts';

/** What the set-up page shows; `sealed` travels through the form, because nothing is stored before it is proven. */
export type AppSetup = { secret: string; uri: string; sealed: string };

export type AuthenticatorApps = {
  begin(accountId: AccountId, label: string): AppSetup;
  /** Reads back the set-up of this account from its form; undefined if it was altered or is older than 15 minutes. */
  resume(accountId: AccountId, sealed: string, label: string): AppSetup | undefined;
  /** The time step of a right code, to store with the secret; undefined if the code is wrong. */
  proves(secret: string, code: string): number | undefined;
  save(accountId: AccountId, secret: string, step: number, transaction: DatabaseTransaction): Promise<void>;
  /** True once per code (E22): RFC 6238 §5.2 forbids a second use. */
  verify(accountId: AccountId, code: string): Promise<boolean>;
};

const period = 30;
const setupTime = minutes(15);

export function createAuthenticatorApps(needs: {
  store: AuthenticatorsStore;
  secrets: Secrets;
  clock: Clock;
  manyFailures?: ManyFailures | undefined;
  /** The installation's: what the app lists the codes under. */
  name?: string;
}): AuthenticatorApps {
  const { store, secrets, clock, manyFailures, name = 'Latchkey' } = needs;
  const uriOf = (secret: string, label: string): string => generateURI({ issuer: name, label, secret, period });
  const context = (accountId: AccountId): string => `set-up ${accountId}`;

  const check = (secret: string, code: string, after?: number): number | undefined => {
    const token = cleanCode(code);
    if (!token) return undefined;
    const result = verifySync({
      secret,
      token,
      period,
      epoch: Math.floor(clock.now() / 1000),
      // One step to either side for slow fingers and drifting clocks (E22).
      epochTolerance: period,
      ...(after === undefined ? {} : { afterTimeStep: after }),
    });
    return result.valid && 'timeStep' in result ? result.timeStep : undefined;
  };

  return {
    begin(accountId, label) {
      const secret = generateSecret({ length: 20 });
      const sealed = secrets.seal('totp', JSON.stringify({ secret, at: clock.now() }), context(accountId));
      return { secret, uri: uriOf(secret, label), sealed };
    },

    resume(accountId, sealed, label) {
      const opened = secrets.openGiven('totp', sealed, context(accountId));
      if (!opened) return undefined;
      const { secret, at } = JSON.parse(opened) as { secret: string; at: number };
      return clock.now() < at + setupTime ? { secret, uri: uriOf(secret, label), sealed } : undefined;
    },

    proves: check,

    async save(accountId, secret, step, transaction) {
      const sealed_secret = secrets.seal('totp', secret, accountId);
      const row = { account_id: accountId, sealed_secret, last_step: step, failed_tries: 0, created_at: clock.now() };
      await store.insertApp({ ...row, suspended_at: null }, transaction);
    },

    async verify(accountId, code) {
      const found = await store.findApp(accountId);
      // E30: reported lost, its codes are for nothing, and guesses at them too.
      const row = found?.suspended_at == null ? found : undefined;
      const tries = row && (await store.countTry('authenticator_app', accountId, mostFailures));
      if (!row || tries === undefined) return false;
      const secret = secrets.open('totp', row.sealed_secret, accountId);
      const step = secret === undefined ? undefined : check(secret, code, row.last_step);
      const right = step !== undefined && (await store.claimStep(accountId, step));
      if (!right && tries === failuresToTell) manyFailures?.(accountId, 'app');
      return right;
    },
  };
}

/** Six digits, however they were grouped, in whichever digits the keyboard writes. */
function cleanCode(text: string): string | undefined {
  const digits = text
    .slice(0, 40)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/[\s\-–.]/g, '');
  return /^\d{6}$/.test(digits) ? digits : undefined;
}
