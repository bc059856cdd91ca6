import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors } from 'oidc-provider';
import { deviceCodeGrant } from '../clients/client-settings.ts';
import { AppError } from '../errors.ts';
import type { DeviceRequests } from './device-requests.ts';
import type { FastAnswer } from './fast-tokens.ts';

/** A body larger than this is no poll. */
const largest = 2048;

type Poll = { deviceCode: string; clientId: string };
type Listener = (request: IncomingMessage, response: ServerResponse) => void;

type Needs = {
  requests: DeviceRequests;
  issuer: string;
  draining: () => boolean;
  /** The tokens of a code that does not wait any more, or undefined if the engine must decide (fast-tokens.ts). */
  redeem(deviceCode: string, clientId: string): Promise<FastAnswer | undefined>;
  /** Told of every answer to a code that does not wait, with the milliseconds it took; polls are counted elsewhere. */
  answered(status: number, duration: number): void;
  /** Told of the milliseconds that one of every `timedOneOf` answers out of memory took. */
  timed(duration: number): void;
};

/** Asking the time costs a hundredth of such an answer, so that is not done for each. */
const timedOneOf = 16;

/**
 * Answers polls in front of everything else: they are what a server does most, a million devices ask 200,000 times a
 * second. What is not plainly the poll of a client without credentials goes on untouched, its body put back.
 */
export function answerPollsFirst(needs: Needs, next: Listener): Listener {
  const { requests, issuer, draining, redeem, answered } = needs;
  const headers = headersFor(issuer);
  const headersOf = (body: string): string[] => [...headers, 'content-length', String(Buffer.byteLength(body))];
  const pendingHeaders = {
    authorization_pending: headersOf(pollBodies.authorization_pending),
    slow_down: headersOf(pollBodies.slow_down),
  };

  let polls = 0;

  const decide = async (
    poll: Poll,
    response: ServerResponse,
    since: number,
    leaveToEngine: (failure?: AppError) => void,
  ): Promise<void> => {
    let decided: FastAnswer | undefined;
    try {
      decided = await redeem(poll.deviceCode, poll.clientId);
    } catch (error) {
      // What fails here fails for the engine, too, which has the words for it; but nobody should wait for an outage twice.
      return leaveToEngine(error instanceof AppError ? error : undefined);
    }
    if (!decided) return leaveToEngine();
    const status = 'error' in decided ? 400 : 200;
    const body = 'error' in decided ? pollBodies[decided.error] : JSON.stringify(decided.tokens);
    response.writeHead(status, [...headersOf(body), 'pragma', 'no-cache']);
    response.end(body);
    answered(status, performance.now() - since);
  };

  return (request, response) => {
    if (!mayBePoll(request, issuer) || draining()) return next(request, response);
    const since = polls++ % timedOneOf === 0 ? performance.now() : undefined;
    request.once('readable', () => {
      const chunk = request.read() as Buffer | null;
      if (chunk) {
        const form =
          chunk.length === Number(request.headers['content-length']) ? pollOf(chunk.toString('latin1')) : undefined;
        const pending = form && requests.pollNow(form.deviceCode, form.clientId);
        if (pending) {
          response.writeHead(400, pendingHeaders[pending]);
          response.end(pollBodies[pending]);
          if (since !== undefined) needs.timed(performance.now() - since);
          return;
        }
        request.unshift(chunk);
        if (form) {
          const leave = (failure?: AppError): void => next(Object.assign(request, { failure }), response);
          return void decide(form, response, performance.now(), leave);
        }
      }
      next(request, response);
    });
  };
}

// Built once: the tail of a poll's latency is garbage. Text, because headers and text leave in one write, headers and a
// buffer in two. RFC 6749 §5.2.
// The engine's own words: whoever asks it hears the same (fault C3).
export const pollBodies = {
  authorization_pending: bodyOf(new errors.AuthorizationPending()),
  slow_down: bodyOf(new errors.SlowDown()),
  access_denied: bodyOf(new errors.AccessDenied()),
  expired_token: bodyOf(new errors.ExpiredToken('device code is expired')),
  invalid_grant: bodyOf(new errors.InvalidGrant('device code not found')),
} as const;

function bodyOf({ error, error_description }: errors.OIDCProviderError): string {
  return JSON.stringify({ error, error_description });
}

function headersFor(issuer: string): string[] {
  return [
    'content-type',
    'application/json; charset=utf-8',
    // RFC 6749 §5.1
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...(issuer.startsWith('https:') ? ['strict-transport-security', 'max-age=31536000; includeSubDomains'] : []),
  ];
}

/** The engine answers whoever proves something, comes from another origin, or would rather wait. */
function mayBePoll({ method, url, headers }: IncomingMessage, issuer: string): boolean {
  const length = Number(headers['content-length']);
  return (
    url === '/token' &&
    method === 'POST' &&
    // An empty body has ended before anyone could put it back.
    length > 0 &&
    length <= largest &&
    isForm(headers['content-type']) &&
    headers.prefer === undefined &&
    headers.authorization === undefined &&
    headers.dpop === undefined &&
    headers.expect === undefined &&
    headers['content-encoding'] === undefined &&
    (headers.origin === undefined || headers.origin === issuer)
  );
}

/** RFC 6749 Appendix B. In other letters, too, it is a form, but not one that is worth a fast way. */
export function isForm(type: string | undefined): boolean {
  return type?.startsWith(form) === true && (type.length === form.length || /[; \t]/.test(type.charAt(form.length)));
}
const form = 'application/x-www-form-urlencoded';

const grantTypes = new Set([deviceCodeGrant, encodeURIComponent(deviceCodeGrant), 'device_code']);
/** What device codes and client ids are made of; anything else would need decoding, which is the engine's job. */
const plain = /^[A-Za-z0-9._~-]+$/;

/** The three parameters of a poll and nothing else, each once (RFC 8628 §3.4), or undefined. */
function pollOf(body: string): Poll | undefined {
  let grantType: string | undefined;
  let deviceCode: string | undefined;
  let clientId: string | undefined;
  for (const pair of body.split('&')) {
    const at = pair.indexOf('=');
    const value = pair.slice(at + 1);
    const name = pair.slice(0, at);
    if (name === 'grant_type' && grantType === undefined) grantType = value;
    else if (name === 'device_code' && deviceCode === undefined) deviceCode = value;
    else if (name === 'client_id' && clientId === undefined) clientId = value;
    else return undefined;
  }
  if (!grantType || !deviceCode || !clientId) return undefined;
  if (!grantTypes.has(grantType) || !plain.test(deviceCode) || !plain.test(clientId)) return undefined;
  return { deviceCode, clientId };
}
