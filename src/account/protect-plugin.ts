import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Authenticators, wordsOf } from '../authenticators/authenticators.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { Random } from '../random.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Account, Accounts } from './account.ts';
import { existsPage, protectPage } from './account-pages.tsx';
import type { Signup } from './signup.ts';

/** `Session` is whatever `startSession` gives and `afterSignIn` takes: this room does not know sessions. */
export type ProtectNeeds<Session> = {
  signup: Signup;
  accounts: Pick<Accounts, 'findByEmail'>;
  authenticators: Authenticators;
  random: Random;
  startSession(request: FastifyRequest, accountId: AccountId, methods: ('pwd' | 'passkey')[]): Promise<Session>;
  afterSignIn(done: { request: FastifyRequest; reply: FastifyReply; session: Session }): Promise<string>;
};

/** A confirmed address, with how its account will sign in. */
type Confirmed = { id: string; email: string };
type Method = {
  name: 'pwd' | 'passkey';
  passkeyUserId?: string;
  save(account: Account, transaction: DatabaseTransaction): Promise<unknown>;
};
type Problem = { field?: string; text: string };

/** The last step of signing up: the first authenticator, and with it the account. */
export function registerProtect<Session>(app: FastifyInstance, needs: ProtectNeeds<Session>): void {
  const { signup, authenticators } = needs;

  const findConfirmed = async (request: FastifyRequest): Promise<Confirmed | undefined> => {
    const { email } = readFlow(request);
    return email ? signup.findConfirmed({ email, browserId: request.browserId }) : undefined;
  };

  const show = async (request: FastifyRequest, reply: FastifyReply, { email }: Confirmed, error?: Problem) => {
    const passkey = await authenticators.passkeys.creationOptions({
      purpose: 'sign-up',
      browserId: request.browserId,
      email,
      userId: needs.random.token(64),
    });
    return reply.page(
      protectPage({ page: request.page, email, passkey, minimum: authenticators.passwordMinimum, error }),
    );
  };

  const withPasskey = async (request: FastifyRequest, credential: string): Promise<Method | Problem> => {
    const made = await authenticators.passkeys.verifyCreation({
      purpose: 'sign-up',
      browserId: request.browserId,
      credential,
      userAgent: request.headers['user-agent'],
    });
    if (!made) return { text: request.page.t('account.protect.passkeyFailed') };
    const save: Method['save'] = (account, trx) =>
      authenticators.addPasskey(account.id, made.passkey, trx, account.createdAt);
    return { name: 'passkey', passkeyUserId: made.userId, save };
  };

  const withPassword = async (request: FastifyRequest, email: string, password: string): Promise<Method | Problem> => {
    const problem = authenticators.checkPassword(password, wordsOf(email));
    if (problem) return { field: 'password', text: request.page.t(problem.key, problem.values) };
    const hashed = await authenticators.hashPassword(password, {
      ...{ account: email, network: networkOf(request.ip), known: false },
    });
    return { name: 'pwd', save: (account, trx) => authenticators.savePassword(account.id, hashed, trx) };
  };

  app.get('/signup/protect', async (request, reply) => {
    const confirmed = await findConfirmed(request);
    return confirmed ? show(request, reply, confirmed) : reply.redirect('/signup/confirm', 303);
  });

  app.post('/signup/protect', actsForNobody, async (request, reply) => {
    const confirmed = await findConfirmed(request);
    if (!confirmed) return reply.redirect('/signup/confirm', 303);
    const { credential = '', password = '' } = request.body as { credential?: string; password?: string };
    const method = credential
      ? await withPasskey(request, credential)
      : await withPassword(request, confirmed.email, password);
    if ('text' in method) return show(request, reply, confirmed, method);

    const { name, passkeyUserId, save } = method;
    const details = { locale: request.page.locale, ...(passkeyUserId ? { passkeyUserId } : {}) };
    const account = await signup.finish(confirmed, details, save);
    if (!account) return refuse(request, reply, confirmed);
    const session = await needs.startSession(request, account.id, [name]);
    const { email: _done, ...flow } = readFlow(request);
    writeFlow(reply, flow);
    return reply.redirect(await needs.afterSignIn({ request, reply, session }), 303);
  });

  const refuse = async (request: FastifyRequest, reply: FastifyReply, confirmed: Confirmed) => {
    if (await needs.accounts.findByEmail(confirmed.email)) return reply.page(existsPage({ page: request.page }));
    // G3: some account has that passkey already; whose it is, is not told.
    return show(request, reply, confirmed, { text: request.page.t('account.protect.passkeyFailed') });
  };
}
