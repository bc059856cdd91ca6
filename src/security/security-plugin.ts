import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import type { SignedIn, Signin } from '../signin/signin.ts';
import { type Change, changeMail } from './security-mail.ts';
import { addPasskeyPage, appPage, passkeyPage, passwordPage, removeAppPage, securityPage } from './security-pages.tsx';
import { registerSessionPages } from './session-plugin.ts';

type Fields = { [name: string]: string | undefined };

export type SecurityNeeds = {
  authenticators: Authenticators;
  tell: Addresses['tell'];
  signin: Signin;
  userIdOf(accountId: AccountId): Promise<string | undefined>;
};

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
    const { done } = request.query as { done?: unknown };
    return reply.page(securityPage({ page: request.page, methods, passkeys, done }));
  });

  registerPasskeys(app, needs, changed);
  registerPassword(app, needs, changed);
  registerApp(app, needs, changed);
  registerSessionPages(app, signin);
}

type Changed = (request: FastifyRequest, reply: FastifyReply, owner: SignedIn, change: Change) => Promise<FastifyReply>;

function registerPasskeys(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;

  const showAdd = async (request: FastifyRequest, reply: FastifyReply, { current }: SignedIn, error?: string) => {
    const { accountId, email } = current;
    const userId = await needs.userIdOf(accountId);
    if (!userId) throw new AppError('not_found', 'The account is gone.');
    const ask = { purpose: 'add' as const, browserId: request.browserId, email, userId, accountId };
    const options = await authenticators.passkeys.creationOptions(ask);
    return reply.page(addPasskeyPage({ page: request.page, options, error }));
  };

  app.get('/security/passkeys/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    return owner ? showAdd(request, reply, owner) : reply;
  });

  app.post('/security/passkeys/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const made = await authenticators.passkeys.verifyCreation({
      purpose: 'add',
      browserId: request.browserId,
      credential: (request.body as Fields).credential ?? '',
      userAgent: request.headers['user-agent'],
    });
    // The challenge was made for one account; another tab may have switched to a different one since.
    const forThisAccount = made && made.userId === (await needs.userIdOf(accountId));
    if (forThisAccount && (await authenticators.addPasskey(accountId, made.passkey))) {
      return changed(request, reply, owner, 'passkeyAdded');
    }
    return showAdd(request, reply, owner, request.page.t('security.passkey.failed'));
  });

  const findOwn = async ({ current }: SignedIn, request: FastifyRequest) => {
    const { id } = request.params as { id: string };
    const passkey = (await authenticators.listPasskeys(current.accountId)).find((one) => one.id === id);
    if (!passkey) throw new AppError('not_found', 'There is no such passkey.');
    return passkey;
  };

  app.get('/security/passkeys/:id', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const methods = await authenticators.methodsOf(owner.current.accountId);
    return reply.page(passkeyPage({ page: request.page, passkey: await findOwn(owner, request), methods }));
  });

  app.post('/security/passkeys/:id', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const passkey = await findOwn(owner, request);
    const { action, name = '' } = request.body as Fields;
    if (action !== 'remove') {
      await authenticators.renamePasskey(accountId, passkey.id, name);
      return reply.redirect('/security', 303);
    }
    if (await authenticators.removePasskey(accountId, passkey.id)) {
      return changed(request, reply, owner, 'passkeyRemoved');
    }
    const methods = await authenticators.methodsOf(accountId);
    const error = request.page.t('security.passkey.last');
    return reply.page(passkeyPage({ page: request.page, passkey, methods, error }));
  });
}

function registerPassword(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;

  app.get('/security/password', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { password } = await authenticators.methodsOf(owner.current.accountId);
    return reply.page(passwordPage({ page: request.page, email: owner.current.email, exists: password }));
  });

  app.post('/security/password', async (request, reply) => {
    // E8: the proof asked for the current password, or for a passkey, at most five minutes ago.
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    const { new_password: password = '', others } = request.body as Fields;
    const problem = authenticators.checkPassword(password, ['latchkey', ...email.split(/[^\p{L}\p{N}]+/u)]);
    if (problem) {
      const exists = (await authenticators.methodsOf(accountId)).password;
      const error = request.page.t(problem.key, problem.values);
      return reply.page(passwordPage({ page: request.page, email, exists, error }));
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
