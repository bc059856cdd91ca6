import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { wordsOf } from '../authenticators/authenticators.ts';
import type { SignedIn } from '../signin/signin.ts';
import { registerPasskeys } from './passkey-plugin.ts';
import { type Change, changeMail } from './security-mail.ts';
import type { Changed, SecurityNeeds } from './security-needs.ts';
import { appPage, passwordPage, removeAppPage, securityPage } from './security-pages.tsx';
import { registerSessionPages } from './session-plugin.ts';

type Fields = { [name: string]: string | undefined };

/** Ways to sign in. Looking needs a session, changing needs a fresh proof (E38), and every change sends a mail (E29). */
export async function securityPlugin(app: FastifyInstance, needs: SecurityNeeds): Promise<void> {
  const { authenticators, signin } = needs;

  const changed = async (_request: FastifyRequest, reply: FastifyReply, { current }: SignedIn, change: Change) => {
    // The change is made and recorded; a mail that fails does not make it look undone.
    await needs.tell(current.accountId, (reader) => changeMail(reader, change));
    return reply.redirect(`/security?done=${change}`, 303);
  };

  app.get('/security', async (request, reply) => {
    const owner = await signin.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const methods = await authenticators.methodsOf(accountId);
    const passkeys = await authenticators.listPasskeys(accountId);
    const keys = await authenticators.listKeys(accountId);
    const signals = await authenticators.passkeys.signals(accountId);
    const { done } = request.query as { done?: unknown };
    return reply.page(securityPage({ page: request.page, methods, passkeys, keys, signals, done }));
  });

  registerPasskeys(app, needs, changed);
  registerPassword(app, needs, changed);
  registerApp(app, needs, changed);
  registerSessionPages(app, signin);
}

function registerPassword(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;
  const minimum = authenticators.passwordMinimum;

  app.get('/security/password', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { password } = await authenticators.methodsOf(owner.current.accountId);
    const { email } = owner.current;
    return reply.page(passwordPage({ page: request.page, email, exists: password, minimum }));
  });

  app.post('/security/password', async (request, reply) => {
    // E8: the proof asked for the current password, or for a passkey, at most five minutes ago.
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const { new_password: password = '', others } = request.body as Fields;
    const problem = authenticators.checkPassword(password, wordsOf(email));
    if (problem) {
      const exists = (await authenticators.methodsOf(accountId)).password;
      const error = request.page.t(problem.key, problem.values);
      return reply.page(passwordPage({ page: request.page, email, exists, minimum, error }));
    }
    await authenticators.setPassword(accountId, password);
    // F9: whoever knew the old password may be signed in with it.
    if (others === 'yes') await signin.endSessionsOf(accountId, owner.sessionId);
    return changed(request, reply, owner, 'passwordChanged');
  });
}

function registerApp(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;

  app.get('/security/app', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const methods = await authenticators.methodsOf(accountId);
    if (methods.app) return reply.page(removeAppPage({ page: request.page }));
    // A second step for a password: without one it would only be in the way.
    if (!methods.password) return reply.redirect('/security', 303);
    return reply.page(appPage({ page: request.page, setup: authenticators.beginApp(accountId, email) }));
  });

  app.post('/security/app', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const { action, setup: sealed = '', code = '' } = request.body as Fields;
    if (action === 'remove') {
      const removed = await authenticators.removeApp(accountId);
      return removed ? changed(request, reply, owner, 'appRemoved') : reply.redirect('/security', 303);
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
