/** Stable codes: programs branch on these, never on messages. */
export type LinkErrorCode =
  /** Somebody pressed "No" on their phone. */
  | 'declined'
  /** The code ran out before anybody approved it. */
  | 'expired'
  /** `cancel()` was called, or the caller's signal fired. */
  | 'aborted'
  /** The issuer could not be reached after several attempts. */
  | 'network'
  /** The issuer answered, but with a fault or with something that is no OAuth answer. */
  | 'server'
  /** The issuer said no for good: unknown client, unknown scope … `oauthError` says which. */
  | 'refused'
  /** The refresh or access token is dead: the device was unlinked, or the link ended. Sign in again. */
  | 'signed_out'
  /** The issuer's metadata is missing, belongs to somebody else, or lacks the endpoint. */
  | 'discovery'
  /** The issuer or one of its endpoints is plain http outside this machine. */
  | 'insecure';

export class LinkError extends Error {
  readonly code: LinkErrorCode;
  /** The `error` of RFC 6749 §5.2, when the issuer sent one. */
  readonly oauthError: string | undefined;
  /** Its `error_description`: for the log, not for the screen. */
  readonly description: string | undefined;

  constructor(
    code: LinkErrorCode,
    message: string,
    details: { oauthError?: string | undefined; description?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'LinkError';
    this.code = code;
    this.oauthError = details.oauthError;
    this.description = details.description;
  }
}
