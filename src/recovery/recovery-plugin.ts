import type { FastifyInstance, FastifyRequest } from 'fastify';
import { normaliseEmail } from '../email.ts';
import { AppError } from '../errors.ts';
import { networkOf } from '../limits/address.ts';
import { limitTable } from '../limits/limit-table.ts';
import { readFlow } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Attempt } from './attempt.ts';
import { registerFinish } from './finish-plugin.ts';
import type { Here, RecoveryPageNeeds } from './here.ts';
import { type Way, ways } from './kinds.ts';
import { registerLost } from './lost-plugin.ts';
import { choosePage, codePage, deadLinkPage, linkPage, startPage, textPage } from './recovery-pages.tsx';
import { lastDigitsAsked } from './sending.ts';

type Fields = { [name: string]: string | undefined };

export async function recoveryPlugin(app: FastifyInstance, needs: RecoveryPageNeeds): Promise<void> {
  const { recovery, limits, places } = needs;
  const here: Here = {
    from: (request) => ({
      browserId: request.browserId,
      network: networkOf(request.ip),
      userAgent: request.headers['user-agent'],
      country: places.countryOf(request.headers),
    }),
    async require(request, reply) {
      const attempt = await recovery.current(request.browserId);
      if (attempt) return attempt;
      await reply.redirect('/recover', 303);
      return undefined;
    },
  };

  app.get('/recover', async (request, reply) => {
    const { email } = readFlow(request);
    return reply.page(startPage({ page: request.page, email }));
  });

  app.post('/recover', actsForNobody, async (request, reply) => {
    const typed = (request.body as Fields).email ?? '';
    const email = normaliseEmail(typed);
    if (!email) {
      const error = request.page.t(typed.trim() === '' ? 'recovery.start.missing' : 'recovery.start.malformed');
      return reply.page(startPage({ page: request.page, email: typed.slice(0, 254), error }));
    }
    const from = here.from(request);
    // A browser in which the account has signed in waits for nobody but itself (E10, fault B4).
    const known = [
      request.signedIn?.current,
      ...(request.signedIn?.others ?? []),
      ...(await needs.signin.remembered(request)),
    ];
    const isOwn = known.some((one) => one?.email === email);
    const check = isOwn
      ? { key: `recovery-begun-own:${request.browserId}`, limit: limitTable.recoveriesOfOwner }
      : { key: `recovery-begun:${from.network}`, limit: limitTable.recoveriesOfNetwork };
    const turn = await limits.inOrder([check]);
    if (!turn.allowed) throw new AppError('too_many_tries', 'Too many attempts from one network.', turn);
    await recovery.begin(email, from);
    return reply.redirect('/recover/choose', 303);
  });

  registerWays(app, needs, here);
  registerLink(app, needs, here);
  registerFinish(app, needs, here);
  registerLost(app, needs, here);
}

/** Where an attempt is, as the page to go to. */
function pageOf(attempt: Attempt): string {
  if (attempt.mayFinish) return '/recover/password';
  if (attempt.status === 'done') return '/recover/done';
  return attempt.status === 'open' ? '/recover/choose' : '/recover/lost';
}

function registerWays(app: FastifyInstance, needs: RecoveryPageNeeds, here: Here): void {
  const { recovery, sending } = needs;

  const wayOf = (request: FastifyRequest, attempt: Attempt): Way => {
    const { way } = request.query as Fields;
    const known = ways.find((one) => one === way);
    if (!known || !recovery.offers(attempt, known)) throw new AppError('not_found', 'There is no such way back.');
    return known;
  };

  const boxOf = (way: Way) => (way === 'text' ? needs.textbox : needs.mailbox);

  app.get('/recover/choose', async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    const next = pageOf(attempt);
    if (next !== '/recover/choose') return reply.redirect(next, 303);
    const keyOptions = await recovery.keyOptions(attempt, request.browserId);
    return reply.page(choosePage({ page: request.page, attempt, keyOptions }));
  });

  app.post('/recover/choose', actsForNobody, async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    const { way, digits = '', again } = request.body as Fields;
    if ((way !== 'email' && way !== 'text') || !recovery.offers(attempt, way))
      return reply.redirect('/recover/choose', 303);
    if (way === 'email') {
      await sending.mail(attempt, request.page, here.from(request));
      return reply.redirect(`/recover/code?way=email${again ? '&again=1' : ''}`, 303);
    }
    const last = digits.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15)).trim();
    if (last.length !== lastDigitsAsked || !/^\d+$/.test(last))
      return reply.page(textPage({ page: request.page, error: request.page.t('recovery.text.malformed') }));
    await sending.text(attempt, last, request.page, here.from(request));
    return reply.redirect('/recover/code?way=text&sent=1', 303);
  });

  app.get('/recover/code', async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    if (attempt.status !== 'open') return reply.redirect(pageOf(attempt), 303);
    const { page, query } = request;
    const { sent, again } = query as Fields;
    // The mail's link may have been opened in another tab since.
    if ((query as Fields).way === 'email' && attempt.proven.issued) return reply.redirect(pageOf(attempt), 303);
    const way = wayOf(request, attempt);
    if (way === 'key') return reply.redirect('/recover/choose', 303);
    if (way === 'text' && !sent) return reply.page(textPage({ page }));
    return reply.page(codePage({ page, attempt, way, resent: again !== undefined, mailbox: boxOf(way) }));
  });

  app.post('/recover/code', actsForNobody, async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    if (attempt.status !== 'open') return reply.redirect(pageOf(attempt), 303);
    if ((request.query as Fields).way === 'email' && attempt.proven.issued) return reply.redirect(pageOf(attempt), 303);
    const way = wayOf(request, attempt);
    const { code = '', credential = '' } = request.body as Fields;
    const typed = way === 'key' ? credential : code;
    const result = typed.trim()
      ? await recovery.prove(attempt, way, typed, here.from(request))
      : ({ ok: false, reason: 'missing' } as const);
    if (result.ok) {
      const now = await recovery.current(request.browserId);
      return reply.redirect(now ? pageOf(now) : '/recover', 303);
    }
    if (result.reason === 'too-many')
      throw new AppError('too_many_tries', 'Too many codes were tried.', {
        ...{ retryAt: result.retryAt ?? 0, way: result.way },
      });
    const error = request.page.t(`recovery.code.${result.reason}`);
    return reply.page(
      codePage({ page: request.page, attempt, way: way === 'key' ? 'app' : way, resent: false, error }),
    );
  });
}

function registerLink(app: FastifyInstance, { recovery }: RecoveryPageNeeds, here: Here): void {
  app.get('/recover/link/:token', async (request, reply) => {
    const { token } = request.params as { token: string };
    const { page } = request;
    const link = await recovery.findLink(token, request.browserId);
    if (!link?.live) return reply.page(deadLinkPage({ page }));
    return reply.page(linkPage({ page, token, email: link.attempt.email, sameBrowser: link.sameBrowser }));
  });

  app.post('/recover/link/:token', actsForNobody, async (request, reply) => {
    const { token } = request.params as { token: string };
    const proven = await recovery.proveByLink(token, here.from(request));
    if (!proven) {
      // Pressed twice, the second press finds the link used and goes where the first one went.
      const attempt = await recovery.current(request.browserId);
      if (!attempt?.proven.issued) return reply.page(deadLinkPage({ page: request.page }));
    }
    return reply.redirect('/recover/choose', 303);
  });
}
