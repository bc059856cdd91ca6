import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { proofError } from '../signin/proof-form.tsx';
import type { Signin } from '../signin/signin.ts';
import { localPath, readFlow } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { leave } from './leaving.ts';
import { accountsPage, provePage, signedOutPage, signInBegunPage, signOutPage } from './session-pages.tsx';

/** Where an account's own pages begin. */
const home = '/account';

/** What a person who is signed in does with the session: choose an account, prove it is them, sign out. */
export function registerSessionPages(app: FastifyInstance, signin: Signin): void {
  app.get('/accounts', async (request, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    return reply.page(accountsPage({ page: request.page, signedIn, next: nextOf(request.query) }));
  });

  app.post('/accounts', actsForNobody, async (request, reply) => {
    if (!(await signin.requireSignedIn(request, reply))) return reply;
    const { account, action } = request.body as { account?: string; action?: string };
    if (action === 'signout') return leaveHere(request, reply, account);
    if (!(await signin.switchTo(request, account as AccountId))) {
      throw new AppError('not_found', 'That account is not signed in in this browser.');
    }
    return reply.redirect(nextOf(request.body) ?? home, 303);
  });

  app.get('/signout', async (request, reply) => {
    const { page } = request;
    const { signedIn, settingUp, half } = await signin.here(request);
    if (signedIn) return reply.page(signOutPage({ page, signedIn }));
    const account = settingUp?.current.accountId;
    const email = settingUp?.current.email ?? half?.email;
    if (email === undefined) return reply.page(signedOutPage({ page }));
    return reply.page(signInBegunPage({ page, email, account, others: settingUp?.others.length ?? 0 }));
  });

  app.post('/signout', actsForNobody, async (request, reply) =>
    leaveHere(request, reply, (request.body as { account?: string }).account),
  );

  const leaveHere = async (request: FastifyRequest, reply: FastifyReply, account = 'all'): Promise<FastifyReply> => {
    await leave(signin, request, reply, account as AccountId | 'all');
    return reply.redirect(request.signedIn ? '/accounts' : '/signout', 303);
  };

  app.get('/prove', async (request, reply) => {
    if (!(await signin.requireSignedIn(request, reply, { settingUp: true }))) return reply;
    const options = await signin.proofOptions(request, wantedOf(request));
    return reply.page(provePage({ page: request.page, options, action: request.url, towards: towardsOf(request) }));
  });

  app.post('/prove', async (request, reply) => {
    if (!(await signin.requireSignedIn(request, reply, { settingUp: true }))) return reply;
    const next = nextOf(request.query) ?? home;
    const result = await signin.prove(request, wantedOf(request));
    if (result.ok) return reply.redirect(next, 303);
    const { retryAt } = result;
    if (retryAt !== undefined) throw new AppError('too_many_tries', 'Proofs are throttled.', { retryAt });
    const options = await signin.proofOptions(request, wantedOf(request));
    const error = proofError(request.page, result);
    const towards = towardsOf(request);
    return reply.page(provePage({ page: request.page, options, action: request.url, towards, error }));
  });
}

function nextOf(from: unknown): string | undefined {
  return localPath((from as { next?: unknown } | undefined)?.next);
}

/** The app that a proof is for, if it is for one. */
function towardsOf(request: FastifyRequest): string | undefined {
  const { next, app } = readFlow(request);
  return nextOf(request.query) === next ? app : undefined;
}

/** `acr` values, one of which an app wants the proof to reach. */
function wantedOf(request: FastifyRequest): string[] {
  const { acr } = request.query as { acr?: unknown };
  return typeof acr === 'string' ? acr.split(' ').filter(Boolean) : [];
}
