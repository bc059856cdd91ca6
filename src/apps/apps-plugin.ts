import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acrFor, wantedAcr } from '../engine/acr.ts';
import { type AppRequest as Asked, meantAccount, provenLately } from '../engine/app-requests.ts';
import type { Engine } from '../engine/engine.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { SignedIn } from '../signin/signin.ts';
import { acrOf } from '../signin/strength.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { askedLocale } from '../web/messages.ts';
import { choicePage, formTarget, permissionsPage, problemPage } from './apps-pages.tsx';

type Needs = {
  engine: Engine;
  secrets: Secrets;
  /** Whether an account has what it takes to reach one of these `acr` values. */
  canReach(accountId: AccountId, wanted: readonly string[]): Promise<boolean>;
  /** Makes another signed-in account the current one; false if it is not signed in here. */
  switchTo(request: FastifyRequest, accountId: AccountId): Promise<boolean>;
};
type Uid = { Params: { uid: string }; Body: { decision?: string; account?: string } };
type AppRequest = FastifyRequest<Uid>;

const ended = 'This sign-in has ended or was begun in another browser.';

/**
 * The engine sends a person here when it needs them; every answer sends them back to the engine, which asks our session
 * again. To look writes nothing (fault A1): what these pages know of a person stands in the session, and not in the
 * request.
 */
