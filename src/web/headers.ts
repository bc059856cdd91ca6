import type { FastifyHelmetOptions } from '@fastify/helmet';

/** F13, C18, C19: nothing from elsewhere, nothing inline, framed by nobody. */
const policy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'manifest-src': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
  'object-src': ["'none'"],
};

/** `formTargets` are where forms of this page may be sent or redirected to; Chrome applies form-action to redirects too. */
export function contentSecurityPolicy(formTargets: readonly string[] = ["'self'"]): string {
  // A target with a space or semicolon could write directives of its own.
  const isSafe = (target: string): boolean => target === "'self'" || /^[a-z][a-z0-9+.-]*:[^\s;,'"]*$/i.test(target);
  const safe = formTargets.filter(isSafe);
  const directives = { ...policy, 'form-action': safe.length > 0 ? safe : ["'none'"] };
  return Object.entries(directives)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
}

export function helmetOptions(secure: boolean): FastifyHelmetOptions {
  return {
    // Set by ourselves: the library would put it together anew for every request.
    contentSecurityPolicy: false,
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  };
}

/** Passkeys everywhere; the camera only where a QR code may be scanned. */
export function permissionsPolicy(url: string): string {
  const camera = /^\/link(?:\?|$)/.test(url) ? '(self)' : '()';
  return [
    'publickey-credentials-get=(self)',
    'publickey-credentials-create=(self)',
    `camera=${camera}`,
    'geolocation=()',
    'microphone=()',
    'payment=()',
    'usb=()',
  ].join(', ');
}
