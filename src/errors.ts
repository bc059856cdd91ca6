/**
 * Every error a person or a program can meet, by a stable code named after the problem.
 * Anything thrown that is not an AppError is internal: the person sees a reference, the operator sees the rest.
 */
export type ErrorCode = keyof typeof statusOf;

const statusOf = {
  bad_request: 400,
  forged_form: 403,
  not_signed_in: 401,
  not_allowed: 403,
  not_found: 404,
  other_account: 409,
  too_large: 413,
  too_many_tries: 429,
  unavailable: 503,
  internal: 500,
} as const;

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** Epoch milliseconds before which trying again is pointless. */
  readonly retryAt: number | undefined;
  /** What works nevertheless: the end of a message key `web.error.way.…`. */
  readonly way: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAt?: number; way?: string | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = statusOf[code];
    this.retryAt = options.retryAt;
    this.way = options.way;
  }
}
