import { errors } from 'oidc-provider';
import { type EngineClient, isPublic, settingsOf } from './engine-client.ts';

type Asked = { scope?: unknown };
type Code = { kind?: string | undefined; codeChallenge?: string | undefined; nonce?: string | undefined };

/**
 * RFC 9700 §2.1.1: a code opens something for whoever asked for it alone, so that one slipped into another's browser is
 * worth nothing. PKCE does that, for every client (C4); or the nonce in the ID token, where the operator allows it and
 * the client keeps a secret.
 */
export function needsPkce(client: EngineClient, { scope }: Asked): boolean {
  // Without the scope `openid` there is no ID token, and a nonce protects nothing.
  const asksForIdToken = String(scope).split(' ').includes('openid');
  return !(settingsOf(client).pkceOptional && !isPublic(client) && asksForIdToken);
}

/**
 * The other half: a code that nothing ties to its request opens nothing. Refused only here, because OpenID Connect Core
 * §3.1.2.1 leaves it to the client whether a request has a nonce, and such a request is to be answered by a code.
 */
export function refuseLooseCode(token: Code | undefined): void {
  if (token?.kind !== 'AuthorizationCode' || token.codeChallenge || token.nonce) return;
  throw new errors.InvalidGrant('the code was asked for with neither PKCE nor a nonce');
}
