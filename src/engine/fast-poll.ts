import type { IncomingMessage, ServerResponse } from 'node:http';
import { deviceCodeGrant } from '../clients/clients.ts';
import type { DeviceRequests } from './device-requests.ts';

/** A body larger than this is no poll. */
const largest = 2048;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers pending polls in front of everything else: they are what a server does most, a million devices ask 200,000
 * times a second. What is not plainly a pending poll goes on untouched, its body put back.
 *
 * No credentials are checked, because only clients without any are answered here (`pollNow`).
 */
export function answerPollsFirst(
  { requests, issuer, draining }: { requests: DeviceRequests; issuer: string; draining: () => boolean },
  next: Listener,
): Listener {
  const headers = headersFor(issuer);
  return (request, response) => {
    if (!mayBePoll(request, issuer) || draining()) return next(request, response);
    request.once('readable', () => {
      const chunk = request.read() as Buffer | null;
      if (chunk) {
        const form =
          chunk.length === Number(request.headers['content-length']) ? pollOf(chunk.toString('latin1')) : undefined;
        const answer = form && requests.pollNow(form.deviceCode, form.clientId);
        if (answer) {
          const body = bodies[answer];
          response.writeHead(400, [...headers, 'content-length', String(body.length)]);
          response.end(body);
          return;
        }
        request.unshift(chunk);
      }
      next(request, response);
    });
  };
}

// Built once: the tail of a poll's latency is garbage. Text, because headers and text leave in one write, headers and a
// buffer in two. RFC 6749 §5.2.
const bodies = {
  authorization_pending: JSON.stringify({ error: 'authorization_pending' }),
  slow_down: JSON.stringify({ error: 'slow_down' }),
} as const;

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
    headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true &&
    headers.prefer === undefined &&
    headers.authorization === undefined &&
    headers.dpop === undefined &&
    headers.expect === undefined &&
    (headers.origin === undefined || headers.origin === issuer)
  );
}

const grantTypes = new Set([deviceCodeGrant, encodeURIComponent(deviceCodeGrant), 'device_code']);
/** What device codes and client ids are made of; anything else would need decoding, which is the engine's job. */
const plain = /^[A-Za-z0-9._~-]+$/;

/** The three parameters of a poll and nothing else, each once (RFC 8628 §3.4), or undefined. */
function pollOf(body: string): { deviceCode: string; clientId: string } | undefined {
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
