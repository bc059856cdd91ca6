import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import type { AccountId } from '../ids.ts';

/** Whom an ID token is about, and the app it was made for. */
export type IdTokenHint = { accountId: AccountId; clientId: string };

/**
 * What an ID token of ours says, however old: an app gives back what it was given at the sign-in (RP-Initiated Logout §2).
 * Undefined if we did not sign it, or signed it as something else: a JWT access token is nobody's hint (RFC 8725 §3.11).
 */
export async function readIdTokenHint(
  hint: string,
  { issuer, keys }: { issuer: string; keys: readonly JWK[] },
): Promise<IdTokenHint | undefined> {
  const known = createLocalJWKSet({ keys: [...keys] });
  const opened = await compactVerify(hint, known, { algorithms: ['ES256', 'RS256'] }).catch(() => undefined);
  if (!opened || (opened.protectedHeader.typ ?? 'JWT') !== 'JWT') return undefined;
  const { iss, sub, aud } = JSON.parse(new TextDecoder().decode(opened.payload)) as Record<string, unknown>;
  return iss === issuer && typeof sub === 'string' && typeof aud === 'string'
    ? { accountId: sub as AccountId, clientId: aud }
    : undefined;
}
