import type { Configuration, ErrorOut, FindAccount, JWK, KoaContextWithOIDC } from 'oidc-provider';
import { errors } from 'oidc-provider';
import { deviceCodeGrant, identityScopes } from '../clients/client-settings.ts';
import type { Clock } from '../clock.ts';
import { askedLocale } from '../web/messages.ts';
import { acrValues } from './acr.ts';
import { allowed, claimNames, claimsByScope } from './allowed.ts';
import { needsPkce, refuseLooseCode } from './code-binding.ts';
import { type EngineClient, isPublic, settingsOf } from './engine-client.ts';
import { createInteractionPolicy } from './interaction-policy.ts';
import { narrowRequest } from './narrow-request.ts';
import { rotates } from './refresh-grant.ts';
import type { Units } from './unit-of-work.ts';
import { engineCookies } from './visit.ts';

/** What apps may learn of a person, by scope (OpenID Connect Core §5.4). */
export type Claims = {
  sub: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  locale?: string;
};

/** What a scope tells of a person. */
export const claimsOfScope = (claims: Claims, scope: string): Partial<Claims> =>
  only(claims, claimNames(scope.split(' ')));

const only = (claims: Claims, names: readonly string[]): Partial<Claims> =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => names.includes(name)));

/** All times in seconds. */
export const lifetimes = {
  /** Opaque: revocation is immediate, so this only bounds a thief who is never noticed (B33). */
  accessToken: 600,
  /** A JWT lives on after revocation, so it lives five minutes (decision 11). */
  jwtAccessToken: 300,
  authorizationCode: 60,
  idToken: 600,
  interaction: 3600,
  session: 14 * 86_400,
  refreshToken: 30 * 86_400,
  deviceCode: 600,
} as const;

type Needs = {
  issuer: string;
  jwks: JWK[];
  units: Pick<Units, 'current'>;
  clock: Clock;
  claimsOf(accountId: string): Promise<Claims | undefined>;
  renderError(ctx: KoaContextWithOIDC, out: ErrorOut): void;
};

