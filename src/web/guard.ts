import type { FastifyReply, FastifyRequest } from 'fastify';
import { days } from '../clock.ts';
import { AppError } from '../errors.ts';
import { sameString } from '../secrets.ts';

/** Gives every browser a random name of its own, which signs nobody in: it only anchors forms and flows. */
export function recogniseBrowser(request: FastifyRequest, reply: FastifyReply): void {
  const { cookieName, cookieOptions, random } = request.server.web;
  const name = cookieName('browser');
  const known = request.cookies[name];
  request.browserId = known && /^[\w-]{22}$/.test(known) ? known : random.token(16);
  if (request.browserId !== known) reply.setCookie(name, request.browserId, cookieOptions(days(365)));
}

export function csrfToken(request: FastifyRequest): string {
  return request.server.web.secrets.hash('csrf', request.browserId);
}

/**
 * F16: a form of ours, sent from a page of ours, by the browser we gave it to. Throws `forged_form` otherwise.
 * Every check alone would do in a current browser; old ones send neither Origin nor Sec-Fetch-Site.
 */
export function refuseForgery(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return;
  const site = request.headers['sec-fetch-site'];
  // `none` is the person's own doing, such as reloading after a crash; a foreign page cannot cause it.
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new AppError('forged_form', `The form came from a ${site} page.`);

  // Our Referrer-Policy turns Origin into "null" on our own forms (Fetch §3.1), so that only a named stranger is one.
  const { origin } = request.headers;
  if (origin !== undefined && origin !== 'null' && origin !== request.server.web.issuer)
    throw new AppError('forged_form', 'The form came from another origin.');

  const given = (request.body as { csrf?: unknown } | undefined)?.csrf;
  if (typeof given !== 'string' || !sameString(given, csrfToken(request)))
    throw new AppError('forged_form', 'The form has no token of this browser.');
}
