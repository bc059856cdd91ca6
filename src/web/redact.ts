/** Addresses whose last part is a secret or a code, with the name that takes its place in logs. */
const secretPaths: readonly [RegExp, string][] = [
  [/^\/+l\/.*/i, '/l/[code]'],
  // Typed by hand, under whatever name; ids of links have a dot.
  [/^\/+(?:link|activate|device|pair|tv)\/+[^/.]+\/*$/i, '/link/[code]'],
  [/^\/+devices\/+undo\/.*/i, '/devices/undo/[token]'],
  [/^\/+activity\/+undo\/.*/i, '/activity/undo/[token]'],
  [/^\/+signup\/+link\/.*/i, '/signup/link/[token]'],
  [/^\/+security\/+email\/+undo\/.*/i, '/security/email/undo/[token]'],
  [/^\/+security\/+addresses\/+link\/.*/i, '/security/addresses/link/[token]'],
  [/^\/+recover\/+(link|cancel|finish)\/.*/i, '/recover/$1/[token]'],
];

/** Parameters that tell nothing about a person or a code; every other value is left out. */
const openParameters = new Set(['ui_locales', 'response_type', 'client_id', 'prompt', 'page']);

/** The address as a log may keep it (F29, F32). */
export function redactUrl(url: string): string {
  // A request may name the whole address (RFC 9112 §3.2.2), which must not carry a code past the patterns.
  const [path = '', query] = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '').split('?', 2);
  // Percent-encoding must not carry a code past the patterns: the router decodes, so this decodes.
  const decoded = decode(path);
  const secret = secretPaths.find(([pattern]) => pattern.test(decoded));
  const shown = secret ? decoded.replace(...secret) : path;
  if (query === undefined) return shown;
  const parameters = [...new URLSearchParams(query)].map(([name, value]) =>
    openParameters.has(name)
      ? `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
      : `${encodeURIComponent(name)}=[…]`,
  );
  return `${shown}?${parameters.join('&')}`;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Only what explains the failure: drivers hang queries with their parameters on their errors. */
export function serializeError(error: Error & { code?: unknown; cause?: unknown }): {
  type: string;
  message: string;
  stack: string;
  code?: unknown;
  cause?: object;
} {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack ?? '',
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.cause instanceof Error ? { cause: serializeError(error.cause) } : {}),
  };
}
