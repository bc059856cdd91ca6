/**
 * Why an authenticator's answer was not taken. For the journal, so that an operator can tell a wrong host name from an
 * attack; the person gets one answer for all.
 */
export type PasskeyRefusal =
  /** No credential as `PublicKeyCredential.toJSON` writes it. */
  | 'unreadable'
  /** Asked for by a page in somebody else's frame (G19). */
  | 'framed'
  /** Not ours, of another purpose or browser, too old, or used before (G1). */
  | 'challenge'
  /** Asked for at another address than the issuer: a page that imitates ours, or a proxy with a second name. */
  | 'origin'
  /** Made for another domain than LATCHKEY_PASSKEY_DOMAIN. */
  | 'domain'
  | 'nobody_present'
  | 'unverified'
  /** No account has it. */
  | 'unknown'
  | 'signature'
  | 'other_account'
  /** Reported lost (E30). */
  | 'lost'
  /** A security key where a passkey is asked for, or one that was never confirmed. */
  | 'not_for_this'
  | 'user_handle'
  /** It says of copies what it did not say when it was made (WebAuthn Level 3, §6.1.3). */
  | 'backup';

/** How the library begins what it throws: the rest may hold text from outside. */
const beginnings: readonly (readonly [string, PasskeyRefusal])[] = [
  ['Custom challenge verifier', 'challenge'],
  ['Unexpected authentication response origin', 'origin'],
  ['Detected cross-origin', 'framed'],
  ['Unexpected cross-origin', 'framed'],
  ['Unexpected top origin', 'framed'],
  ['User not present', 'nobody_present'],
  ['User verification required', 'unverified'],
  ['Unexpected RP ID hash', 'domain'],
];

export function refusalOf(error: unknown): PasskeyRefusal {
  const { message = '' } = error as Error;
  return beginnings.find(([words]) => message.startsWith(words))?.[1] ?? 'unreadable';
}
