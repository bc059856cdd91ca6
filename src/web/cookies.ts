import type { CookieSerializeOptions } from '@fastify/cookie';

export type CookieName = 'browser' | 'session' | 'flow' | 'locale' | 'theme';

/** `__Host-` keeps a sibling or parent domain from planting the cookie; browsers accept it over https only. */
export function cookieNames(secure: boolean): (name: CookieName) => string {
  return (name) => `${secure ? '__Host-' : ''}latchkey-${name}`;
}

/** `maxAge` in milliseconds; without it the cookie ends with the browser. */
export function cookieOptions({ secure, maxAge }: { secure: boolean; maxAge?: number }): CookieSerializeOptions {
  return {
    path: '/',
    httpOnly: true,
    secure,
    sameSite: 'lax',
    ...(maxAge === undefined ? {} : { maxAge: Math.floor(maxAge / 1000) }),
  };
}
