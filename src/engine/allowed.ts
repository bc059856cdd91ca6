import { type ClientSettings, identityScopes, scopeSyntax } from '../clients/client-settings.ts';

/** OpenID Connect Core §5.4. */
export const claimsByScope = {
  openid: ['sub', 'auth_time', 'amr', 'acr'],
  profile: ['name', 'preferred_username', 'locale'],
  email: ['email', 'email_verified'],
};

/** The claims that scopes tell. */
export const claimNames = (scope: readonly string[]): string[] =>
  // Scopes of APIs are an operator's words: one called `constructor` is no claim of everybody's.
  scope.flatMap((name) =>
    Object.hasOwn(claimsByScope, name) ? claimsByScope[name as keyof typeof claimsByScope] : [],
  );

type Asked = {
  /** Whose things: those of a person who allows it, or the client's own (RFC 6749 §4.4). */
  of: 'person' | 'client';
  /** As it came; left out or empty: what the operator registered (RFC 6749 §3.3). */
  scope?: string | undefined;
  resources?: readonly string[] | undefined;
};

export type Allowed = {
  scope: string[];
  resources: string[];
  /** Single claims it may be told if it asks for them by name (OpenID Connect Core §5.5). */
  claims: string[];
  /** Set if nothing is left, or a resource is not the client's: nothing at all is given then. */
  refused?: 'invalid_scope' | 'invalid_target';
};

/**
 * What a request may get, of everything there is to be had. The one place that decides it, for every grant and every way
 * there: the fast one and the engine's, the pages that ask a person, the answers with tokens, and what is told of tokens
 * later (faults A5, A6 and C2; B32). What a client may not have is left out, and the answer says what is left (RFC 6749
 * §3.3, §5.1).
 */
export function allowed(client: Pick<ClientSettings, 'grants' | 'scope' | 'resources'>, asked: Asked): Allowed {
  const ceiling = client.scope.split(' ').filter((name) => {
    // Scopes about a person say nothing where there is none.
    if (asked.of === 'client') return !identityScopes.includes(name);
    return name !== 'offline_access' || client.grants.includes('refresh_token');
  });
  const claims = claimNames(['openid', ...ceiling]);
  const resources = [...new Set(asked.resources)];
  const nothing = { scope: [], resources: [], claims };
  if (resources.some((resource) => !client.resources.includes(resource)))
    return { ...nothing, refused: 'invalid_target' };
  // A client that wants nothing in particular for itself may have a token that says who it is and no more.
  if (!asked.scope) {
    const refused = ceiling.length === 0 && asked.of === 'person';
    return refused ? { ...nothing, refused: 'invalid_scope' } : { scope: ceiling, resources, claims };
  }
  if (!scopeSyntax.test(asked.scope)) return { ...nothing, refused: 'invalid_scope' };
  const scope = [...new Set(asked.scope.split(' '))].filter((name) => ceiling.includes(name));
  return scope.length === 0 ? { ...nothing, refused: 'invalid_scope' } : { scope, resources, claims };
}

/**
 * What is left of a scope that was given, since an operator may have narrowed the client; never more than it was. Undefined if
 * nothing is left of what was something: no more tokens are given for that.
 */
export function stillAllowed(
  client: Pick<ClientSettings, 'grants' | 'scope' | 'resources'>,
  given: string,
): string | undefined {
  return given === '' ? '' : allowed(client, { of: 'person', scope: given }).scope.join(' ') || undefined;
}
