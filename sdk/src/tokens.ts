import { LinkError } from './link-error.ts';
import { discover, type IssuerOptions, required } from './metadata.ts';
import { outsideOf } from './outside.ts';
import { type Answer, type Client, form, oauthErrorOf, persist, seconds, send, text, troubleOf } from './wire.ts';

/** Keep these in a file or store that only this device's user can read. */
export type Tokens = {
  accessToken: string;
  /** Epoch milliseconds; undefined when the issuer does not say. */
  expiresAt: number | undefined;
  /** Rotates: after each refresh, store the new one before anything else. */
  refreshToken: string | undefined;
  /** Not verified here. Ask `userInfo()` who it is, or verify it with a JOSE library. */
  idToken: string | undefined;
  scope: string | undefined;
};

/** Who the device is linked to (OpenID Connect Core §5.1); further claims as the issuer sends them. */
export type UserInfo = { sub: string; name?: string; email?: string; [claim: string]: unknown };

/**
 * New tokens for old. A lost answer is asked for again with the same token, at once: an issuer that rotates answers
 * such a retry with the same tokens, and with any other issuer nothing is lost that was not lost already.
 * Rejects with `signed_out` when the device was unlinked.
 */
export async function refreshTokens(
  options: IssuerOptions & Client & { refreshToken: string; scope?: string | undefined },
): Promise<Tokens> {
  const outside = outsideOf(options);
  const { tokenEndpoint } = await discover(options);
  const request = form(options, {
    grant_type: 'refresh_token',
    refresh_token: options.refreshToken,
    scope: options.scope,
  });
  const answer = await persist(outside, options.signal, () => send(outside, tokenEndpoint, request, options.signal));
  if (answer.status !== 200) throw refusalOf(answer);
  const tokens = readTokens(answer, outside.time.date(), options.scope);
  return { ...tokens, refreshToken: tokens.refreshToken ?? options.refreshToken };
}

/** RFC 7009. Pass the refresh token: it takes the access tokens with it. Succeeds for tokens already dead (§2.2). */
export async function revoke(
  options: IssuerOptions & Client & { token: string; tokenTypeHint?: 'refresh_token' | 'access_token' | undefined },
): Promise<void> {
  const outside = outsideOf(options);
  const endpoint = required('revocation_endpoint', (await discover(options)).revocationEndpoint);
  const request = form(options, { token: options.token, token_type_hint: options.tokenTypeHint });
  const answer = await persist(outside, options.signal, () => send(outside, endpoint, request, options.signal));
  if (answer.status !== 200) throw refusalOf(answer);
}

/** Rejects with `signed_out` when the access token is dead: refresh it, and if that fails too, sign in again. */
export async function userInfo(options: IssuerOptions & { accessToken: string }): Promise<UserInfo> {
  const outside = outsideOf(options);
  const endpoint = required('userinfo_endpoint', (await discover(options)).userinfoEndpoint);
  const headers = { accept: 'application/json', authorization: `Bearer ${options.accessToken}` };
  const request: RequestInit = { headers, redirect: 'error' };
  const answer = await persist(outside, options.signal, () => send(outside, endpoint, request, options.signal));
  if (answer.status === 401) throw new LinkError('signed_out', 'The access token is dead.', oauthErrorOf(answer));
  const sub = text(answer.body?.sub);
  if (answer.status !== 200 || sub === undefined) throw refusalOf(answer);
  return { ...answer.body, sub };
}

/** Parses RFC 6749 §5.1. */
export function readTokens(answer: Answer, now: number, requestedScope: string | undefined): Tokens {
  const body = answer.body ?? {};
  const accessToken = text(body.access_token);
  // RFC 6749 §7.1: a token of a type one does not understand must not be used.
  if (accessToken === undefined || text(body.token_type)?.toLowerCase() !== 'bearer') {
    throw new LinkError('server', 'The issuer sent no bearer token.');
  }
  const lifetime = seconds(body.expires_in);
  return {
    accessToken,
    expiresAt: lifetime === undefined ? undefined : now + lifetime * 1000,
    refreshToken: text(body.refresh_token),
    idToken: text(body.id_token),
    // RFC 6749 §5.1: absent means "as requested".
    scope: text(body.scope) ?? requestedScope,
  };
}

export function refusalOf(answer: Answer): LinkError {
  const details = oauthErrorOf(answer);
  if (details.oauthError === undefined) return troubleOf(answer);
  if (details.oauthError === 'invalid_grant') return new LinkError('signed_out', 'The link has ended.', details);
  return new LinkError('refused', `The issuer refused: ${details.oauthError}.`, details);
}
