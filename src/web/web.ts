import fastifyCookie, { type SerializeOptions } from '@fastify/cookie';
import fastifyFormbody from '@fastify/formbody';
import fastifyHelmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { Clock } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import { createTrust } from '../limits/address.ts';
import { hasPasskeys } from '../passkey-domain.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { type Assets, assetsFolder, readAssets } from './assets.ts';
import { anonymousContext, readContext } from './context.ts';
import { type CookieName, cookieNames, cookieOptions } from './cookies.ts';
import { createEdge, firstValues, shortQuery } from './edge.ts';
import { answerError, answerNotFound } from './error-pages.tsx';
import { flowIfReadable } from './flow.ts';
import { recogniseBrowser, refuseForgery } from './guard.ts';
import { contentSecurityPolicy, helmetOptions, permissionsPolicy } from './headers.ts';
import { renderDocument } from './layout.tsx';
import type { Messages } from './messages.ts';
import type { Page, PageContext, Present } from './page.ts';
import { redactUrl, serializeError } from './redact.ts';
import { refuseOtherAccount } from './shown-for.ts';
import { answerUnreadable } from './unreadable.ts';
import { registerOwnPages } from './web-plugin.ts';

export type WebNeeds = {
  config: { issuer: string; development: boolean; trustedProxies: readonly string[] };
  secrets: Secrets;
  random: Random;
  clock: Clock;
  messages: Messages;
  /** Called once per request to a page, before the page's handler: the place to set `request.signedIn`. */
  readPerson: (request: FastifyRequest) => Promise<Present | undefined>;
  /** Makes another account of this browser the current one; false if it is not signed in here. */
  switchTo: (request: FastifyRequest, accountId: AccountId) => Promise<boolean>;
};

/** What the shell keeps on the server for its own files and for rooms that set cookies. */
export type Web = Omit<WebNeeds, 'config'> & {
  issuer: string;
  /** True on a developer's own machine alone. */
  development: boolean;
  /** Whether there can be passkeys here. */
  passkeys: boolean;
  /** Whether the issuer is https. */
  secure: boolean;
  assets: Assets;
  /** The addresses of all pages, as they route. */
  pages: string[];
  cookieName(name: CookieName): string;
  /** HttpOnly, SameSite=Lax, whole site. `maxAge` in milliseconds; without it the cookie ends with the browser. */
  cookieOptions(maxAge?: number): SerializeOptions;
};

declare module 'fastify' {
  interface FastifyInstance {
    web: Web;
  }
  interface FastifyRequest {
    /** Names this browser, signed in or not. Set in pages only. */
    browserId: string;
    /** Set before a page's handler runs. */
    page: PageContext;
  }
  interface FastifyReply {
    /** Answers with a whole page. */
    page(page: Page): FastifyReply;
  }
}

/** Logs that name what was asked, never the codes and tokens some addresses carry (F29, F32). */
export const loggerOptions = {
  level: 'info',
  serializers: {
    req: (request: { method: string; url: string }) => ({ method: request.method, url: redactUrl(request.url) }),
    res: (reply: { statusCode: number }) => ({ statusCode: reply.statusCode }),
    err: serializeError,
  },
};

/**
 * Options for `fastify()`: trusted proxies as configured and nobody else's X-Forwarded-* (C17), safe logs, small bodies.
 * `unreadableAddress` is told of what a trusted proxy has sent in the place of an address.
 */
export function serverOptions(config: {
  trustedProxies: readonly string[];
  unreadableAddress?: (entry: string) => void;
}): FastifyServerOptions {
  const { trustedProxies, unreadableAddress: unreadable = () => {} } = config;
  return {
    logger: loggerOptions,
    trustProxy: trustedProxies.length > 0 ? createTrust(trustedProxies) : false,
    bodyLimit: 64 * 1024,
    // Longer ones are no addresses of ours; see readableUrl.
    routerOptions: { maxParamLength: 16 * 1024, querystringParser: shortQuery },
    rewriteUrl: createEdge({ trustedProxies, unreadable }),
    clientErrorHandler: answerUnreadable,
  };
}

/**
 * Security headers, cookies, assets, error and not-found answers for the whole server.
 * Bodies, forgery checks and page contexts are left to `pagesScope`: an engine mounted beside needs its requests untouched.
 */
export async function registerWeb(app: FastifyInstance, needs: WebNeeds): Promise<void> {
  const { config, ...rest } = needs;
  const secure = config.issuer.startsWith('https:');
  app.decorate('web', {
    ...rest,
    issuer: config.issuer,
    development: config.development,
    passkeys: hasPasskeys(config.issuer),
    secure,
    assets: readAssets(),
    pages: [],
    cookieName: cookieNames(secure),
    cookieOptions: (maxAge) => cookieOptions({ secure, ...(maxAge === undefined ? {} : { maxAge }) }),
  });
  app.decorateRequest('browserId', '');
  app.decorateRequest('page', null as unknown as PageContext);
  app.decorateReply('page', function (this: FastifyReply, page: Page) {
    return sendPage(this, page);
  });

  await app.register(fastifyCookie);
  const everywhere = contentSecurityPolicy();
  await app.register(fastifyHelmet, helmetOptions(secure));
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.setHeader('content-security-policy', everywhere);
    reply.raw.setHeader('permissions-policy', permissionsPolicy(request.url));
  });
  await app.register(fastifyStatic, {
    root: assetsFolder,
    prefix: '/assets/',
    decorateReply: false,
    index: false,
    immutable: true,
    maxAge: '1y',
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);
  await pagesScope(app, registerOwnPages);
}

/** Everything registered on `pages` is a page: forms are read and checked, `request.page` is there. */
export async function pagesScope(
  app: FastifyInstance,
  register: (pages: FastifyInstance) => Promise<void> | void,
): Promise<void> {
  await app.register(async (pages) => {
    // Forms only: a JSON body could smuggle in objects where handlers expect strings.
    pages.removeAllContentTypeParsers();
    await pages.register(fastifyFormbody, { parser: firstValues });
    pages.addHook('onRoute', ({ method, url }) => {
      if (method === 'GET' || (Array.isArray(method) && method.includes('GET'))) pages.web.pages.push(url);
    });
    pages.addHook('onRequest', async (request, reply) => {
      // `/link/` is no request without an id, but `/link` with a slash too many (fault C7).
      if (Object.values(request.params as object).includes('')) return reply.callNotFound();
      recogniseBrowser(request, reply);
    });
    pages.addHook('preHandler', async (request, reply) => {
      refuseForgery(request);
      request.page = await readContext(request);
      if (await refuseOtherAccount(request, reply)) return reply;
    });
    await register(pages);
  });
}

/** Answers with a page where requests are none of pages, such as the engine's; it does not name who is signed in. */
export function answerWithPage(request: FastifyRequest, reply: FastifyReply, make: (page: PageContext) => Page): void {
  if (!request.browserId) recogniseBrowser(request, reply);
  request.page ??= anonymousContext(request);
  reply.page(make(request.page));
}

function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply
    .code(page.status ?? 200)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('content-security-policy', contentSecurityPolicy(formTargets(reply.request, page)))
    .send(renderDocument(reply.request.page, page, reply.request.server.web.assets));
}

/** On the way to an app, any form may end there: signing in goes through several redirects. */
function formTargets(request: FastifyRequest, page: Page): string[] {
  if (page.handsOverTo !== undefined) return [page.handsOverTo];
  const { target } = flowIfReadable(request);
  return ["'self'", ...(page.formTargets ?? []), ...(target ? [target] : [])];
}
