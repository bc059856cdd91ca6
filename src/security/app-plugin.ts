import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccountId } from '../ids.ts';
import { appPage, removeAppPage } from './app-pages.tsx';
import type { Changed, SecurityNeeds } from './security-needs.ts';

type Fields = { [name: string]: string | undefined };

/** The authenticator app: it counts once a code of it has been entered. */
export function registerApp(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;

  const showRemove = async (request: FastifyRequest, reply: FastifyReply, accountId: AccountId) => {
    const mayGo = await authenticators.secondStepMayGo(accountId);
    const { keys, off } = await authenticators.methodsOf(accountId);
    return reply.page(removeAppPage({ page: request.page, mayGo, passwordStays: keys === 0, lost: off?.app ?? false }));
  };

  app.get('/security/app', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply, { settingUp: true });
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const methods = await authenticators.methodsOf(accountId);
    if (methods.app) return showRemove(request, reply, accountId);
    // A second step for a password: without one it would only be in the way.
    if (!methods.password) return reply.redirect('/security', 303);
    return reply.page(appPage({ page: request.page, setup: authenticators.beginApp(accountId, email) }));
  });

  app.post('/security/app', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply, { settingUp: true });
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const { action, setup: sealed = '', code = '' } = request.body as Fields;
    if (action === 'remove') {
      const removed = await authenticators.removeApp(accountId);
      if (removed) return changed(request, reply, owner, 'appRemoved');
      const { app: stays } = await authenticators.methodsOf(accountId);
      return stays ? showRemove(request, reply, accountId) : reply.redirect('/security', 303);
    }
    if (action === 'resume') {
      if (await authenticators.resume(accountId, 'app')) return changed(request, reply, owner, 'appResumed', 'app');
      return reply.redirect('/security', 303);
    }
    const resumed = authenticators.resumeApp(accountId, sealed, email);
    if (resumed && (await authenticators.finishApp(accountId, resumed, code))) {
      return changed(request, reply, owner, 'appAdded');
    }
    const setup = resumed ?? authenticators.beginApp(accountId, email);
    const error = request.page.t(resumed ? 'security.app.wrong' : 'security.app.expired');
    return reply.page(appPage({ page: request.page, setup, error }));
  });
}
