import { AppError } from '../errors.ts';

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Scopes about the person; every other scope is an API's own business (RFC 8707). */
export const identityScopes: readonly string[] = ['openid', 'offline_access', 'profile', 'email'];

/** RS256 is for the apps that verify nothing else. */
const idTokenAlgs = ['ES256', 'RS256'] as const;
export type IdTokenAlg = (typeof idTokenAlgs)[number];

/** What an operator decides about an app, and may change. */
export type ClientSettings = {
  grants: string[];
  redirectUris: string[];
  /** Where a person may be sent after signing out (OpenID Connect RP-Initiated Logout §3.1). */
  postLogoutRedirectUris: string[];
  /** What it may ask for, space separated; the ceiling for every grant (B32). */
  scope: string;
  /** Origins whose scripts may call the token endpoints (C15). */
  webOrigins: string[];
  /** Resource servers for which it may get JWT access tokens (RFC 8707). */
  resources: string[];
  /** Clients for which its opaque access tokens are meant, and that may introspect them (RFC 7662 §4). */
  services: string[];
  /** How long a linked device stays linked at most, in days (B33, C9). */
  deviceDays: number;
  /** Every access token must be bound to a key (RFC 9449 §5.2). */
  dpopRequired: boolean;
  /** With a secret, and a `nonce` in the request, it may do without PKCE (RFC 9700 §2.1.1). */
  pkceOptional: boolean;
  /** What signs its ID tokens (OpenID Connect Registration §2). */
  idTokenAlg: IdTokenAlg;
};

/** What is not named is as it is by default. */
export type GivenSettings = {
  [Name in Exclude<keyof ClientSettings, 'grants' | 'idTokenAlg'>]?: ClientSettings[Name] | undefined;
} & { grants: string[]; idTokenAlg?: string | undefined };

const grantNames = new Map([
  ['device_code', deviceCodeGrant],
  [deviceCodeGrant, deviceCodeGrant],
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  ['client_credentials', 'client_credentials'],
]);

/** RFC 6749 §3.3, after which nothing an app may ask for is refused for its letters. */
export const scopeSyntax = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/;

/** As stored, whichever version stored it: what is younger than a client has its default there. */
export const readSettings = (json: string): ClientSettings => ({
  postLogoutRedirectUris: [],
  services: [],
  pkceOptional: false,
  ...(JSON.parse(json) as Omit<ClientSettings, 'postLogoutRedirectUris' | 'services' | 'pkceOptional'>),
});

/** Rejects with AppError whatever could never work or would not be safe, in words for the operator. */
export function checkedSettings(input: GivenSettings, ofPublicClient: boolean): ClientSettings {
  const grants = [...new Set(input.grants.map(grantNamed))];
  checkGrants(grants, ofPublicClient);
  const { redirectUris = [], postLogoutRedirectUris = [], webOrigins = [], resources = [], services = [] } = input;
  if (grants.includes('authorization_code') && redirectUris.length === 0)
    throw refusal('The authorization_code grant needs a redirect URI.');
  const returnUris = [...redirectUris, ...postLogoutRedirectUris];
  for (const uri of [...returnUris, ...webOrigins, ...resources])
    if (!URL.canParse(uri)) throw refusal(`"${uri}" is not an address.`);
  for (const uri of returnUris) checkRedirectUri(uri);
  for (const uri of webOrigins) checkOrigin(uri);
  // RFC 8707 §2
  for (const uri of resources) if (uri.includes('#')) throw refusal(`The resource "${uri}" must have no fragment.`);
  const { scope = 'openid profile email offline_access', deviceDays = 30, pkceOptional = false } = input;
  if (!scopeSyntax.test(scope))
    throw refusal(`"${scope}" is no scope: words of plain letters with one space between, and at least one.`);
  if (!Number.isInteger(deviceDays) || deviceDays < 1 || deviceDays > 365)
    throw refusal('A device stays linked for 1 to 365 days.');
  const idTokenAlg = idTokenAlgs.find((alg) => alg === (input.idTokenAlg ?? 'ES256'));
  if (!idTokenAlg) throw refusal(`An ID token is signed with ${idTokenAlgs.join(' or ')}.`);
  if (pkceOptional) checkWithoutPkce(grants, scope, ofPublicClient);
  return {
    grants,
    redirectUris: [...new Set(redirectUris)],
    postLogoutRedirectUris: [...new Set(postLogoutRedirectUris)],
    scope: [...new Set(scope.split(' '))].join(' '),
    webOrigins: [...new Set(webOrigins.map((origin) => new URL(origin).origin))],
    resources: [...new Set(resources)],
    services: [...new Set(services)],
    deviceDays,
    dpopRequired: input.dpopRequired ?? false,
    pkceOptional,
    idTokenAlg,
  };
}

const refusal = (message: string): AppError => new AppError('bad_request', message);

function grantNamed(name: string): string {
  const grant = grantNames.get(name);
  if (!grant) throw refusal(`There is no grant "${name}". Use ${[...grantNames.keys()].join(', ')}.`);
  return grant;
}

/** A client that could be registered and never get anything is a mistake that its maker finds out about last. */
function checkGrants(grants: readonly string[], ofPublicClient: boolean): void {
  if (grants.length === 0) throw refusal('A client needs at least one grant, such as device_code.');
  if (grants.every((grant) => grant === 'refresh_token'))
    throw refusal('With refresh_token alone there is never anything to refresh: add another grant.');
  // RFC 6749 §4.4
  if (ofPublicClient && grants.includes('client_credentials'))
    throw refusal('The client_credentials grant is for clients with a secret: without one, anybody is this client.');
}

/** RFC 9700 §2.1.1: only what can keep a secret, and checks `nonce` in an ID token, may do without PKCE. */
function checkWithoutPkce(grants: readonly string[], scope: string, ofPublicClient: boolean): void {
  // A secret that ships with devices is none (RFC 8628 §5.6).
  if (ofPublicClient || grants.includes(deviceCodeGrant))
    throw refusal('PKCE is optional only for clients whose secret stays on a server: not public ones, nor on devices.');
  if (!grants.includes('authorization_code') || !scope.split(' ').includes('openid'))
    throw refusal('PKCE is optional only with authorization_code and the scope openid: nonce takes its place.');
}

/** RFC 6454 §7: what has no origin of its own is `null`, and so is every page in a sandbox. */
function checkOrigin(uri: string): void {
  const { origin, href } = new URL(uri);
  if (!/^https?:/.test(origin) || href !== `${origin}/`)
    throw refusal(`The web origin "${uri}" must be http or https, a host and a port, and nothing behind them.`);
}

/** C2: a code must not travel in the clear, and a fragment would be cut off. */
function checkRedirectUri(uri: string): void {
  const { protocol, hostname } = new URL(uri);
  if (uri.includes('#')) throw refusal(`The redirect URI "${uri}" must have no fragment.`);
  if (protocol === 'http:' && !isLoopback(hostname))
    throw refusal(`The redirect URI "${uri}" must be https, or http on this machine's own address.`);
  // RFC 8252 §7.1: a name the app's maker owns, reversed, so that no other app takes it by accident.
  if (protocol !== 'http:' && protocol !== 'https:' && !protocol.includes('.'))
    throw refusal(`The scheme of "${uri}" must be a reversed domain name, such as com.example.app.`);
}

/** RFC 8252 §7: loopback addresses and private-use schemes belong to apps on the person's own machine. */
export function isForNativeApp(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'https:' && (protocol !== 'http:' || isLoopback(hostname));
}

const isLoopback = (hostname: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
