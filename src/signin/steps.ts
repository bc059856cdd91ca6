import type { FastifyRequest } from 'fastify';
import type { Account } from '../account/account.ts';
import type { SecurityEvent } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import { networkOf } from '../web/limits.ts';
import type { Checker, Checks, Source } from './proof.ts';

/** `unknown`: a passkey that no account has any more is still in the browser's list, until the browser is told (G14). */
export type PasskeyStep =
  | { ok: true; accountId: AccountId }
  | { ok: false; status: number; error: string; retryAt?: number; unknown: UnknownPasskey | undefined };
export type UnknownPasskey = { rpId: string; credentialId: string };

/** Appends an event with where it came from. */
export type Record = (
  request: FastifyRequest,
  type: SecurityEvent['type'],
  accountId: AccountId | undefined,
  note: { [name: string]: string | undefined },
) => Promise<void>;

/** The steps of signing in, one check each; every failure is in the journal. Which step is next is the plugin's. */
export function createSteps(needs: {
  checker: Checker;
  checks: Checks;
  accounts: { findByEmail(email: string): Promise<Account | undefined> };
  record: Record;
}) {
  const { checker, checks, accounts, record } = needs;

  /** What was not checked is not recorded either: a flood would fill the journal. */
  const recordFailure = async (
    request: FastifyRequest,
    accountId: AccountId | undefined,
    failure: { error: string; retryAt?: number },
  ): Promise<void> => {
    if (failure.retryAt !== undefined) return;
    await record(request, 'sign_in_failed', accountId, { reason: failure.error });
  };

  return {
    async checkPassword(request: FastifyRequest, email: string, password: string) {
      const account = await accounts.findByEmail(email);
      const result = await checker.password({ email, accountId: account?.id }, password, sourceOf(request));
      if (!result.ok || !account) {
        const failure = result.ok ? checker.wrongPassword : result;
        await recordFailure(request, account?.id, failure);
        return failure;
      }
      const { app } = await checks.methodsOf(account.id);
      return { ok: true as const, accountId: account.id, codeNeeded: app };
    },

    async checkCode(request: FastifyRequest, accountId: AccountId, code: string) {
      const result = await checker.code(accountId, code, sourceOf(request));
      // F4: the password was right and the second step was not; the owner should be able to see that.
      if (!result.ok) await recordFailure(request, accountId, result);
      return result;
    },

    async checkPasskey(request: FastifyRequest, credential: string): Promise<PasskeyStep> {
      const result = await checker.passkey('sign-in', credential, sourceOf(request));
      if (result.ok) return result;
      await recordFailure(request, undefined, result);
      return { ...result, unknown: await checks.passkeys.unknownCredential(credential) };
    },

    passkeyOptions: (request: FastifyRequest): Promise<object> =>
      checks.passkeys.requestOptions({ purpose: 'sign-in', browserId: request.browserId }),
  };
}

export function sourceOf(request: FastifyRequest): Source {
  return { network: networkOf(request.ip), browserId: request.browserId };
}

export function proofFields(body: unknown): { password: string; code: string; credential: string } {
  const { password = '', code = '', credential = '' } = (body ?? {}) as { [name: string]: string | undefined };
  return { password, code, credential };
}
