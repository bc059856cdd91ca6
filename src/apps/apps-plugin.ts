import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acrFor, wantedAcr } from '../engine/acr.ts';
import type { Engine } from '../engine/engine.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { SignedIn } from '../signin/signin.ts';
import { acrOf, amrOf } from '../signin/strength.ts';
import { writeFlow } from '../web/flow.ts';
import { formTarget, permissionsPage, problemPage } from './apps-pages.tsx';

type Needs = {
  engine: Engine;
  secrets: Secrets;
  /** Whether an account has what it takes to reach one of these `acr` values. */
  canReach(accountId: AccountId, wanted: readonly string[]): Promise<boolean>;
};
type Uid = { Params: { uid: string }; Body: { decision?: string } };

/** The engine sends a person here when it needs them; every answer sends them back to the engine. */
export function createAppsPlugin({ engine, secrets, canReach }: Needs) {
  const details = async (request: FastifyRequest<Uid>, reply: FastifyReply) => {
    const ended = 'This sign-in has ended or was begun in another browser.';
    const interaction = await engine
      .provider()
      .interactionDetails(request.raw, reply.raw)
      .catch((cause: unknown) => {
        if (cause instanceof AppError) throw cause;
        throw new AppError('not_found', ended, { cause });
      });
    // The page's address and the browser's cookie must mean the same request, or one app gets what another was given.
    if (interaction.uid !== request.params.uid) throw new AppError('not_found', ended);
    return interaction;
  };

  const resume = async (
    request: FastifyRequest,
    reply: FastifyReply,
    result: Record<string, unknown>,
    merge = true,
  ) => {
    const url = await engine
      .provider()
      .interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: merge });
    return reply.redirect(url, 303);
  };

  return async (app: FastifyInstance): Promise<void> => {
    app.get<Uid>('/interaction/:uid', async (request, reply) => {
      const interaction = await details(request, reply);
      const { prompt, params, session, uid } = interaction;
      const here = `/interaction/${uid}`;
      const client = await engine.clients.find(String(params.client_id));
      if (!client) throw new AppError('not_found', 'This app is no longer registered.');
      const way = { next: here, target: formTarget(String(params.redirect_uri)), app: client.name };
      const { signedIn } = request;
      if (!signedIn) {
        writeFlow(reply, way);
        const hint = typeof params.login_hint === 'string' ? params.login_hint : undefined;
        return reply.redirect(hint ? `/signin?login_hint=${encodeURIComponent(hint)}` : '/signin', 303);
      }
      // Somebody else is signed in than when the app asked: what was begun is not theirs.
      if (session && session.accountId !== signedIn.current.accountId) return beginAgain(reply, params);
      const hinted = hintedAccount(params);
      if (prompt.name === 'login' && hinted !== undefined && hinted !== signedIn.current.accountId) {
        // OpenID Connect Core §3.1.2.1: the account the app means, or none.
        if (signedIn.others.some(({ accountId }) => accountId === hinted)) {
          return reply.redirect(`/accounts?next=${encodeURIComponent(here)}`, 303);
        }
        return resume(request, reply, { error: 'login_required', error_description: 'Another account is signed in.' });
      }
      if (prompt.name === 'login') {
        const wanted = wantedAcr(params);
        if (wanted.length > 0 && !(await canReach(signedIn.current.accountId, wanted))) {
          // RFC 9470 §5, and OpenID Connect Core §5.5.1.1 for what an app cannot do without.
          const detail = 'The account has nothing that strong to sign in with.';
          return resume(request, reply, { error: 'unmet_authentication_requirements', error_description: detail });
        }
        const reached = acrFor(acrOf(signedIn.current.methods), wanted);
        if (!reached || !provenEnough(signedIn, interaction)) {
          writeFlow(reply, way);
          const acr = wanted.length > 0 ? `&acr=${encodeURIComponent(wanted.join(' '))}` : '';
          return reply.redirect(`/prove?next=${encodeURIComponent(here)}${acr}`, 303);
        }
        return resume(request, reply, { login: loginOf(signedIn) }, false);
      }
      return reply.page(
        permissionsPage(request.page, {
          uid,
          appName: client.name,
          returnsTo: String(params.redirect_uri),
          scope: [...new Set([...String(params.scope ?? '').split(' '), ...scopesOfClaims(prompt.details)])],
        }),
      );
    });

    app.post<Uid>('/interaction/:uid', async (request, reply) => {
      const interaction = await details(request, reply);
      const { prompt, params, session, grantId } = interaction;
      const { signedIn } = request;
      // Switched or signed out in another tab meanwhile: what was read is not what would be allowed.
      if (!signedIn || prompt.name !== 'consent' || session?.accountId !== signedIn.current.accountId) {
        return reply.redirect(`/interaction/${request.params.uid}`, 303);
      }
      if (request.body.decision !== 'approve') {
        return resume(request, reply, { error: 'access_denied', error_description: 'The person said no.' });
      }
      const provider = engine.provider();
      const known = grantId ? await provider.Grant.find(grantId) : undefined;
      const grant =
        known ?? new provider.Grant({ accountId: signedIn.current.accountId, clientId: String(params.client_id) });
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
      return resume(request, reply, { consent: { grantId: await grant.save() } });
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

/** Sends the person to the authorization endpoint with the parameters it has already checked. */
function beginAgain(reply: FastifyReply, params: Record<string, unknown>): FastifyReply {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) if (one !== undefined) query.append(name, String(one));
  }
  return reply.redirect(`/auth?${query}`, 303);
}

/** The `sub` of an `id_token_hint`, whose signature the engine has checked. */
function hintedAccount({ id_token_hint: hint }: Record<string, unknown>): string | undefined {
  if (typeof hint !== 'string') return undefined;
  const claims = JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()) as { sub?: string };
  return claims.sub;
}

/** `max_age` and `prompt=login` ask for a proof newer than the session's (OpenID Connect Core §3.1.2.1). */
function provenEnough(
  { current }: SignedIn,
  { params, iat }: { params: Record<string, unknown>; iat?: number },
): boolean {
  const begun = (iat ?? 0) * 1000;
  if (
    String(params.prompt ?? '')
      .split(' ')
      .includes('login') &&
    current.provenAt < begun
  )
    return false;
  const maxAge = params.max_age;
  return maxAge === undefined || current.provenAt >= begun - Number(maxAge) * 1000;
}

function loginOf({ current }: SignedIn): Record<string, unknown> {
  return {
    accountId: current.accountId,
    amr: amrOf(current.methods),
    acr: acrOf(current.methods),
    ts: Math.floor(current.provenAt / 1000),
    remember: false,
  };
}