export function createAppsPlugin({ engine, secrets, canReach, switchTo }: Needs) {
  const details = async ({ browserId, params }: AppRequest) => {
    const asked = await engine.appRequests.find(browserId, params.uid);
    if (!asked) throw new AppError('not_found', ended);
    return asked;
  };

  const resume = async (request: AppRequest, reply: FastifyReply, by: AccountId, result: Record<string, unknown>) => {
    const noted = await engine.appRequests.answer(request.browserId, request.params.uid, by, result);
    if (!noted) throw new AppError('not_found', ended);
    return reply.redirect(onTheWay(request, 'auth'), 303);
  };

  /** Where to send somebody who has to sign in, prove or choose first, or undefined if nothing is missing of that. */
  const missing = async (request: AppRequest, { prompt, params, begun }: Asked): Promise<string | undefined> => {
    const { signedIn } = request;
    const here = encodeURIComponent(onTheWay(request, 'interaction'));
    const { login_hint: hint } = params;
    if (!signedIn) return typeof hint === 'string' ? `/signin?login_hint=${encodeURIComponent(hint)}` : '/signin';
    const { sessionId, current, others } = signedIn;
    // Good for looking alone: the proof that replaced its secret is a moment old, and the next request will have it.
    if (!sessionId) return `/prove?next=${here}`;
    if (prompt.name !== 'login') return undefined;
    const meant = meantAccount(params);
    if (meant !== undefined && meant !== current.accountId) {
      return others.some(({ accountId }) => accountId === meant) ? `/accounts?next=${here}` : undefined;
    }
    const wanted = wantedAcr(params);
    const reached = acrFor(acrOf(current.methods), wanted) !== undefined;
    const { clock } = request.server.web;
    if (reached && provenLately(params, current.provenAt, { begun, now: clock.now() })) return undefined;
    // The engine tells the app of an account that cannot.
    if (wanted.length > 0 && !(await canReach(current.accountId, wanted))) return undefined;
    const acr = wanted.length > 0 ? `&acr=${encodeURIComponent(wanted.join(' '))}` : '';
    return `/prove?next=${here}${acr}`;
  };

  return async (app: FastifyInstance): Promise<void> => {
    app.get<Uid>('/interaction/:uid', async (request, reply) => {
      const asked = await details(request);
      const { prompt, params } = asked;
      const here = onTheWay(request, 'interaction');
      const client = await engine.clients.find(String(params.client_id));
      if (!client) throw new AppError('not_found', 'This app is no longer registered.');
      const target = formTarget(String(params.redirect_uri));
      const way = { next: here, target, app: client.name, locale: askedLocale(localeOf(request)) };
      const first = await missing(request, asked);
      if (first) {
        writeFlow(reply, way);
        return reply.redirect(first, 303);
      }
      const { current, others } = signedInOf(request);
      if (prompt.name === 'select_account' && current.signedInAt < asked.begun) {
        writeFlow(reply, way);
        return reply.page(
          choicePage(request.page, { action: here, target, appName: client.name, accounts: [current, ...others] }),
        );
      }
      if (readFlow(request).next === here) writeFlow(reply, {});
      // Switched meanwhile: the engine asks anew, of the account that is in use now.
      if (prompt.name !== 'consent' || asked.accountId !== current.accountId)
        return reply.redirect(onTheWay(request, 'auth'), 303);
      return reply.page(
        permissionsPage(request.page, {
          action: here,
          appName: client.name,
          returnsTo: String(params.redirect_uri),
          scope: [...new Set([...String(params.scope ?? '').split(' '), ...scopesOfClaims(prompt.details)])],
        }),
      );
    });

    app.post<Uid>('/interaction/:uid', async (request, reply) => {
      const { prompt, params, accountId, grantId } = await details(request);
      const { signedIn } = request;
      const { account } = request.body;
      if (prompt.name === 'select_account' && signedIn?.sessionId && account !== undefined) {
        if (!(await switchTo(request, account as AccountId)))
          throw new AppError('not_found', 'That account is not signed in in this browser.');
        return resume(request, reply, account as AccountId, { select_account: {} });
      }
      // Switched or signed out in another tab meanwhile: what was read is not what would be allowed.
      if (!signedIn?.sessionId || prompt.name !== 'consent' || accountId !== signedIn.current.accountId)
        return reply.redirect(onTheWay(request, 'interaction'), 303);
      const by = signedIn.current.accountId;
      if (request.body.decision !== 'approve') {
        return resume(request, reply, by, { error: 'access_denied', error_description: 'The person said no.' });
      }
      const provider = engine.provider();
      const known = grantId ? await provider.Grant.find(grantId) : undefined;
      const grant = known ?? new provider.Grant({ accountId: by, clientId: String(params.client_id) });
      const missing = prompt.details as {
        missingOIDCScope?: string[];
        missingOIDCClaims?: string[];
        missingResourceScopes?: Record<string, string[]>;
      };
      if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(' '));
      if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
      for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
        grant.addResourceScope(resource, scopes.join(' '));
      }
      return resume(request, reply, by, { consent: { grantId: await grant.save() } });
    });

    app.get<{ Querystring: { what?: string | string[] } }>('/problem', async (request, reply) => {
      const { what } = request.query;
      const opened = typeof what === 'string' ? secrets.openGiven('flow', what, 'problem') : undefined;
      if (!opened) throw new AppError('not_found', 'There is no such problem.');
      const { error, error_description: detail } = JSON.parse(opened) as { error: string; error_description?: string };
      return reply.page(problemPage(request.page, { error, detail }));
    });
  };
}

/** What single claims tell of a person, in the words of the scopes that would tell the same. */
function scopesOfClaims(details: object): string[] {
  const { missingOIDCClaims: claims = [] } = details as { missingOIDCClaims?: string[] };
  return claims.map((claim) => (claim.startsWith('email') ? 'email' : 'profile'));
}

/** The same sign-in at the engine or at a page of ours, in the language it is in. */
function onTheWay(request: AppRequest, where: 'auth' | 'interaction'): string {
  const locale = askedLocale(localeOf(request));
  return `/${where}/${request.params.uid}${locale ? `?ui_locales=${locale}` : ''}`;
}

const localeOf = ({ query }: FastifyRequest): unknown => (query as { ui_locales?: unknown }).ui_locales;

function signedInOf({ signedIn }: FastifyRequest): SignedIn {
  if (!signedIn) throw new AppError('not_signed_in', 'Nobody is signed in.');
  return signedIn;
}
