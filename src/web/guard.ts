import type { FastifyReply, FastifyRequest } from 'fastify';
import { days } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { sameString } from '../secrets.ts';

/** Gives every browser a random name of its own, which signs nobody in: it only anchors forms and flows. */
export function recogniseBrowser(request: FastifyRequest, reply: FastifyReply): void {
  if (isNew(request)) reply.setCookie(...browserCookie(request));
}

/** The same for an answer that does not go through Fastify. */
export function recogniseBrowserOutside(request: FastifyRequest, reply: FastifyReply): void {
  if (isNew(request)) reply.raw.appendHeader('set-cookie', request.server.serializeCookie(...browserCookie(request)));
}

function isNew(request: FastifyRequest): boolean {
  const { cookieName, random } = request.server.web;
  const known = request.cookies[cookieName('browser')];
  request.browserId = known && /^[\w-]{22}$/.test(known) ? known : random.token(16);
  return request.browserId !== known;
}

const browserCookie = ({ server, browserId }: FastifyRequest) =>
  [server.web.cookieName('browser'), browserId, server.web.cookieOptions(days(365))] as const;

/** The token of a form: of this browser, and of the account that the form is shown for, if there is one (fault A7). */
export function formToken(request: FastifyRequest, accountId: AccountId | undefined): string {
  return accountId === undefined
    ? browserToken(request)
    : `${browserToken(request)}.${accountMark(request, accountId)}`;
}

function browserToken(request: FastifyRequest): string {
  return request.server.web.secrets.hash('csrf', request.browserId);
}

function accountMark(request: FastifyRequest, accountId: AccountId): string {
  return request.server.web.secrets.hash('csrf', `${request.browserId} ${accountId}`);
}

/** Whether the form that was sent was shown for this account, or, if there is none, for nobody. */
export function isShownFor(request: FastifyRequest, accountId: AccountId | undefined): boolean {
  const [, mark] = tokenOf(request);
  if (accountId === undefined || mark === undefined) return accountId === mark;
  return sameString(mark, accountMark(request, accountId));
}

function tokenOf(request: FastifyRequest): [browser: string, account?: string] {
  const given = (request.body as { csrf?: unknown } | undefined)?.csrf;
  if (typeof given !== 'string') return [''];
  const dot = given.indexOf('.');
  return dot < 0 ? [given] : [given.slice(0, dot), given.slice(dot + 1)];
}

/** Whether a request may change nothing, so that there is nothing to forge. */
export function isHarmless({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/**
 * F16: a form of ours, sent from a page of ours, by the browser we gave it to. Throws `forged_form` otherwise.
 * Every check alone would do in a current browser; old ones send neither Origin nor Sec-Fetch-Site.
 */
export function refuseForgery(request: FastifyRequest): void {
  if (isHarmless(request)) return;
  const site = request.headers['sec-fetch-site'];
  // `none` is the person's own doing, such as reloading after a crash; a foreign page cannot cause it.
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new AppError('forged_form', `The form came from a ${site} page.`);

  // Our Referrer-Policy turns Origin into "null" on our own forms (Fetch §3.1), so that only a named stranger is one.
  const { origin } = request.headers;
  if (origin !== undefined && origin !== 'null' && origin !== request.server.web.issuer)
    throw new AppError('forged_form', 'The form came from another origin.');

  if (!sameString(tokenOf(request)[0], browserToken(request)))
    throw new AppError('forged_form', 'The form has no token of this browser.');
}
