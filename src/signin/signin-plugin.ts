import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normaliseEmail } from '../email.ts';
import type { AccountId } from '../ids.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { otherWaysPage, passkeyPage } from './other-pages.tsx';
import { registerSecondSteps } from './second-step-plugin.ts';
import type { AfterSignIn, Signin } from './signin.ts';
import { type FieldError, passwordPage, setupPage, signinPage } from './signin-pages.tsx';
import type { UnknownPasskey } from './steps.ts';
import { createWayIn, pathOf, type WayIn, wordsFor } from './way-in.ts';

type Fields = { [name: string]: string | undefined };

export async function signinPlugin(
  app: FastifyInstance,
  needs: { signin: Signin; afterSignIn: AfterSignIn },
): Promise<void> {
  const { signin } = needs;
  const way = createWayIn(needs);
  registerStart(app, signin);
  registerPassword(app, signin, way);
  registerPasskey(app, signin, way);
  registerSecondSteps(app, signin, way);
  registerSetup(app, signin, way);

  /** The same for every address, until a password was right (F5). */
  app.get('/signin/other', async (request, reply) => {
    const half = await signin.halfway(request, 'pwd');
    const ways = half && (await signin.waysOf(half.accountId));
    const { email } = readFlow(request);
    return reply.page(otherWaysPage({ page: request.page, email: half?.email ?? email, ways }));
  });
}

function registerStart(app: FastifyInstance, signin: Signin): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, email?: string, error?: FieldError) => {
    const passkey = await signin.passkeyOptions(request);
    const { userCode, app: towards } = readFlow(request);
    const linking = userCode !== undefined;
    const remembered = await signin.remembered(request);
    const editing = (request.query as { edit?: unknown }).edit !== undefined;
    return reply.page(signinPage({ page: request.page, email, passkey, linking, towards, remembered, editing, error }));
  };

  /** To a way that the account has, as far as this browser may know. */
  const lead = async (request: FastifyRequest, reply: FastifyReply, email: string) => {
    writeFlow(reply, { ...readFlow(request), email });
    const { password } = await signin.waysHere(request, email);
    return reply.redirect(password ? '/signin/password' : '/signin/passkey', 303);
  };

  app.get('/signin', async (request, reply) => {
    if (await signin.settingUp(request)) return reply.redirect('/signin/setup', 303);
    const { login_hint: hint } = request.query as { login_hint?: unknown };
    const hinted = typeof hint === 'string' ? normaliseEmail(hint) : undefined;
    return show(request, reply, hinted ?? readFlow(request).email);
  });

  app.post('/signin', actsForNobody, async (request, reply) => {
    const typed = (request.body as Fields).email ?? '';
    const email = normaliseEmail(typed);
    if (!email) {
      const key = typed.trim() === '' ? 'signin.email.missing' : 'signin.email.malformed';
      return show(request, reply, typed.slice(0, 254), { field: 'email', text: request.page.t(key) });
    }
    return lead(request, reply, email);
  });

  app.post('/signin/choose', actsForNobody, async (request, reply) => {
    const { account } = request.body as Fields;
    const chosen = (await signin.remembered(request)).find(({ accountId }) => accountId === account);
    return chosen ? lead(request, reply, chosen.email) : reply.redirect('/signin', 303);
  });

  app.post('/signin/forget', actsForNobody, async (request, reply) => {
    await signin.forgetBrowser(request, ((request.body as Fields).account ?? '') as AccountId);
    return reply.redirect('/signin', 303);
  });
}

function registerPassword(app: FastifyInstance, signin: Signin, way: WayIn): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, email: string, error?: FieldError) => {
    const { passkeys } = await signin.waysHere(request, email);
    const passkey = passkeys ? await signin.passkeyOptions(request) : undefined;
    const afterKey = (await signin.halfway(request, 'key'))?.email === email;
    return reply.page(passwordPage({ page: request.page, email, passkey, afterKey, error }));
  };

  app.get('/signin/password', async (request, reply) => {
    const { email } = readFlow(request);
    return email ? show(request, reply, email) : reply.redirect('/signin', 303);
  });

  app.post('/signin/password', actsForNobody, async (request, reply) => {
    const { email } = readFlow(request);
    if (!email) return way.astray(request, reply);
    const result = await signin.checkPassword(request, email, (request.body as Fields).password ?? '');
    if (!result.ok) return show(request, reply, email, { field: 'password', text: wordsFor(request, result) });
    const { accountId, seconds } = result;
    const before = await signin.halfway(request, 'key');
    if (before?.accountId === accountId) {
      if (before.credentialId) await signin.confirmPasskey(accountId, before.credentialId);
      return reply.redirect(await way.finish(request, reply, accountId, ['pwd', 'key']), 303);
    }
    const [second] = seconds;
    if (!second) return reply.redirect(await way.finish(request, reply, accountId, ['pwd']), 303);
    await signin.keepHalfway(request, { accountId, email, method: 'pwd' });
    return reply.redirect(pathOf[second], 303);
  });
}

function registerPasskey(app: FastifyInstance, signin: Signin, way: WayIn): void {
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    failed?: { error: string; unknown?: UnknownPasskey },
  ) => {
    const { email } = readFlow(request);
    const passkey = await signin.passkeyOptions(request);
    const error = failed && { text: failed.error };
    return reply.page(passkeyPage({ page: request.page, email, passkey, error, unknown: failed?.unknown }));
  };

  app.get('/signin/passkey', async (request, reply) =>
    request.page.passkeys ? show(request, reply) : reply.redirect('/signin', 303),
  );

  app.post('/signin/passkey', actsForNobody, async (request, reply) => {
    const { credential = '' } = request.body as Fields;
    const result = await signin.checkPasskey(request, credential);
    if (!result.ok) {
      const unknown = await signin.unknownPasskey(credential);
      return show(request, reply, { error: wordsFor(request, result), ...(unknown && { unknown }) });
    }
    const { accountId, email, method, credentialId } = result;
    if (method === 'passkey')
      return reply.redirect(await way.finish(request, reply, accountId, ['passkey'], credentialId), 303);
    await signin.keepHalfway(request, { accountId, email, method: 'key', credentialId });
    writeFlow(reply, { ...readFlow(request), email });
    return reply.redirect('/signin/password', 303);
  });
}

/** Where the operator wants two steps, an account with one is signed in only once it has the other. */
function registerSetup(app: FastifyInstance, signin: Signin, way: WayIn): void {
  app.get('/signin/setup', async (request, reply) => {
    const waiting = await signin.settingUp(request);
    if (waiting) return reply.page(setupPage({ page: request.page, email: waiting.current.email }));
    return reply.redirect((await signin.read(request)) ? await way.onwards(request, reply) : '/signin', 303);
  });

  app.post('/signin/setup', async (request, reply) => {
    const waiting = await signin.settingUp(request);
    if (!waiting) return reply.redirect('/signin', 303);
    await signin.signOut(request, waiting.current.accountId);
    // What they came for is theirs: whoever signs in here next must not go on with it.
    writeFlow(reply, {});
    return reply.redirect(request.signedIn ? '/accounts' : '/signin', 303);
  });
}