/** The engine's settings, with a reason wherever they differ from its own (K12). */
export function providerConfiguration(needs: Needs): Configuration {
  const findAccount: FindAccount = async (ctx, id, token) => {
    refuseLooseCode(token);
    const claims = await needs.claimsOf(id);
    const { client } = ctx.oidc;
    // In ID tokens and at /userinfo: nothing beyond what the client may have today, whatever it was given once.
    const told = claims && client ? only(claims, allowed(settingsOf(client), { of: 'person' }).claims) : claims;
    return claims && { accountId: id, claims: async () => ({ ...told, sub: claims.sub }) };
  };

  return {
    findAccount,
    jwks: { keys: needs.jwks },
    scopes: [...identityScopes],
    claims: claimsByScope,
    acrValues: [...acrValues],
    // OpenID Connect Core §5.4 allows it, and many clients never ask /userinfo: Microsoft's reads the name nowhere else.
    conformIdTokenClaims: false,
    // Libraries that take the first of the list would leave a secret out (pac4j refuses `none`).
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [deviceCodeGrant], response_types: [] },
    extraClientMetadata: { properties: ['settings'] },
    // What there are keys for, and nothing else is offered.
    enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
    responseTypes: ['code'],
    pkce: { required: ({ oidc }, client) => needsPkce(client, { ...oidc.params }) },
    rotateRefreshToken: rotates,
    // A linked device that could not refresh would be signed out within minutes; offline_access is for the rest.
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && (source.kind === 'DeviceCode' || source.scopes.has('offline_access')),
    // Ours is the session that counts (decision 6); tokens of linked devices outlive a browser's.
    expiresWithSession: async () => false,
    acceptQueryParamAccessTokens: false,
    // OpenID Connect Core §3.1.2.1 requires it; what is compared to the letter has to be there.
    allowOmittingSingleRegisteredRedirectUri: false,
    enableHttpPostMethods: false,
    // They never leave this process (visit.ts).
    cookies: { names: engineCookies, long: { signed: false }, short: { signed: false } },
    routes: {
      authorization: '/auth',
      token: '/token',
      jwks: '/jwks',
      userinfo: '/userinfo',
      introspection: '/introspect',
      revocation: '/revoke',
      pushed_authorization_request: '/par',
      end_session: '/session/end',
      device_authorization: '/device_authorization',
      code_verification: '/link',
    },
    interactions: {
      url: (_ctx, { uid, params }) => {
        const { resumes, locale } = needs.units.current()?.visit ?? {};
        // Once on the way, the address alone says it: the person may have chosen another language since.
        const asked = resumes ? locale : askedLocale(params.ui_locales);
        return `/interaction/${uid}${asked ? `?ui_locales=${asked}` : ''}`;
      },
      policy: createInteractionPolicy(needs),
    },
    // What the device says of itself, shown on the review page; and the key it will redeem with (K6).
    // And the place where a request is cut to what it may get.
    extraParams: { device_name: null, device_model: null, device_type: null, dpop_jkt: null, scope: narrowRequest },
    ttl: {
      AccessToken: (_ctx, token) => (token.resourceServer ? lifetimes.jwtAccessToken : lifetimes.accessToken),
      AuthorizationCode: lifetimes.authorizationCode,
      ClientCredentials: (_ctx, token) => (token.resourceServer ? lifetimes.jwtAccessToken : lifetimes.accessToken),
      DeviceCode: lifetimes.deviceCode,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      Session: lifetimes.session,
      Grant: lifetimes.refreshToken,
      // C9: rotation does not prolong; the end was set when the person allowed it.
      RefreshToken: (ctx, token) => {
        const rotated = ctx?.oidc?.entities.RotatedRefreshToken;
        if (rotated) return Math.max(1, rotated.remainingTTL);
        const grant = ctx?.oidc?.entities.Grant;
        return token.kind && grant ? Math.max(1, grant.remainingTTL) : lifetimes.refreshToken;
      },
    },
    // RFC 9700 §2.6 (C15): only origins the operator named for this app, and pages that live here: browsers name the
    // origin in every POST of a script.
    clientBasedCORS: (_ctx, origin, client) =>
      origin === needs.issuer || settingsOf(client).webOrigins.includes(origin),
    renderError: needs.renderError,
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****' },
      introspection: {
        enabled: true,
        allowedPolicy: async (ctx, client, token) => mayIntrospect(ctx, client, token),
      },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => mayRevoke(isPublic(client), client.clientId, token.clientId),
      },
      // How an app asks for an `acr` that it cannot do without (OpenID Connect Core §5.5).
      claimsParameter: { enabled: true },
      dPoP: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      // For its address in the metadata: what answers there is ours.
      rpInitiatedLogout: { enabled: true },
      clientCredentials: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_ctx, _client, oneOf) => oneOf ?? [],
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx, resource, client) => {
          const { scope, refused } = allowed(settingsOf(client), { of: 'person', resources: [resource] });
          if (refused === 'invalid_target') throw new errors.InvalidTarget();
          return {
            scope: scope.join(' '),
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: lifetimes.jwtAccessToken,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
  };
}

type Introspected = { kind?: string; clientId?: string | undefined; aud?: string | string[] | undefined };

/**
 * RFC 7662 §2.1, §4 (C30, fault A9): an app may ask about its own tokens; a service with a secret about those of apps whose
 * operator has named it, and about what names it as the audience. Everything else is refused.
 */
async function mayIntrospect(ctx: KoaContextWithOIDC, client: EngineClient, token: Introspected): Promise<boolean> {
  const { clientId: owner = '' } = token;
  if (owner === client.clientId) return true;
  // A refresh token is for its own client and nobody else.
  if (isPublic(client) || token.kind === 'RefreshToken') return false;
  const app = await ctx.oidc.provider.Client.find(owner);
  if (!app) return false;
  const audience = [token.aud ?? settingsOf(app).services].flat();
  return audience.includes(client.clientId);
}

/** RFC 7009 §2.1 (C29): its own tokens only; one that proves nothing of itself does not even hear that others exist. */
function mayRevoke(ofDevice: boolean, clientId: string, tokenOf: string | undefined): boolean {
  if (tokenOf === clientId) return true;
  if (ofDevice) return false;
  throw new errors.InvalidRequest('the token belongs to another client');
}
