import type { FastifyRequest } from 'fastify';
import { type Account, displayName } from '../account/account.ts';
import type { SecurityEvent } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { Checker, Checks, Failure, Outcome, Source } from './proof.ts';
import { type SecondStep, secondStepsOf } from './strength.ts';

/** `seconds` are the second steps one of which has to follow. */
export type PasswordStep = { ok: true; accountId: AccountId; seconds: SecondStep[] } | Failure;
/** `method` is `key` if it counts as one factor, and the password has to follow (E27). */
export type PasskeyStep =
  | { ok: true; accountId: AccountId; email: string; method: 'passkey' | 'key'; credentialId: string }
  | Failure;

/** A passkey that no account has any more is still in the browser's list, until the browser is told (G14). */
export type UnknownPasskey = { rpId: string; credentialId: string };

/** Where a right password was followed by a wrong second step (F4). */
export type HalfSignedIn = (
  accountId: AccountId,
  from: { userAgent: string | undefined; country: string | undefined; browserId: string; knownBrowser: boolean },
) => void;

/** Appends an event with where it came from. */
export type Record = (
  request: FastifyRequest,
  type: SecurityEvent['type'],
  accountId: AccountId | undefined,
  note: { [name: string]: string | undefined },
) => Promise<void>;

export type Steps = ReturnType<typeof createSteps>;

/** The steps of signing in, one check each; every failure is in the journal. Which step is next is the plugin's. */
export function createSteps(needs: {
  checker: Checker;
  checks: Checks;
  knownBrowsers: KnownBrowsers;
  accounts: {
    find(id: AccountId): Promise<Account | undefined>;
    findByEmail(email: string): Promise<Account | undefined>;
  };
  places: { countryOf(headers: FastifyRequest['headers']): string | undefined };
  record: Record;
  halfSignedIn?: HalfSignedIn;
}) {
  const { checker, checks, knownBrowsers, accounts, places, record } = needs;

  /** What was not checked is not recorded either: a flood would fill the journal. */
  const recordFailure = async (
    request: FastifyRequest,
    accountId: AccountId | undefined,
    failure: Failure,
  ): Promise<void> => {
    // Nothing entered is nothing guessed.
    if (failure.retryAt !== undefined || failure.error.endsWith('.missing')) return;
    await record(request, 'sign_in_failed', accountId, { reason: failure.error, why: failure.why });
  };

  return {
    async checkPassword(request: FastifyRequest, email: string, password: string): Promise<PasswordStep> {
      const account = await accounts.findByEmail(email);
      const result = await checker.password({ email, accountId: account?.id }, password, sourceOf(request));
      if (!result.ok || !account) {
        const failure = result.ok ? checker.wrongPassword : result;
        await recordFailure(request, account?.id, failure);
        return failure;
      }
      return { ok: true, accountId: account.id, seconds: secondStepsOf(await checks.methodsOf(account.id)) };
    },

    /** A second step after a right password. */
    async checkSecond(
      request: FastifyRequest,
      accountId: AccountId,
      step: SecondStep,
      given: { code?: string; credential?: string },
    ): Promise<Outcome> {
      const { code = '', credential = '' } = given;
      const result = await checker.second(step, accountId, { code, recovery: code, credential }, sourceOf(request));
      if (result.ok) return result;
      await recordFailure(request, accountId, result);
      const { browserId, headers } = request;
      const knownBrowser = await knownBrowsers.knows(accountId, browserId);
      const from = { browserId, userAgent: headers['user-agent'], country: places.countryOf(headers) };
      // Nothing entered is nothing guessed.
      if (!result.error.endsWith('.missing')) needs.halfSignedIn?.(accountId, { ...from, knownBrowser });
      return result;
    },

    async checkPasskey(request: FastifyRequest, credential: string): Promise<PasskeyStep> {
      const result = await checker.passkey('sign-in', credential, sourceOf(request));
      if (!result.ok) {
        await recordFailure(request, undefined, result);
        return result;
      }
      const { accountId, credentialId, method, counterWentBack } = result;
      const { password } = await checks.methodsOf(accountId);
      // G5: a counter that went back asks for another factor where there is one.
      const counts = method === 'passkey' && !(counterWentBack && password);
      const account = await accounts.find(accountId);
      if (account && (counts || password)) {
        return { ok: true, accountId, email: account.email, credentialId, method: counts ? 'passkey' : 'key' };
      }
      const why = counterWentBack ? 'counter_went_back' : 'not_for_this';
      const failure: Failure = { ok: false, status: 422, error: 'signin.passkey.failed', why };
      await recordFailure(request, accountId, failure);
      return failure;
    },

    /** G6: after the password, a passkey that nothing vouched for counts. */
    confirmPasskey: (accountId: AccountId, credentialId: string): Promise<boolean> =>
      checks.confirmPasskey(accountId, credentialId),

    /** If it is the passkey of no account: how a browser is told. */
    unknownPasskey: (credential: string): Promise<UnknownPasskey | undefined> =>
      checks.passkeys.unknownCredential(credential),

    /** Options for signing in with any passkey: the same for everyone (G12). */
    passkeyOptions: (request: FastifyRequest): Promise<object> =>
      checks.passkeys.requestOptions({ purpose: 'sign-in', browserId: request.browserId }),

    /** Options for a security key or passkey of this account, whose password was right. */
    keyOptions: (request: FastifyRequest, accountId: AccountId): Promise<object> =>
      checks.passkeys.requestOptions({ purpose: 'second-step', browserId: request.browserId, accountId }),

    /** Whether the account has passkeys or a password, told in a browser alone in which it has signed in (F5). */
    async waysHere(request: FastifyRequest, email: string): Promise<{ password: boolean; passkeys: boolean }> {
      const account = await accounts.findByEmail(email);
      const known = await knownBrowsers.knows(account?.id, request.browserId);
      if (!account || !known) return { password: true, passkeys: false };
      const { password, passkeys } = await checks.methodsOf(account.id);
      return { password, passkeys: passkeys > 0 };
    },

    passwordSince: (accountId: AccountId) => checks.passwordSince(accountId),

    waysOf: (accountId: AccountId) => checks.methodsOf(accountId),

    /** Who has signed in in this browser and is not signed in now. */
    async remembered(request: FastifyRequest): Promise<{ accountId: AccountId; email: string; name: string }[]> {
      const here = [request.signedIn?.current, ...(request.signedIn?.others ?? [])].map((one) => one?.accountId);
      const ids = (await knownBrowsers.accountsOf(request.browserId)).filter((id) => !here.includes(id));
      const found = await Promise.all(ids.map((id) => accounts.find(id)));
      return found
        .filter((account) => account !== undefined)
        .map((account) => ({ accountId: account.id, email: account.email, name: displayName(account) }));
    },

    /** Forgets that the account has signed in in this browser. */
    forgetBrowser: (request: FastifyRequest, accountId: AccountId): Promise<void> =>
      knownBrowsers.forget(accountId, request.browserId),
  };
}

export function sourceOf(request: FastifyRequest): Source {
  return { network: networkOf(request.ip), browserId: request.browserId };
}
