import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actsForNobody } from '../web/shown-for.ts';
import { maskAddress } from './addresses.ts';
import { type AddressesNeeds, type Ask, askerOf } from './asking.ts';
import { confirmPage, linkPage, linkProblemPage } from './confirm-pages.tsx';
import type { ConfirmationLink, Outcome, Pending } from './confirmations.ts';
import type { Purpose } from './confirmations-store.ts';

/** Where an address turns out to be theirs: by the code, in the session that asked, or by a mail's link anywhere. */
export function registerConfirm(app: FastifyInstance, needs: AddressesNeeds, ask: Ask): void {
  const { confirmations } = needs.addresses;

  const findOwn = async (request: FastifyRequest, reply: FastifyReply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return undefined;
    const { id } = request.params as { id: string };
    const pending = await confirmations.find(id, askerOf(owner));
    if (pending?.state === 'waiting') return { owner, pending };
    await reply.redirect(pending ? donePath(pending.purpose) : '/security/addresses', 303);
    return undefined;
  };

  const show = (request: FastifyRequest, reply: FastifyReply, pending: Pending, error?: string) => {
    const resent = (request.query as { resent?: string }).resent !== undefined;
    const mailbox = pending.purpose === 'phone' ? needs.textbox : needs.mailbox;
    return reply.page(confirmPage({ page: request.page, pending, mailbox, resent, error }));
  };

  app.get('/security/addresses/confirm/:id', async (request, reply) => {
    const found = await findOwn(request, reply);
    return found ? show(request, reply, found.pending) : reply;
  });

  app.get('/security/addresses/confirm/:id/state', async (request, reply) => {
    const owner = needs.signedIn(request);
    const { id } = request.params as { id: string };
    if (!owner) return needs.live.answer(request, reply, undefined);
    // Found anew each time: a session that ends meanwhile sees no more.
    const state = async () => (await confirmations.find(id, askerOf(owner)))?.state;
    return needs.live.answer(request, reply, { topic: confirmations.topicOf(owner.sessionId), state });
  });

  app.post('/security/addresses/confirm/:id', async (request, reply) => {
    const found = await findOwn(request, reply);
    if (!found) return reply;
    const { owner, pending } = found;
    const { action, code = '' } = request.body as { action?: string; code?: string };
    if (action === 'resend') {
      const asked = await ask(request, owner, pending.purpose, pending.value);
      if (asked.error !== undefined) return show(request, reply, pending, request.page.t(asked.error));
      return reply.redirect(`/security/addresses/confirm/${asked.id}?resent=1`, 303);
    }
    const outcome = code.trim() === '' ? 'missing' : await confirmations.confirmByCode(pending, code);
    if (outcome === 'confirmed') return reply.redirect(donePath(pending.purpose), 303);
    return show(request, reply, pending, request.page.t(errorKey(outcome, pending.purpose)));
  });

  const find = async (request: FastifyRequest): Promise<ConfirmationLink | undefined> => {
    const { token } = request.params as { token: string };
    const owner = needs.signedIn(request);
    return confirmations.findLink(token, owner && askerOf(owner));
  };

  app.get('/security/addresses/link/:token', async (request, reply) => {
    const { token } = request.params as { token: string };
    const link = await find(request);
    const own = link && (await needs.findAccount(link.accountId))?.email;
    // Whoever opens it holds the mailbox, which says nothing yet about the account.
    const account = own ? maskAddress({ kind: 'email', value: own }) : '';
    return reply.page(linkPage({ page: request.page, link, account, token }));
  });

  app.post('/security/addresses/link/:token', actsForNobody, async (request, reply) => {
    const { token } = request.params as { token: string };
    const outcome = await confirmations.confirmByLink(token);
    if (outcome === 'full' || outcome === 'taken')
      return reply.page(linkProblemPage({ page: request.page, problem: outcome }));
    const link = await find(request);
    if (outcome === 'confirmed' && link?.sameSession) return reply.redirect(donePath(link.purpose), 303);
    return reply.redirect(`/security/addresses/link/${encodeURIComponent(token)}`, 303);
  });
}

function donePath(purpose: Purpose): string {
  return `/security/addresses?done=${purpose === 'own' ? 'ownChanged' : `${purpose}Added`}`;
}

function errorKey(outcome: Outcome | 'missing', purpose: Purpose): string {
  if (outcome === 'full' || outcome === 'taken') return `addresses.confirm.${outcome}`;
  const by = purpose === 'phone' ? 'phone' : 'email';
  return `addresses.confirm.${outcome}.${by}`;
}
