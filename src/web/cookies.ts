import type { SerializeOptions } from '@fastify/cookie';

export type CookieName = 'browser' | 'session' | 'flow' | 'locale' | 'theme';

/** `__Host-` keeps a sibling or parent domain from planting the cookie; browsers accept it over https only. */
export function cookieNames(secure: boolean): (name: CookieName) => string {
  return (name) => `${secure ? '__Host-' : ''}latchkey-${name}`;
}

/** A cookie of ours as browsers send it back: the name to the letter, and a value of the characters that we use. */
const ourPair = /^ ?((?:__Host-)?latchkey-[a-z]+)=[\w.-]+$/;

/**
 * What is left of a Cookie header (RFC 6265 §4.2.1) before anything reads it: cookies of ours, written as we write them.
 * Parsers differ in what else they take for the same name, be it with white space, quotes or for the second time; and
 * where one of ours comes twice, a sibling or parent domain has planted one, and nobody can say which.
 */
export function ownCookies(header: string): string {
  const pairs = new Map<string, string | undefined>();
  for (const text of header.split(';')) {
    const name = ourPair.exec(text)?.[1];
    if (name) pairs.set(name, pairs.has(name) ? undefined : text.trimStart());
  }
  return [...pairs.values()].filter((pair) => pair !== undefined).join('; ');
}

/** `maxAge` in milliseconds; without it the cookie ends with the browser. */
export function cookieOptions({ secure, maxAge }: { secure: boolean; maxAge?: number }): SerializeOptions {
  return {
    path: '/',
    httpOnly: true,
    secure,
    sameSite: 'lax',
    ...(maxAge === undefined ? {} : { maxAge: Math.floor(maxAge / 1000) }),
  };
}
