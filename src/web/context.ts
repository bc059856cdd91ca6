import type { FastifyRequest } from 'fastify';
import { flowIfReadable, localPath } from './flow.ts';
import { formToken } from './guard.ts';
import { chooseLocale, directionOf } from './messages.ts';
import type { PageContext } from './page.ts';

export async function readContext(request: FastifyRequest): Promise<PageContext> {
  const present = await request.server.web.readPerson(request);
  return {
    ...anonymousContext(request),
    csrf: formToken(request, present?.accountId),
    person: present?.person,
    otherAccounts: present?.others.length ?? 0,
    recovery: present?.recovery,
  };
}

/** Asks nobody and nothing, so that an error page can be shown whatever is down. */
export function anonymousContext(request: FastifyRequest): PageContext {
  const { cookieName, messages } = request.server.web;
  const locale = chooseLocale({
    uiLocales: (request.query as { ui_locales?: unknown } | undefined)?.ui_locales,
    onTheWay: flowIfReadable(request).locale,
    saved: request.cookies[cookieName('locale')],
    acceptLanguage: request.headers['accept-language'],
  });
  const theme = request.cookies[cookieName('theme')];
  return {
    t: messages.translate(locale),
    locale,
    dir: directionOf(locale),
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    csrf: formToken(request, undefined),
    person: undefined,
    otherAccounts: 0,
    recovery: undefined,
    path: localPath(request.url) ?? '/',
    passkeys: request.server.web.passkeys,
  };
}
