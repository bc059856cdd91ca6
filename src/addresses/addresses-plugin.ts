import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { addressesPage, addressPage } from './addresses-pages.tsx';
import { type AddressesNeeds, createAsk, type Owner } from './asking.ts';
import { registerConfirm } from './confirm-plugin.ts';
import { registerNew } from './new-plugin.ts';
import { goneUndoPage, undonePage, undoPage } from './undo-pages.tsx';

export type AddressesPluginNeeds = AddressesNeeds;

/** Where the owner can be reached. Looking needs a session, changing a fresh proof (E38), and every address hears of it. */
export async function addressesPlugin(app: FastifyInstance, needs: AddressesPluginNeeds): Promise<void> {
  const { addresses } = needs;
  const ask = createAsk(needs);

  app.get('/security/addresses', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const { done } = request.query as { done?: unknown };
    const listed = await addresses.list(accountId);
    return reply.page(addressesPage({ page: request.page, own: email, listed, texts: addresses.texts, done }));
  });

  registerNew(app, needs, ask);
  registerConfirm(app, needs, ask);
  registerUndo(app, needs);

  /** Another account's address is as unknown as one that never was (F12). */
  const findOwn = async ({ current }: Owner, request: FastifyRequest) => {
    const { id } = request.params as { id: string };
    const found = (await addresses.list(current.accountId)).find((one) => one.id === id);
    if (!found) throw new AppError('not_found', 'There is no such address.');
    return found;
  };

  app.get('/security/addresses/:id', async (request, reply) => {
    const owner = await needs.requireFreshProof(request, reply);
    return owner ? reply.page(addressPage({ page: request.page, address: await findOwn(owner, request) })) : reply;
  });

  app.post('/security/addresses/:id', async (request, reply) => {
    const owner = await needs.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { id, kind } = await findOwn(owner, request);
    if ((request.body as { action?: string }).action === 'resume') {
      await addresses.resume(owner.current.accountId, id, owner.sessionId);
      return reply.redirect('/security/addresses?done=phoneResumed', 303);
    }
    await addresses.remove(owner.current.accountId, id, owner.sessionId);
    return reply.redirect(`/security/addresses?done=${kind}Removed`, 303);
  });
}

/** What the mail about a changed address leads to. Signed in or not: its reader may have been locked out. */
function registerUndo(app: FastifyInstance, needs: AddressesNeeds): void {
  const { addresses } = needs;
  const tokenOf = (request: FastifyRequest): string => (request.params as { token: string }).token;

  app.get('/security/email/undo/:token', async (request, reply) => {
    const { page } = request;
    const change = await addresses.findUndo(tokenOf(request));
    if (change?.state === 'possible') return reply.page(undoPage({ page, change, token: tokenOf(request) }));
    if (change?.state === 'done') return reply.page(undonePage({ page, change }));
    return reply.page(goneUndoPage({ page, taken: change?.state === 'taken' }));
  });

  app.post('/security/email/undo/:token', actsForNobody, async (request: FastifyRequest, reply: FastifyReply) => {
    const undone = await addresses.undoEmail(tokenOf(request), 'mailbox');
    if (undone) await needs.endOtherSessions(request, undone);
    // The page there looks again, and so tells the truth for a first press, a second one and an unknown token.
    return reply.redirect(`/security/email/undo/${encodeURIComponent(tokenOf(request))}`, 303);
  });
}
