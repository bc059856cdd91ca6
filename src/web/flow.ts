import type { FastifyReply, FastifyRequest } from 'fastify';
import { minutes } from '../clock.ts';
import type { Locale } from './messages.ts';

/** What a person was doing before they were asked to sign in. */
export type Flow = {
  userCode?: string;
  next?: string;
  email?: string;
  /** The app's origin at which it all ends: the forms on the way may be redirected there. */
  target?: string;
  /** What that app is called. */
  app?: string;
  /** The language that app asks for (`ui_locales`). */
  locale?: Locale | undefined;
  /** The link whose review was answered with yes, and which waits for a proof. */
  reviewed?: string;
};

const lifetime = minutes(30);

/** The flow this browser is in; empty when there is none, when it is too old, or when it is another browser's. */
export function readFlow(request: FastifyRequest): Flow {
  const { secrets, clock, cookieName } = request.server.web;
  const sealed = request.cookies[cookieName('flow')];
  if (!sealed) return {};
  // Sealed for this browser: a flow planted from elsewhere would choose which code a person approves.
  const opened = secrets.openGiven('flow', sealed, request.browserId);
  if (!opened) return {};
  const { expiresAt, flow } = JSON.parse(opened) as { expiresAt: number; flow: Flow };
  return expiresAt > clock.now() ? flow : {};
}

/**
 * The same for what every page says in passing, pages of errors too: one that tells that a flow is sealed with a key which is
 * not here must not fail for the same reason (fault E2).
 */
export function flowIfReadable(request: FastifyRequest): Flow {
  try {
    return readFlow(request);
  } catch {
    return {};
  }
}

/** Replaces the whole flow; an empty object ends it. */
export function writeFlow(reply: FastifyReply, flow: Flow): void {
  const { secrets, clock, cookieName, cookieOptions } = reply.server.web;
  const name = cookieName('flow');
  if (Object.values(flow).every((value) => value === undefined)) {
    reply.clearCookie(name, cookieOptions());
    return;
  }
  const sealed = secrets.seal(
    'flow',
    JSON.stringify({ expiresAt: clock.now() + lifetime, flow }),
    reply.request.browserId,
  );
  reply.setCookie(name, sealed, cookieOptions(lifetime));
}

/** The same path in the language that its reader has chosen: an app's `ui_locales` in it would win over that choice. */
export function withoutAskedLocale(path: string): string {
  const [pathname = '/', query] = path.split('?', 2);
  if (query === undefined) return path;
  const parameters = new URLSearchParams(query);
  parameters.delete('ui_locales');
  const next = parameters.get('next');
  if (next !== null) parameters.set('next', withoutAskedLocale(next));
  return parameters.size > 0 ? `${pathname}?${parameters}` : pathname;
}

/** The value if it is a path of our own, else undefined: never follow a stranger's `next` off this site. */
export function localPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 2000) return undefined;
  // Browsers read a backslash as a slash and drop tabs and newlines, which would turn these into `//elsewhere`.
  if (!/^\/(?!\/)[^\\\p{Cc}\p{Cf}\p{Z}]*$/u.test(value)) return undefined;
  const base = 'https://own.invalid';
  if (!URL.canParse(value, base)) return undefined;
  const url = new URL(value, base);
  // A path such as /.//elsewhere is normalised to //elsewhere by whoever resolves it.
  return url.origin === base && !url.pathname.startsWith('//') ? value : undefined;
}
