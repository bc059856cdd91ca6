import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import type { Checker, Checks } from './proof.ts';
import type { LiveSession, Sessions } from './sessions.ts';
import { proofFields, type Record, sourceOf } from './steps.ts';

type Found = { live: LiveSession; signedIn: { current: { accountId: AccountId; email: string } } };

/** The answer to a second press: the first one has proven it, and this one gives nothing to spend. */
const provenBefore = { ok: true as const, methods: [] };

/** Proving, within a session, that it is still them. */
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
    async proofOptions(request: FastifyRequest) {
      const { accountId, email } = (await current(request)).signedIn.current;
      const { password, passkeys, app } = await checks.methodsOf(accountId);
      const ask = { purpose: 'prove' as const, browserId: request.browserId, accountId };
      return { email, password, app, passkey: passkeys ? await checks.passkeys.requestOptions(ask) : undefined };
    },

    async prove(request: FastifyRequest) {
      const { live, signedIn } = await current(request);
      if (live.replaced) return provenBefore;
      const { accountId, email } = signedIn.current;
      // A second press may have been on its way together with the first, with the same code or challenge.
      const replaced = async (): Promise<boolean> => (await look(request)).live?.replaced ?? false;
      const result = await checker.whole({ email, accountId }, proofFields(request.body), sourceOf(request));
      if (!result.ok) {
        if (await replaced()) return provenBefore;
        if (result.retryAt === undefined) await record(request, 'proof_failed', accountId, { reason: result.error });
        return result;
      }
      const renewed = await sessions.proven(live, result.methods);
      if (!renewed && (await replaced())) return provenBefore;
      if (!renewed) throw new AppError('not_signed_in', 'The session ended while its owner proved themselves.');
      await renew(request, renewed.secret);
      await record(request, 'proved', accountId, { methods: result.methods.join(' ') });
      return result;
    },
  };
}
