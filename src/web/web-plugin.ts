import type { FastifyInstance } from 'fastify';
import { days } from '../clock.ts';
import { localPath, readFlow, withoutAskedLocale, writeFlow } from './flow.ts';
import { accessibilityPage, helpPage, passkeyHelpPage, privacyPage } from './help-pages.tsx';
import { locales } from './messages.ts';
import { actsForNobody } from './shown-for.ts';

/** The shell's own pages: language and theme, help. */
export async function registerOwnPages(pages: FastifyInstance): Promise<void> {
  const { cookieName, cookieOptions, secure } = pages.web;

  pages.get('/help', (request, reply) => reply.page(helpPage(request.page)));
  pages.get('/help/passkey', (request, reply) => reply.page(passkeyHelpPage(request.page)));
  pages.get('/help/privacy', (request, reply) => reply.page(privacyPage(request.page, { secure })));
  pages.get('/help/accessibility', (request, reply) => reply.page(accessibilityPage(request.page)));

  pages.post('/settings/display', actsForNobody, (request, reply) => {
    const { locale, theme, next } = request.body as Record<string, string | undefined>;
    if (locales.some((known) => known === locale)) {
      reply.setCookie(cookieName('locale'), String(locale), cookieOptions(days(365)));
      const { locale: asked, ...flow } = readFlow(request);
      if (asked) writeFlow(reply, { ...flow, ...(flow.next && { next: withoutAskedLocale(flow.next) }) });
    }
    if (theme === 'light' || theme === 'dark') reply.setCookie(cookieName('theme'), theme, cookieOptions(days(365)));
    if (theme === 'auto') reply.clearCookie(cookieName('theme'), cookieOptions());
    return reply.redirect(withoutAskedLocale(localPath(next) ?? '/'), 303);
  });
}
