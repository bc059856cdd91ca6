import { isIP } from 'node:net';
import { ConfigError } from './config-error.ts';

/** Whose passkeys they are, and where else they may be used (WebAuthn Level 3, §5.11). */
export type PasskeyDomain = Readonly<{
  /** The RP ID: for good, for a passkey is made for one name. Undefined where there can be none: see hasPasskeys. */
  passkeyDomain: string | undefined;
  /** Origins that `/.well-known/webauthn` lists; empty if there is nothing to list. */
  relatedOrigins: readonly string[];
}>;

/**
 * Whether browsers make and use passkeys on the issuer's pages: not where it is a bare IP address (WebAuthn Level 3, §5.1.3:
 * the effective domain must be a domain). Nothing offers any then.
 */
export function hasPasskeys(issuer: string): boolean {
  const { hostname } = new URL(issuer);
  return isIP(hostname) === 0 && !hostname.startsWith('[');
}

/** Browsers look at five names; every one more is an address less that works, and each is one more to trust (G8). */
const mostNames = 5;

/** Throws ConfigError. */
export function readPasskeyDomain(text: string | undefined, issuer: URL): string | undefined {
  if (!hasPasskeys(issuer.origin)) {
    if (text === undefined) return undefined;
    throw new ConfigError('LATCHKEY_PASSKEY_DOMAIN needs a LATCHKEY_ISSUER with a name: addresses have no passkeys.');
  }
  const domain = text ?? issuer.hostname;
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain) || isIP(domain))
    throw new ConfigError('LATCHKEY_PASSKEY_DOMAIN must be a host name such as id.example.org.');
  return domain;
}

/** Throws ConfigError. */
export function readRelatedOrigins(text: string | undefined, issuer: URL, domain: string | undefined): string[] {
  const others = (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  if (others.some((one) => !URL.canParse(one) || !one.startsWith('https://') || new URL(one).origin !== one))
    throw new ConfigError(
      'LATCHKEY_RELATED_ORIGINS must be https origins, such as https://example.com,https://example.de.',
    );
  if (domain === undefined) {
    if (others.length === 0) return [];
    throw new ConfigError('LATCHKEY_RELATED_ORIGINS needs a LATCHKEY_ISSUER with a name: addresses have no passkeys.');
  }
  // A parent of the issuer's name needs no list; any other name does, and the issuer is then on it.
  const isOwn = `.${issuer.hostname}`.endsWith(`.${domain}`);
  const origins = [...new Set([...(isOwn ? [] : [issuer.origin]), ...others])];
  if (new Set(origins.map((origin) => new URL(origin).hostname)).size > mostNames)
    throw new ConfigError(`LATCHKEY_RELATED_ORIGINS may name ${mostNames} hosts: browsers look at no more.`);
  return origins;
}
