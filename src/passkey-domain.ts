/** Whose passkeys they are, and where else they may be used (WebAuthn Level 3, §5.11). */
export type PasskeyDomain = Readonly<{
  /** The RP ID: for good, for a passkey is made for one name. */
  passkeyDomain: string;
  /** Origins that `/.well-known/webauthn` lists; empty if there is nothing to list. */
  relatedOrigins: readonly string[];
}>;

/** Browsers look at five names; every one more is an address less that works, and each is one more to trust (G8). */
const mostNames = 5;

/** `fail` is told what to set otherwise, and throws. */
export function readPasskeyDomain(
  value: (name: string) => string | undefined,
  issuer: URL,
  fail: (problem: string) => never,
): PasskeyDomain {
  const passkeyDomain = value('LATCHKEY_PASSKEY_DOMAIN') ?? issuer.hostname;
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(passkeyDomain) && passkeyDomain !== issuer.hostname)
    fail('LATCHKEY_PASSKEY_DOMAIN must be a host name such as id.example.org.');
  const listed = (value('LATCHKEY_RELATED_ORIGINS') ?? '').split(',').map((text) => text.trim());
  const others = listed.filter(Boolean);
  if (others.some((text) => !URL.canParse(text) || !text.startsWith('https://') || new URL(text).origin !== text))
    fail('LATCHKEY_RELATED_ORIGINS must be https origins, such as https://example.com,https://example.de.');
  // A parent of the issuer's name needs no list; any other name does, and the issuer is then on it.
  const isOwn = `.${issuer.hostname}`.endsWith(`.${passkeyDomain}`);
  const relatedOrigins = [...new Set([...(isOwn ? [] : [issuer.origin]), ...others])];
  if (new Set(relatedOrigins.map((origin) => new URL(origin).hostname)).size > mostNames)
    fail(`LATCHKEY_RELATED_ORIGINS may name ${mostNames} hosts: browsers look at no more.`);
  return { passkeyDomain, relatedOrigins };
}
