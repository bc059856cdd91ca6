import type { KoaContextWithOIDC } from 'oidc-provider';
import { leavesByPage } from '../web/page.ts';
import type { Visit } from './visit.ts';

/** An answer to an app that the person's browser carries there in a form. */
export type FormPost = { appName: string; redirectUri: string; parameters: Readonly<Record<string, string>> };

/** An answer to an app that is an address of it, for a page of ours to lead to. */
export type GoBack = { appName: string; to: string };

export type ResponseMode = (
  ctx: KoaContextWithOIDC,
  redirectUri: string,
  parameters: Record<string, string>,
) => unknown;

/**
 * OAuth 2.0 Form Post Response Mode. The engine's own page sends itself off by an inline script and asks for a policy that
 * lets it (F13), so the answer is handed to the server, which has pages. It never is in an address: not in the
 * history, not in a log.
 */
export function createFormPostMode(query: ResponseMode): ResponseMode {
  return (ctx, redirectUri, parameters) => {
    // Nothing can be posted to an app on the person's machine by its scheme. Codes do not come this far (clients/client-metadata.ts).
    if (!/^https?:/.test(redirectUri)) return query(ctx, redirectUri, parameters);
    handOver(ctx, { formPost: { appName: ctx.oidc.client?.clientName ?? '', redirectUri, parameters } });
  };
}

/** Whoever goes on after a question of ours has sent a form of ours; whoever was asked nothing is redirected. */
export function createGoBackMode(redirect: ResponseMode): ResponseMode {
  return (ctx, redirectUri, parameters) => {
    redirect(ctx, redirectUri, parameters);
    const { headers, visit } = ctx.req as typeof ctx.req & { visit?: Visit };
    const to = ctx.response.get('location');
    if (visit?.resumes !== undefined && leavesByPage(headers, to))
      handOver(ctx, { goBack: { appName: ctx.oidc.client?.clientName ?? '', to } });
  };
}

/** Leaves the answer to the server, which has pages. */
function handOver(ctx: KoaContextWithOIDC, answer: { formPost: FormPost } | { goBack: GoBack }): void {
  ctx.remove('location');
  ctx.status = 200;
  ctx.body = null;
  ctx.respond = false;
  Object.assign(ctx.req, answer);
}
