import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Mail } from '../drivers/mail/mail.ts';
import { normaliseEmail } from '../email.ts';
import { AppError } from '../errors.ts';
import { networkOf } from '../limits/address.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import type { Live } from '../web/live.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { confirmPage, linkPage, signupPage } from './account-pages.tsx';
import { type ProtectNeeds, registerProtect } from './protect-plugin.ts';
import { confirmMail, keptMail, takenMail } from './signup-mail.ts';

type Fields = { [name: string]: string | undefined };

export type AccountPluginNeeds<Session> = ProtectNeeds<Session> & {
  mail: Mail;
  live: Live;
  /** Where mails can be read on a developer's own machine, where none is sent. */
  mailbox?: string | undefined;
};

export async function accountPlugin<Session>(app: FastifyInstance, needs: AccountPluginNeeds<Session>): Promise<void> {
  const { signup, mail, mailbox, live } = needs;
  const placeOf = (request: FastifyRequest) => {
    const { email } = readFlow(request);
    return email ? { email, browserId: request.browserId } : undefined;
  };

  /** One mail either way, after the same work either way (F5). */
  const sendMail = async (request: FastifyRequest, email: string): Promise<void> => {
    const allowed = await signup.allowMail(email, networkOf(request.ip));
    if (!allowed.allowed) {
      throw new AppError('too_many_tries', 'Too many mails were asked for.', allowed);
    }
    const { taken, code, linkToken } = await signup.begin({ email, browserId: request.browserId });
    const { issuer } = request.server.web;
    const message = {
      account: () => takenMail(request.page, email, `${issuer}/signin`),
      kept: () => keptMail(request.page, email),
      free: () => confirmMail(request.page, email, code, `${issuer}/signup/link/${linkToken}`),
    }[taken || 'free']();
    await mail.send(message).catch((cause) => {
      throw new AppError('unavailable', 'The mail could not be handed over.', { cause });
    });
  };

  app.get('/signup', async (request, reply) => {
    const { email, app: towards } = readFlow(request);
    return reply.page(signupPage({ page: request.page, email, towards }));
  });

  app.post('/signup', actsForNobody, async (request, reply) => {
    const typed = (request.body as Fields).email ?? '';
    const email = normaliseEmail(typed);
    if (!email) {
      const error = request.page.t(typed.trim() === '' ? 'account.email.missing' : 'account.email.malformed');
      const { app: towards } = readFlow(request);
      return reply.page(signupPage({ page: request.page, email: typed.slice(0, 254), towards, error }));
    }
    await sendMail(request, email);
    writeFlow(reply, { ...readFlow(request), email });
    return reply.redirect('/signup/confirm', 303);
  });

  app.get('/signup/confirm', async (request, reply) => {
    const place = placeOf(request);
    if (!place) return reply.redirect('/signup', 303);
    if (await signup.findConfirmed(place)) return reply.redirect('/signup/protect', 303);
    const resent = (request.query as { resent?: string }).resent !== undefined;
    return reply.page(confirmPage({ page: request.page, email: place.email, mailbox, resent }));
  });

  app.get('/signup/confirm/state', { logLevel: 'warn' }, async (request, reply) => {
    const place = placeOf(request);
    const state = async () => (place && (await signup.findConfirmed(place)) ? 'confirmed' : 'waiting');
    return live.answer(request, reply, { topic: signup.topicOf(request.browserId), state });
  });

  app.post('/signup/confirm', actsForNobody, async (request, reply) => {
    const place = placeOf(request);
    if (!place) return reply.redirect('/signup', 303);
    // The link may have been opened since this page was loaded; then there is nothing left to enter.
    if (await signup.findConfirmed(place)) return reply.redirect('/signup/protect', 303);
    const { action, code = '' } = request.body as Fields;
    if (action === 'resend') {
      await sendMail(request, place.email);
      return reply.redirect('/signup/confirm?resent=1', 303);
    }
    const result = code.trim() === '' ? 'missing' : await signup.confirmByCode(place, code);
    if (result === 'confirmed') return reply.redirect('/signup/protect', 303);
    const error = request.page.t(`account.confirm.${result}`);
    return reply.page(confirmPage({ page: request.page, email: place.email, mailbox, error }));
  });

  app.get('/signup/link/:token', async (request, reply) => {
    const { token } = request.params as { token: string };
    const link = await signup.findLink(token, request.browserId);
    return reply.page(linkPage({ page: request.page, link, token }));
  });

  app.post('/signup/link/:token', actsForNobody, async (request, reply) => {
    const { token } = request.params as { token: string };
    await signup.confirmByLink(token);
    const link = await signup.findLink(token, request.browserId);
    if (link?.state !== 'confirmed' || !link.sameBrowser) {
      return reply.redirect(`/signup/link/${encodeURIComponent(token)}`, 303);
    }
    writeFlow(reply, { ...readFlow(request), email: link.email });
    return reply.redirect('/signup/protect', 303);
  });

  registerProtect(app, needs);
}
