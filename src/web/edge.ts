import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import { createTrust, readAddress } from '../limits/address.ts';
import { ownCookies } from './cookies.ts';
import { readableUrl } from './unreadable.ts';

/** More than any sane client sends in a header. */
const longestHeader = 1000;
/** What carries tokens and cookies of ours, which are checked as a whole: cut, they would be others. */
const whole = new Set(['authorization', 'cookie', 'dpop', 'proxy-authorization']);
/** Hops that are looked at. No chain of proxies is longer. */
const mostHops = 20;
/** Characters of a field of a form. A password may have 256, and a sentence of a person's is shorter. */
const longestField = 4000;
/** What would mean something else if it were cut: a passkey's answer, and the request of an app that a page goes on with. */
const longFields = new Set(['credential', 'request']);
const longestLongField = 32 * 1024;

/**
 * The edge: every request passes here before anything else looks at it, and leaves with headers short enough for any
 * pattern (fault B1), addresses that are addresses, of none but trusted proxies (fault B5, C17), and cookies that every
 * parser reads alike (fault A1). Its answer is the address (URL) to route by. `unreadable` is told where a trusted proxy
 * has sent something that is no address.
 */
export function createEdge(config: { trustedProxies: readonly string[]; unreadable(entry: string): void }) {
  const isTrusted = createTrust(config.trustedProxies);

  /** From the nearest hop on, as far as trusted ones tell: what stands before was written by whoever liked to. */
  const believed = (entries: readonly string[]): string[] => {
    const known: string[] = [];
    for (const entry of entries.toReversed().slice(0, mostHops)) {
      const address = readAddress(entry);
      // What is no address falls back to the last one known, in the end the socket's.
      if (!address) config.unreadable(entry.slice(0, 100));
      if (!address) break;
      known.unshift(address);
      if (!isTrusted(address)) break;
    }
    return known;
  };

  return (request: IncomingMessage): string => {
    const { headers } = request;
    const { 'x-forwarded-for': list, forwarded } = headers;
    delete headers.forwarded;
    delete headers['x-forwarded-for'];
    if ((list ?? forwarded) !== undefined && isTrusted(request.socket.remoteAddress)) {
      // The older header first: every proxy writes that one or hands it on as it came, and with it the newer one.
      const known = believed(list === undefined ? forwardedFor(String(forwarded)) : entriesOf(String(list)));
      if (known.length > 0) headers['x-forwarded-for'] = known.join(', ');
    }
    if (headers.cookie !== undefined) headers.cookie = ownCookies(headers.cookie);
    cut(headers);
    return readableUrl(request);
  };
}

function cut(headers: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && value.length > longestHeader && !whole.has(name))
      headers[name] = value.slice(0, longestHeader);
}

const entriesOf = (list: string): string[] =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

/** RFC 7239 §4: the `for` of each hop; a hop that tells none is no address. */
function forwardedFor(header: string): string[] {
  return outsideQuotes(header, ',').map((hop) => {
    const pairs = outsideQuotes(hop, ';').map((pair) => pair.trim());
    return pairs.find((pair) => pair.slice(0, 4).toLowerCase() === 'for=')?.slice(4) ?? 'unknown';
  });
}

function outsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    if (text[at] !== separator || quoted) continue;
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  return [...parts, text.slice(start)];
}

/** A field sent twice keeps its first value: no handler ever meets a list, nor a text that is too long to look through. */
export function firstValues(body: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(body))
    fields[name] ??= value.slice(0, longFields.has(name) ? longestLongField : longestField);
  return fields;
}

/** The parameters of an address, a repeated one as a list, none longer than a field of a form. */
export function shortQuery(text: string): ParsedUrlQuery {
  const parameters = parse(text);
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') parameters[name] = value.slice(0, longestField);
    else parameters[name] = value?.map((one) => one.slice(0, longestField));
  }
  return parameters;
}
