import { LinkError } from './link-error.ts';
import { aborted, type Outside, wait } from './outside.ts';

export type Json = Record<string, unknown>;

/** One answer of the issuer, or the lack of one (`status` 0). */
export type Answer = {
  status: number;
  /** Undefined when the body is no JSON object: a captive portal, a proxy's error page. */
  body: Json | undefined;
  /** Milliseconds the issuer asks to be left alone. */
  retryAfter: number;
  /** The issuer kept the request open, or would have (RFC 7240 §3): the next may follow sooner. */
  held: boolean;
  cause?: unknown;
};

export type Client = { clientId: string; clientSecret?: string | undefined };

/** Short: what was lost to a dead socket must be asked for again while the issuer still remembers its answer. */
export const requestTimeout = 10_000;
const attempts = 4;
const longestPatience = 15_000;

/** Never throws for the network; throws `aborted` when the caller gave up. */
export async function send(
  outside: Outside,
  url: string,
  init: RequestInit,
  signal?: AbortSignal,
  timeout = requestTimeout,
): Promise<Answer> {
  if (signal?.aborted) throw aborted(signal);
  const control = new AbortController();
  const stop = () => control.abort();
  signal?.addEventListener('abort', stop, { once: true });
  const timer = outside.time.setTimeout(stop, timeout);
  try {
    const response = await outside.fetch(url, {
      credentials: 'omit',
      cache: 'no-store',
      ...init,
      signal: control.signal,
    });
    const retryAfter = readRetryAfter(response.headers.get('retry-after'), outside.time.date());
    const held = /\bwait\b/i.test(response.headers.get('preference-applied') ?? '');
    return { status: response.status, body: parseObject(await response.text()), retryAfter, held };
  } catch (cause) {
    if (signal?.aborted) throw aborted(signal);
    return { status: 0, body: undefined, retryAfter: 0, held: false, cause };
  } finally {
    outside.time.clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** A form as OAuth sends it. A redirect is an error: it would carry the device code or the secret elsewhere. */
export function form(
  client: Client,
  fields: Record<string, string | string[] | undefined>,
  extra: Record<string, string> = {},
): RequestInit {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one) body.append(name, one);
  }
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    ...extra,
  };
  if (client.clientSecret === undefined) body.set('client_id', client.clientId);
  // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
  else headers.authorization = `Basic ${btoa(`${formEncode(client.clientId)}:${formEncode(client.clientSecret)}`)}`;
  // A string, so that a browser sees a simple request and asks no CORS preflight of a public client.
  return { method: 'POST', headers, body: body.toString(), redirect: 'error' };
}

/** No answer, or one that a later attempt may improve. */
export function isTransient(answer: Answer): boolean {
  return answer.status === 0 || answer.status === 408 || answer.status === 429 || answer.status >= 500;
}

/** A few attempts with growing pauses, for requests a person is waiting for. */
export async function persist(
  outside: Outside,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  for (let tried = 1; ; tried++) {
    const answer = await attempt();
    const pause = Math.max(withJitter(outside, 1000 * 2 ** (tried - 1)), answer.retryAfter);
    if (!isTransient(answer)) return answer;
    if (tried === attempts || pause > longestPatience) throw troubleOf(answer);
    await wait(outside.time, pause, signal);
  }
}

/** Only ever longer: after an outage, many devices must not come back in the same instant. */
export function withJitter(outside: Outside, milliseconds: number): number {
  return Math.round(milliseconds * (1 + outside.random() / 5));
}

export function troubleOf(answer: Answer): LinkError {
  if (answer.status === 0) return new LinkError('network', 'The issuer could not be reached.', { cause: answer.cause });
  return new LinkError('server', `The issuer answered ${answer.status}.`, oauthErrorOf(answer));
}

export function oauthErrorOf(answer: Answer): { oauthError: string | undefined; description: string | undefined } {
  return { oauthError: text(answer.body?.error), description: text(answer.body?.error_description) };
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Seconds of a wire field; some issuers send numbers as strings. */
export function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined;
}

function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}

function parseObject(body: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Math.max(0, milliseconds || 0);
}
