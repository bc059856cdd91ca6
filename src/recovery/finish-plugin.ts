import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { wordsOf } from '../authenticators/authenticators.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Attempt } from './attempt.ts';
import { fieldOf } from './belonging-list.tsx';
import type { Belonging } from './belongings.ts';
import { donePage, finishLinkPage, passwordPage } from './finish-pages.tsx';
import type { NewWay } from './finishing.ts';
import type { Here, RecoveryPageNeeds } from './here.ts';
import { deadLinkPage } from './recovery-pages.tsx';

type Fields = { [name: string]: string | undefined };
type Problem = { field?: string; text: string };

/** A password that was refused does not tick anew what its owner has left as it was. */
function keepTicks({ method, body }: FastifyRequest, belongings: Belonging[]): Belonging[] {
  if (method !== 'POST') return belongings;
  return belongings.map((one) => ({ ...one, ticked: (body as Fields)[fieldOf(one)] === 'yes' }));
}

/** The end of an attempt: a new password, or a passkey where there was no password, and what it ends. */
export function registerFinish(app: FastifyInstance, needs: RecoveryPageNeeds, here: Here): void {
  const { recovery, authenticators } = needs;
  const minimum = authenticators.passwordMinimum;

  const ready = async (request: FastifyRequest, reply: FastifyReply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return undefined;
    if (attempt.mayFinish && attempt.accountId) return { attempt, accountId: attempt.accountId };
    await reply.redirect(attempt.status === 'done' ? '/recover/done' : '/recover/choose', 303);
    return undefined;
  };

  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { attempt, accountId }: { attempt: Attempt; accountId: AccountId },
    error?: Problem,
  ) => {
    const userId = attempt.held?.password ? undefined : await needs.userIdOf(accountId);
    const ask = { purpose: 'recover' as const, browserId: request.browserId, email: attempt.email, accountId };
    const passkey = userId && (await authenticators.passkeys.creationOptions({ ...ask, userId }));
    const { page } = request;
    const belongings = keepTicks(request, await needs.belongings(attempt));
    return reply.page(passwordPage({ page, attempt, belongings, passkey: passkey || undefined, minimum, error }));
  };

  const newWay = async (
    request: FastifyRequest,
    attempt: Attempt,
    userId: string | undefined,
  ): Promise<NewWay | Problem> => {
    const { new_password: password = '', credential = '' } = request.body as Fields;
    const { t } = request.page;
    if (credential) {
      const { browserId } = request;
      const userAgent = request.headers['user-agent'];
      const answer = { purpose: 'recover' as const, browserId, credential, userAgent };
      const made = await authenticators.passkeys.verifyCreation(answer);
      // The challenge was made for one account; another attempt may have begun in this browser since.
      if (made && made.userId === userId) return { passkey: made.passkey };
      return { text: t('recovery.password.passkeyFailed') };
    }
    const problem = authenticators.checkPassword(password, wordsOf(attempt.email));
    if (problem) return { field: 'new_password', text: t(problem.key, problem.values) };
    // Whoever has come so far has proven who they are: nothing that others do counts against them.
    const asker = { account: attempt.id, network: here.from(request).network, known: true };
    return { password: await authenticators.hashPassword(password, asker) };
  };

  app.get('/recover/password', async (request, reply) => {
    const found = await ready(request, reply);
    return found ? show(request, reply, found) : reply;
  });

  app.post('/recover/password', actsForNobody, async (request, reply) => {
    const found = await ready(request, reply);
    if (!found) return reply;
    const { attempt, accountId } = found;
    const way = await newWay(request, attempt, await needs.userIdOf(accountId));
    if ('text' in way) return show(request, reply, found, way);
    const fields = request.body as Fields;
    const ending = {
      dropSecondStep: fields.drop === 'yes',
      sessions: fields.sessions === 'yes',
      remove: (await needs.belongings(attempt)).filter((one) => fields[fieldOf(one)] === 'yes'),
    };
    if (!(await recovery.finish(attempt, request.browserId, way, ending))) {
      const now = await recovery.current(request.browserId);
      if (now?.status === 'done') return reply.redirect('/recover/done', 303);
      if (now?.mayFinish)
        return show(request, reply, found, { text: request.page.t('recovery.password.passkeyFailed') });
      return reply.page(deadLinkPage({ page: request.page }));
    }
    writeFlow(reply, { ...readFlow(request), email: attempt.email });
    return reply.redirect('/recover/done', 303);
  });

  app.get('/recover/done', async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    if (attempt.status !== 'done') return reply.redirect('/recover/choose', 303);
    return reply.page(donePage({ page: request.page, attempt }));
  });

  const byToken = async (request: FastifyRequest) => {
    const { token } = request.params as { token: string };
    const attempt = await recovery.findByFinishToken(token);
    if (!attempt) throw new AppError('not_found', 'There is no such link.');
    return { token, attempt };
  };

  app.get('/recover/finish/:token', async (request, reply) => {
    const { token, attempt } = await byToken(request);
    const { page } = request;
    if (attempt.status !== 'ready') return reply.page(deadLinkPage({ page }));
    return reply.page(finishLinkPage({ page, token, email: attempt.email }));
  });

  app.post('/recover/finish/:token', actsForNobody, async (request, reply) => {
    const { token } = await byToken(request);
    if (!(await recovery.takeUp(token, request.browserId))) return reply.page(deadLinkPage({ page: request.page }));
    return reply.redirect('/recover/password', 303);
  });
}
