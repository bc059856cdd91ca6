import type { FastifyRequest } from 'fastify';
import { type Methods, twoStep, usable } from '../authenticators/authenticators.ts';
import { acrFor } from '../engine/acr.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { type Checker, type Checks, canReach, enoughSteps, type Outcome, type ProofFields } from './proof.ts';
import type { ProofOptions } from './proof-form.tsx';
import type { LiveSession, Sessions } from './sessions.ts';
import { type Record, sourceOf } from './steps.ts';
import { acrOf, reachOf } from './strength.ts';

type Found = { live: LiveSession; signedIn: { current: { accountId: AccountId; email: string } } };

/** The answer to a second press: the first one has proven it, and this one gives nothing to spend. */
const provenBefore: Outcome = { ok: true, methods: [] };

export type Proving = ReturnType<typeof createProving>;

/** Proving, within a session, that it is still them. `wanted` are `acr` values one of which is to be reached. */
export function createProving(needs: {
  checker: Checker;
  checks: Checks;
  sessions: Pick<Sessions, 'proven'>;
  /** Who is signed in; throws `not_signed_in` if nobody is. */
  current(request: FastifyRequest): Promise<Found>;
  /** The session as it is now, whatever was read before. */
  look(request: FastifyRequest): Promise<{ live?: LiveSession }>;
  renew(request: FastifyRequest, secret: string): Promise<unknown>;
  record: Record;
}) {
  const { checker, checks, sessions, current, look, renew, record } = needs;

  return {
    /** What `<ProofForm>` shows for the current account. Throws `not_signed_in` if nobody is. */
    async proofOptions(request: FastifyRequest, wanted: readonly string[] = []): Promise<ProofOptions> {
      const { accountId, email } = (await current(request)).signedIn.current;
      const has = await checks.methodsOf(accountId);
      const steps = enoughSteps(has, wanted);
      const chosen = (request.query as { with?: unknown }).with;
      const second = steps.find((step) => step === chosen) ?? steps[0];
      const alone = enoughSteps(has, []).length === 0 && acrFor(acrOf(['pwd']), wanted) !== undefined;
      const ask = { browserId: request.browserId, accountId };
      const options = (purpose: 'prove' | 'second-step') => checks.passkeys.requestOptions({ purpose, ...ask });
      return {
        email,
        password: has.password && (second !== undefined || alone),
        passkey:
          request.page.passkeys && usable(has).passkeys > 0 && acrFor('phr', wanted)
            ? await options('prove')
            : undefined,
        second,
        otherSeconds: steps.filter((step) => step !== second),
        key: second === 'key' ? await options('second-step') : undefined,
        possible: canProve(has) && canReach(reachOf(has), wanted),
      };
    },

    /** Checks what the form of `<ProofForm>` sent for the current account; success renews the secret. */
    async prove(request: FastifyRequest, wanted: readonly string[] = []): Promise<Outcome> {
      const { live, signedIn } = await current(request);
      if (live.replaced) return provenBefore;
      const { accountId, email } = signedIn.current;
      // A second press may have been on its way together with the first, with the same code or challenge.
      const replaced = async (): Promise<boolean> => (await look(request)).live?.replaced ?? false;
      const result = await checker.whole({ email, accountId }, proofFields(request.body), sourceOf(request), wanted);
      if (!result.ok) {
        if (await replaced()) return provenBefore;
        if (result.retryAt === undefined)
          await record(request, 'proof_failed', accountId, { reason: result.error, why: result.why });
        return result;
      }
      const renewed = await sessions.proven(live, result.methods);
      if (!renewed && (await replaced())) return provenBefore;
      if (!renewed) throw new AppError('not_signed_in', 'The session ended while its owner proved themselves.');
      await renew(request, renewed.secret);
      await record(request, 'proved', accountId, { methods: result.methods.join(' ') });
      return result;
    },

    /** False if the current account has nothing as strong as what is wanted. */
    async canReach(accountId: AccountId, wanted: readonly string[]): Promise<boolean> {
      return canReach(reachOf(await checks.methodsOf(accountId)), wanted);
    },
  };
}

/** Not where all that there is was reported lost (E30). */
function canProve(has: Methods): boolean {
  const { password, passkeys, app, keys, recoveryCodes } = usable(has);
  return passkeys > 0 || (password && (!twoStep(has) || app || keys > 0 || recoveryCodes > 0));
}

function proofFields(body: unknown): ProofFields {
  const fields = (body ?? {}) as { [name: string]: string | undefined };
  const { password = '', code = '', recovery = '', credential = '', step = '' } = fields;
  return { password, code, recovery, credential, step };
}
