import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { locales } from '../web/messages.ts';
import { stillAllowed } from './allowed.ts';
import { settingsOf } from './engine-client.ts';
import { promptValues } from './interaction-policy.ts';
import { exposedHeaders } from './machine-endpoints.ts';
import { responseModes } from './provider-internals.ts';

type Body = Record<string, unknown>;

/** What the engine answers, made to say what is so. */
export async function finishAnswer(ctx: KoaContextWithOIDC, provider: Provider): Promise<void> {
  const body = ctx.body as Body | undefined;
  // What lets a script read the answer at all is the engine's to decide.
  if (ctx.response.get('access-control-allow-origin')) ctx.set('access-control-expose-headers', exposedHeaders);
  // RFC 6749 §5.2 has a name for a client that may not use a grant; the engine calls it an invalid request.
  if (body?.error === 'invalid_request' && String(body.error_description).endsWith('is not allowed for this client'))
    body.error = 'unauthorized_client';
  switch (ctx.oidc?.route) {
    case 'discovery':
      if (body) describe(body);
      break;
    case 'introspection':
      if (body?.active) await tellToday(ctx, provider, body);
      break;
    case 'revocation':
      // RFC 7009 §2.2: its content says nothing; some libraries nevertheless parse it (fault C3).
      if (ctx.status === 200) ctx.body = {};
      break;
  }
}

/** OpenID Connect Discovery §3, RFC 8414 §2: what there is, and nothing that there is not (fault C13). */
function describe(metadata: Body): void {
  const methods = metadata.token_endpoint_auth_methods_supported;
  Object.assign(metadata, {
    response_modes_supported: responseModes,
    prompt_values_supported: promptValues,
    ui_locales_supported: locales,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
    // No ID token carries one: our session is not the engine's (decision 6).
    claims_supported: (metadata.claims_supported as string[]).filter((claim) => claim !== 'sid'),
  });
}

/** A token that was made before its client was narrowed is worth no more than one of today (fault A5). */
async function tellToday(ctx: KoaContextWithOIDC, provider: Provider, told: Body): Promise<void> {
  const owner = await provider.Client.find(String(told.client_id));
  const scope = owner && typeof told.scope === 'string' ? stillAllowed(settingsOf(owner), told.scope) : '';
  if (scope === undefined) {
    ctx.body = { active: false };
    return;
  }
  told.scope = scope === '' ? undefined : scope;
  // RFC 7662 §2.2: whoever is told of another's token is whom it is meant for (fault A9).
  const asking = ctx.oidc.client?.clientId;
  if (asking !== told.client_id) told.aud ??= asking;
}
