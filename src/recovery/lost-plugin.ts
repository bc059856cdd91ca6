import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccountId } from '../ids.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Here, RecoveryPageNeeds } from './here.ts';
import { cancelledPage, cancelPage, lostPage, tooYoungPage } from './lost-pages.tsx';
import { waitTime } from './recovery.ts';
import { deadLinkPage } from './recovery-pages.tsx';
import { fieldOf, reportPage } from './report-pages.tsx';

type Fields = { [name: string]: string | undefined };

/** When everything is lost: the waiting period, its end by the owner, and saying that something was lost. */
export function registerLost(app: FastifyInstance, needs: RecoveryPageNeeds, here: Here): void {
  const { recovery, signin, clock } = needs;

  const show = (request: FastifyRequest, attempt: Awaited<ReturnType<typeof recovery.current>>, tooOften = false) =>
    lostPage({
      page: request.page,
      attempt,
      waitHours: waitTime / 3_600_000,
      endsAt: clock.now() + waitTime,
      tooOften,
    });

  app.get('/recover/lost', async (request, reply) =>
    reply.page(show(request, await recovery.current(request.browserId))),
  );

  app.post('/recover/lost', actsForNobody, async (request, reply) => {
    const attempt = await here.require(request, reply);
    if (!attempt) return reply;
    const { action } = request.body as Fields;
    if (action === 'stop' && attempt.accountId) await recovery.cancel(attempt.accountId, 'mailbox', attempt.id);
    const started = action === 'wait' && attempt.status === 'open' ? await recovery.wait(attempt) : undefined;
    if (action === 'wait' && !started && attempt.held && attempt.status === 'open' && !attempt.mayFinish)
      return reply.page(show(request, attempt, true));
    return reply.redirect('/recover/lost', 303);
  });

  // A browser that is signed in needs no further proof: stopping opens nothing.
  app.post('/recover/cancel', async (request, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    const { accountId } = signedIn.current;
    await recovery.cancel(accountId, signedIn.sessionId);
    // Fault A2: somebody who came in a few days ago must not keep the owner out, and nobody can tell them from the owner.
    if (await recovery.pending(accountId)) return reply.page(tooYoungPage({ page: request.page }));
    return reply.redirect('/recover/cancelled', 303);
  });

  app.get('/recover/cancelled', async (request, reply) => reply.page(cancelledPage({ page: request.page })));

  app.get('/recover/cancel/:token', async (request, reply) => {
    const { token } = request.params as { token: string };
    const attempt = await recovery.findByCancelToken(token);
    const { page } = request;
    if (attempt?.status === 'cancelled') return reply.page(cancelledPage({ page }));
    if (attempt?.status === 'disowned') return reply.page(cancelledPage({ page, disowned: true }));
    const done = attempt?.status === 'done';
    if (!attempt || !(done || attempt.status === 'waiting' || attempt.status === 'ready'))
      return reply.page(deadLinkPage({ page }));
    return reply.page(cancelPage({ page, token, email: attempt.email, done }));
  });

  app.post('/recover/cancel/:token', actsForNobody, async (request, reply) => {
    const { token } = request.params as { token: string };
    await recovery.cancelByToken(token);
    return reply.redirect(`/recover/cancel/${encodeURIComponent(token)}`, 303);
  });

  registerReport(app, needs, here);
}

function registerReport(app: FastifyInstance, needs: RecoveryPageNeeds, here: Here): void {
  const { recovery, signin } = needs;

  /** Whose account it is: of whoever has given a first proof here, or is signed in here, however long ago. */
  const reporter = async (request: FastifyRequest): Promise<{ accountId: AccountId; email: string } | undefined> => {
    const attempt = await recovery.current(request.browserId);
    if (attempt?.status === 'open' && attempt.held && attempt.accountId)
      return { accountId: attempt.accountId, email: attempt.email };
    const signedIn = await signin.read(request);
    return signedIn && { accountId: signedIn.current.accountId, email: signedIn.current.email };
  };

  app.get('/recover/report', async (request, reply) => {
    const { done: word } = request.query as Fields;
    const said = word === 'off' || word === 'signed-out' ? word : undefined;
    // The page after it says that nobody is signed in, which anybody can write into an address.
    const done = said === 'signed-out' && (await signin.here(request)).signedIn ? undefined : said;
    const who = await reporter(request);
    const things = who && !done ? await recovery.reportable(who.accountId) : [];
    return reply.page(reportPage({ page: request.page, email: who?.email, things, done }));
  });

  app.post('/recover/report', async (request, reply) => {
    const who = await reporter(request);
    if (!who) return reply.redirect('/recover/report', 303);
    const fields = request.body as Fields;
    const things = await recovery.reportable(who.accountId);
    const lost = things.filter(({ id }) => fields[fieldOf(id)] === 'yes').map(({ id }) => id);
    const { page } = request;
    // Pressed in a hurry, with nothing ticked, it would seem to have done what it has not.
    if (things.length > 0 && lost.length === 0)
      return reply.page(reportPage({ page, email: who.email, things, error: page.t('recovery.report.choose') }));
    const off = await recovery.reportLost(who.accountId, lost, fields.sessions === 'yes');
    if (off.length > 0) await needs.tellLost(who.accountId, here.from(request), off);
    const said = off.length > 0 ? '?done=off' : fields.sessions === 'yes' ? '?done=signed-out' : '';
    return reply.redirect(`/recover/report${said}`, 303);
  });
}
