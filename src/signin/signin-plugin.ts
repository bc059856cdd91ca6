import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normaliseEmail } from '../account/account.ts';
import { minutes } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { secondPress } from './sessions.ts';
import type { AfterSignIn, Method, Signin } from './signin.ts';
import { codePage, type FieldError, passwordPage, signinPage } from './signin-pages.tsx';
import type { UnknownPasskey } from './steps.ts';

type Fields = { [name: string]: string | undefined };

/** Between the password and the code: whose password it was, in this browser, for ten minutes. */
const halfway = minutes(10);

export async function signinPlugin(
  app: FastifyInstance,
  needs: { signin: Signin; ephemeral: Ephemeral; afterSignIn: AfterSignIn },
): Promise<void> {
  const { signin, ephemeral } = needs;
  const halfwayKey = (request: FastifyRequest): string => `signin-halfway:${request.browserId}`;

  const showStart = async (
    request: FastifyRequest,
    reply: FastifyReply,
    email?: string,
    error?: FieldError,
    unknown?: UnknownPasskey,
  ) => {
    const passkey = await signin.passkeyOptions(request);
    const linking = readFlow(request).userCode !== undefined;
    return reply.page(signinPage({ page: request.page, email, passkey, linking, error, unknown }));
  };

  const finish = async (request: FastifyRequest, reply: FastifyReply, accountId: AccountId, methods: Method[]) => {
    const session = await signin.start(request, accountId, methods);
    const { email: _done, ...flow } = readFlow(request);
    writeFlow(reply, flow);
    return reply.redirect(await needs.afterSignIn({ request, reply, session }), 303);
  };

  /**
   * A form that came without what the steps before it left: too late, or pressed twice. Then the first press has signed
   * them in, and they go where it went.
   */
  const astray = async (request: FastifyRequest, reply: FastifyReply) => {
    const session = request.signedIn;
    const pressedTwice = session && request.server.web.clock.now() - session.current.signedInAt <= secondPress;
    return reply.redirect(pressedTwice ? await needs.afterSignIn({ request, reply, session }) : '/signin', 303);
  };

  app.get('/signin', async (request, reply) => {
    const { login_hint: hint } = request.query as { login_hint?: unknown };
    const hinted = typeof hint === 'string' ? normaliseEmail(hint) : undefined;
    return showStart(request, reply, hinted ?? readFlow(request).email);
  });

  app.post('/signin', async (request, reply) => {
    const typed = (request.body as Fields).email ?? '';
    const email = normaliseEmail(typed);
    if (!email) {
      const key = typed.trim() === '' ? 'signin.email.missing' : 'signin.email.malformed';
      return showStart(request, reply, typed.slice(0, 254), { field: 'email', text: request.page.t(key) });
    }
    writeFlow(reply, { ...readFlow(request), email });
    return reply.redirect('/signin/password', 303);
  });

  app.post('/signin/passkey', async (request, reply) => {
    const { credential = '' } = request.body as Fields;
    const result = await signin.checkPasskey(request, credential);
    if (result.ok) return finish(request, reply, result.accountId, ['passkey']);
    const error = { text: wordsFor(request, result) };
    return showStart(request, reply, readFlow(request).email, error, result.unknown);
  });

  app.get('/signin/password', async (request, reply) => {
    const { email } = readFlow(request);
    if (!email) return reply.redirect('/signin', 303);
    return reply.page(passwordPage({ page: request.page, email }));
  });

  app.post('/signin/password', async (request, reply) => {
    const { email } = readFlow(request);
    if (!email) return astray(request, reply);
    const result = await signin.checkPassword(request, email, (request.body as Fields).password ?? '');
    if (!result.ok) {
      const error = { field: 'password', text: wordsFor(request, result) };
      return reply.page(passwordPage({ page: request.page, email, error }));
    }
    if (!result.codeNeeded) return finish(request, reply, result.accountId, ['pwd']);
    await ephemeral.set(halfwayKey(request), JSON.stringify({ accountId: result.accountId, email }), halfway);
    return reply.redirect('/signin/code', 303);
  });

  app.get('/signin/code', async (request, reply) => {
    const half = await ephemeral.get(halfwayKey(request));
    if (!half) return reply.redirect('/signin', 303);
    const { email } = JSON.parse(half) as { email: string };
    return reply.page(codePage({ page: request.page, email }));
  });

  app.post('/signin/code', async (request, reply) => {
    const half = await ephemeral.get(halfwayKey(request));
    if (!half) return astray(request, reply);
    const { accountId, email } = JSON.parse(half) as { accountId: AccountId; email: string };
    const result = await signin.checkCode(request, accountId, (request.body as Fields).code ?? '');
    if (!result.ok) {
      const error = { field: 'code', text: wordsFor(request, result) };
      return reply.page(codePage({ page: request.page, email, error }));
    }
    await ephemeral.remove(halfwayKey(request));
    return finish(request, reply, accountId, ['pwd', 'otp']);
  });
}

/** The words of a failure; waiting has a page of its own with the clock time. */
function wordsFor(request: FastifyRequest, { error, retryAt }: { error: string; retryAt?: number }): string {
  if (retryAt !== undefined) throw new AppError('too_many_tries', 'Signing in is throttled.', { retryAt });
  return request.page.t(error);
}
