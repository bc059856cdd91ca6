import type { KoaContextWithOIDC } from 'oidc-provider';

/** An answer to an app that the person's browser carries there in a form. */
export type FormPost = { appName: string; redirectUri: string; parameters: Readonly<Record<string, string>> };

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
    // Nothing can be posted to an app on the person's machine by its scheme. Codes do not come this far (clients.ts).
    if (!/^https?:/.test(redirectUri)) return query(ctx, redirectUri, parameters);
    ctx.status = 200;
    ctx.body = null;
    ctx.respond = false;
    const { client } = ctx.oidc;
    Object.assign(ctx.req, { formPost: { appName: client?.clientName ?? '', redirectUri, parameters } });
  };
}
