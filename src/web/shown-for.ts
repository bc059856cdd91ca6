import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { readContext } from './context.ts';
import { isHarmless, isShownFor } from './guard.ts';
import { type Held, otherAccountPage, unsentPage } from './shown-for-pages.tsx';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may send the form besides the account that it was shown for. */
    sentBy?: 'anybody' | 'whoever has signed in since';
  }
}

/** For a form that acts for nobody who is signed in: it signs in, or a link or a code vouches for it. */
export const actsForNobody = { config: { sentBy: 'anybody' } } as const;
/** For a form that people fill in before they sign in, and that says nothing yet of an account. */
export const mayBeginSignedOut = { config: { sentBy: 'whoever has signed in since' } } as const;

/** What people write themselves; their pages show it again. */
const typed: readonly string[] = ['name', 'email', 'phone', 'user_code'];
/** What else a form says and no one else may not see; beside these, ticks. Anything new counts as a secret. */
const plain: readonly string[] = [
  ...['account', 'action', 'decision', 'drop', 'format', 'kind', 'locale', 'made', 'next', 'others', 'seen', 'session'],
  ...['sessions', 'setup', 'step', 'sure', 'theme', 'username', 'way'],
];
/** How the page that holds a form sends it on: `send` or `open`, for the account that it was shown for. */
const going = 'held';

/**
 * Fault A7: two accounts in one browser, one in each tab. Whatever was shown for one account acts for no other: the form is
 * held on a page that says who is signed in now, and nothing typed is lost. True if that has been answered.
 */
export async function refuseOtherAccount(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const { sentBy } = request.routeOptions.config;
  if (isHarmless(request) || sentBy === 'anybody') return false;
  const { readPerson, switchTo } = request.server.web;
  const present = await readPerson(request);
  if (isShownFor(request, present?.accountId)) return false;
  const forNobody = isShownFor(request, undefined);
  if (forNobody && sentBy !== undefined) return false;

  const held = heldForm(request);
  if (!present?.person) {
    // Nobody can act here: the page leads to signing in, as it does for whoever opens it. Words are not to be lost by that.
    if (present === undefined && (sentBy !== undefined || held.typed.length === 0)) return false;
    if (held.typed.length > 0) return refuse(request, reply, () => reply.page(unsentPage(request.page, held)));
    return refuse(request, reply, () => reply.redirect('/signin', 303));
  }
  const shownFor = shownForOf(request, present.others);
  const how = (request.body as Record<string, string | undefined>)[going];
  if (shownFor && how !== undefined && (await switchTo(request, shownFor.accountId))) {
    request.page = await readContext(request);
    if (how === 'send') return false;
    reply.redirect(held.page, 303);
    return true;
  }
  const props = { held, person: present.person, shownFor, before: forNobody };
  return refuse(request, reply, () => reply.page(otherAccountPage(request.page, props)));
}

/** Of these accounts the one that the form was shown for. */
export function shownForOf<One extends { accountId: AccountId }>(
  request: FastifyRequest,
  accounts: readonly One[],
): One | undefined {
  return accounts.find(({ accountId }) => isShownFor(request, accountId));
}

/** To a person with a page, to a program with an error that names the reason. */
function refuse(request: FastifyRequest, reply: FastifyReply, show: () => void): true {
  request.log.info({ code: 'other_account' }, 'refused');
  if (!request.headers.accept?.includes('text/html'))
    throw new AppError('other_account', 'The form was shown for another account than the one that is signed in now.');
  reply.header('cache-control', 'no-store');
  show();
  return true;
}

function heldForm(request: FastifyRequest): Held {
  const entries = Object.entries((request.body ?? {}) as Record<string, string>).filter(
    ([name, value]) => value !== '' && name !== 'csrf' && name !== going,
  );
  const fields = entries.filter(([name, value]) => [...typed, ...plain].includes(name) || value === 'yes');
  return {
    action: request.page.path,
    csrf: (request.body as { csrf: string }).csrf,
    fields,
    typed: fields.filter(([name]) => typed.includes(name)),
    secrets: fields.length < entries.length,
    ...pagesOf(request),
  };
}

/** Where the form can be had again, and where somebody else begins to whom this thing may not belong. */
function pagesOf(request: FastifyRequest): Pick<Held, 'page' | 'othersPage'> {
  const { server, routeOptions, page } = request;
  const isThere = (url: string): boolean => server.hasRoute({ method: 'GET', url });
  const route = routeOptions.url ?? '/';
  const above = `/${route.split('/')[1]}`;
  const own = isThere(route) ? page.path : isThere(above) ? above : '/';
  return { page: own, othersPage: route.includes(':') && isThere(above) ? above : own };
}
