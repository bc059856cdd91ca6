import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { allowed } from './allowed.ts';
import { settingsOf } from './engine-client.ts';

type Params = { scope?: string | undefined; claims?: string | undefined; resource?: string | string[] | undefined };

/**
 * Writes what a request may get in place of what it asks for, before the engine does anything with it: at /auth, /par and
 * /device_authorization, as a check of a parameter, which the engine asks whether or not that is there.
 */
export async function narrowRequest(ctx: KoaContextWithOIDC): Promise<void> {
  const { client } = ctx.oidc;
  if (!client) throw new Error('A request is narrowed before its client is known.');
  const params = ctx.oidc.params as Params;
  const { scope, claims, refused } = allowed(settingsOf(client), { of: 'person', ...askedIn(params) });
  if (refused) throw refusals[refused](params.scope);
  params.scope = scope.join(' ');
  if (params.claims !== undefined) params.claims = JSON.stringify(claimsWithin(JSON.parse(params.claims), claims));
}

/** RFC 6749 §4.4: what a client may have for itself. */
export function narrowOwn(ctx: KoaContextWithOIDC): void {
  const params = ctx.oidc.params as Params;
  const { scope, refused } = allowed(settingsOf(ctx.oidc.client ?? {}), { of: 'client', ...askedIn(params) });
  if (refused) throw refusals[refused](params.scope);
  params.scope = scope.join(' ') || undefined;
}

const askedIn = ({ scope, resource }: Params) => ({
  scope,
  resources: resource === undefined ? [] : [resource].flat(),
});

export const refusals = {
  invalid_scope: (scope: string | undefined) =>
    new errors.InvalidScope('nothing of the requested scope is allowed', scope ?? ''),
  invalid_target: () => new errors.InvalidTarget(),
} as const;

/** OpenID Connect Core §5.5: a claim is asked for by name, which must not lead past the scopes a client may have. */
function claimsWithin(request: Record<string, unknown>, names: readonly string[]): object {
  const within = (part: unknown): object =>
    Object.fromEntries(Object.entries(part ?? {}).filter(([name]) => names.includes(name)));
  return Object.fromEntries(Object.entries(request).map(([part, claims]) => [part, within(claims)]));
}
