import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { twoStep, wordsOf } from '../authenticators/authenticators.ts';
import type { AccountId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { SignedIn } from '../signin/signin.ts';
import { readFlow } from '../web/flow.ts';
import { registerApp } from './app-plugin.ts';
import { registerCodes } from './code-plugin.ts';
import { registerPasskeys } from './passkey-plugin.ts';
import { type Change, tellChange } from './security-mail.ts';
import type { Changed, SecurityNeeds } from './security-needs.ts';
import { passwordPage, securityPage } from './security-pages.tsx';
import { registerSessionPages } from './session-plugin.ts';

type Fields = { [name: string]: string | undefined };

/** Ways to sign in. Looking needs a session, changing needs a fresh proof (E38), and every change sends a mail (E29). */
export async function securityPlugin(app: FastifyInstance, needs: SecurityNeeds): Promise<void> {
  const { authenticators, signin } = needs;

  const changed = async (
    request: FastifyRequest,
    reply: FastifyReply,
    owner: SignedIn,
    change: Change,
    ref?: string,
  ) => {
    const { current } = owner;
    // The change is made and recorded; a mail that fails does not make it look undone.
    await tellChange(needs, request, owner, change, ref);
    const { next, userCode } = readFlow(request);
    // They had to set it up before going on with what they came for.
    if ((next || userCode) && (await signin.settingUp(request))) return reply.redirect('/signin/setup', 303);
    const offer = (change === 'appAdded' || change === 'keyAdded') && (await lacksCodes(current.accountId));
    return reply.redirect(`${offer ? '/security/recovery-codes' : '/security'}?done=${change}`, 303);
  };

  const lacksCodes = async (accountId: AccountId): Promise<boolean> => {
    const methods = await authenticators.methodsOf(accountId);
    return twoStep(methods) && methods.recoveryCodes === 0;
  };

  app.get('/security', async (request, reply) => {
    const owner = await signin.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const methods = await authenticators.methodsOf(accountId);
    const passkeys = await authenticators.listPasskeys(accountId);
    const keys = await authenticators.listKeys(accountId);
    const signals = await authenticators.passkeys.signals(accountId);
    const savedCode = await authenticators.savedCode.has(accountId);
    const missing = await authenticators.secondStepMissing(accountId);
    const { done } = request.query as { done?: unknown };
    return reply.page(securityPage({ page: request.page, methods, passkeys, keys, signals, savedCode, missing, done }));
  });

  registerPasskeys(app, needs, changed);
  registerPassword(app, needs, changed);
  registerApp(app, needs, changed);
  registerCodes(app, needs);
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
    // Before, so that one that is done at this very moment does not replace the password that is set here.
    await needs.endRecoveries(accountId, owner.sessionId);
    const asker = { account: accountId, network: networkOf(request.ip), known: true };
    await authenticators.setPassword(accountId, password, asker);
    // F9: whoever knew the old password may be signed in with it.
    if (others === 'yes') {
      await signin.endSessionsOf(accountId, owner.sessionId, owner.sessionId);
      await signin.distrust(accountId, request.browserId, owner.sessionId);
    }
    return changed(request, reply, owner, 'passwordChanged');
  });
}
