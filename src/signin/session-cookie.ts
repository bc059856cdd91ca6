import type { FastifyInstance } from 'fastify';
import { longestSession } from './sessions.ts';
import type { SignedIn } from './signin.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a page's handler runs. */
    signedIn: SignedIn | undefined;
    /** Gives the browser a new session secret, or takes it away. */
    writeSession: ((secret: string | undefined) => void) | undefined;
  }
}

/** To be called on the scope of all pages, before any of them: the session is theirs to read and renew. */
export function registerSessions(pages: FastifyInstance): void {
  pages.decorateRequest('signedIn', undefined);
  pages.decorateRequest('writeSession', undefined);
  pages.addHook('onRequest', async (request, reply) => {
    const { cookieName, cookieOptions } = request.server.web;
    request.writeSession = (secret) => {
      if (secret === undefined) reply.clearCookie(cookieName('session'), cookieOptions());
      else reply.setCookie(cookieName('session'), secret, cookieOptions(longestSession));
    };
  });
}
