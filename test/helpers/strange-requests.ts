import fc from 'fast-check';

/** A request somebody might send: mostly nearly right, sometimes nonsense. */
export type StrangeRequest = {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  remoteAddress: string;
};

export type Route = { method: string; url: string };

/** Values that mean something to the server at the moment of the run, so that requests get past the first check. */
export type Known = {
  /** Ids, codes and tokens for any place in an address or form. */
  values: string[];
  /** Cookies of a browser that is signed in, and the token of its forms. */
  cookies: string;
  csrf: string;
  clientId: string;
  basic: string;
  /** Forms that are in order, to be sent as they are or spoilt in a place or two. */
  forms: Record<string, string>[];
};

/** Words of the protocols and of our own forms. */
const names = [
  ...['client_id', 'client_secret', 'scope', 'grant_type', 'device_code', 'refresh_token', 'code', 'code_verifier'],
  ...['token', 'token_type_hint', 'resource', 'claims', 'dpop_jkt', 'device_name', 'device_model', 'device_type'],
  ...[
    'response_type',
    'response_mode',
    'redirect_uri',
    'state',
    'nonce',
    'prompt',
    'max_age',
    'login_hint',
    'acr_values',
  ],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri', 'id_token_hint', 'ui_locales', 'display'],
  ...['post_logout_redirect_uri', 'xsrf', 'logout', 'csrf', 'email', 'password', 'credential', 'user_code', 'decision'],
  ...[
    'seen',
    'account',
    'action',
    'name',
    'next',
    'locale',
    'theme',
    'problem',
    'reported',
    'what',
    'sent',
    '__proto__',
  ],
];

const words = [
  ...[
    '',
    '0',
    '-1',
    '1e309',
    'null',
    'undefined',
    '[object Object]',
    '{}',
    '[]',
    '{"a":1}',
    'true',
    '%',
    '%00',
    '..',
    '/',
  ],
  ...[
    'openid',
    'openid profile email offline_access',
    'none',
    'login',
    'consent',
    'S256',
    'plain',
    'query',
    'form_post',
  ],
  ...['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
  ...[
    'approve',
    'decline',
    'report',
    'look',
    'rename',
    'unlink',
    'switch',
    'remove',
    'yes',
    'all',
    'code',
    'en',
    'ar',
    'dark',
  ],
  ...['https://app.example/callback', 'javascript:alert(1)', '//evil.example', 'http://[::1', 'sam@example.org', 'a@b'],
  ...[
    'GGGG-GGGG',
    'eyJhbGciOiJub25lIn0.e30.',
    `${'a'.repeat(43)}`,
    "' or 1=1 --",
    '\u0000',
    '\u202e\u2066',
    '🗝️',
    'x'.repeat(3000),
  ],
];

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
);

/** A value of a header: what HTTP allows, no more. */
const headerText = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 80 })).map((value) =>
  Buffer.from(value)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim(),
);

/** Requests to the given routes; `known` is asked anew for each, because what it knows wears out. */
export function strangeRequest(routes: readonly Route[], known: () => Known): fc.Arbitrary<StrangeRequest> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.nat().map((n) => pick(known().values, n) ?? '') },
    { weight: 4, arbitrary: text },
  );
  const pair = fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, text), value);
  const spoilt = fc
    .record({
      form: fc.nat(),
      changes: fc.array(fc.tuple(fc.nat(), value), { maxLength: 2 }),
      more: fc.array(pair, { maxLength: 2 }),
    })
    .map(({ form, changes, more }) => {
      const fields = Object.entries(pick(known().forms, form) ?? {});
      for (const [n, changed] of changes)
        if (n % 3 > 0) fields[n % fields.length] = [fields[n % fields.length]?.[0] ?? '', changed];
      return [...fields, ...more];
    });
  const pairs = fc.oneof({ weight: 3, arbitrary: spoilt }, { weight: 2, arbitrary: fc.array(pair, { maxLength: 8 }) });
  const address = addresses(routes, value, pairs);
  const origins = ['null', 'http://localhost:1', 'https://app.example', 'https://evil.example'];

  const headers = fc.record(
    {
      accept: fc.oneof(fc.constantFrom('text/html', 'application/json', '*/*', 'text/html;q=0.1, */*;q=0'), headerText),
      'content-type': fc.oneof(
        { weight: 6, arbitrary: fc.constant('application/x-www-form-urlencoded') },
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            'application/json',
            'multipart/form-data; boundary=x',
            'text/plain',
            'a/b;charset=utf-7',
          ),
        },
        { weight: 1, arbitrary: headerText },
      ),
      cookie: fc.oneof(
        { weight: 6, arbitrary: fc.nat().map(() => known().cookies) },
        { weight: 1, arbitrary: headerText },
        {
          weight: 1,
          arbitrary: headerText.map(
            (value) => `latchkey-session=${value}; latchkey-flow=${value}; latchkey-engine=${value}`,
          ),
        },
      ),
      authorization: fc.oneof(
        fc.nat().map(() => known().basic),
        value.map((token) => `Bearer ${header(token)}`),
        value.map((token) => `DPoP ${header(token)}`),
        headerText,
      ),
      dpop: headerText,
      origin: fc.oneof(fc.constantFrom(...origins), headerText),
      'sec-fetch-site': fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none', 'nonsense'),
      'accept-language': fc.oneof(fc.constantFrom('de', 'ar', 'xx;q=2', '*', ',,;q=,'), headerText),
      'user-agent': headerText,
      prefer: fc.oneof(
        fc.constantFrom('wait=0', 'wait=-1', 'wait=x', 'wait=1', 'respond-async'),
        headerText.map((value) => value.replace(/wait/gi, '')),
      ),
      'x-forwarded-for': headerText,
      'x-forwarded-host': headerText,
      'x-forwarded-proto': fc.constantFrom('https', 'http', 'javascript'),
      range: fc.constantFrom('bytes=0-1', 'bytes=-', 'lines=1', 'bytes=9-1'),
      'if-none-match': headerText,
      'access-control-request-method': fc.constantFrom('POST', 'DELETE', ''),
      'access-control-request-headers': headerText,
    },
    { requiredKeys: [] },
  );
  const form = fc.tuple(pairs, fc.boolean()).map(([fields, own]) => {
    const all = own ? [...fields, ['csrf', known().csrf], ['client_id', known().clientId]] : fields;
    return new URLSearchParams(all as [string, string][]).toString();
  });
  const body = fc.oneof(
    { weight: 8, arbitrary: form },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  );
  // From everywhere: one network alone would soon be asked to wait.
  const remoteAddress = fc.oneof(fc.ipV4(), fc.ipV6());
  return fc
    .record({ at: address, headers, body, remoteAddress, isForm: fc.nat({ max: 9 }), isOurs: fc.nat({ max: 9 }) })
    .map(({ at, headers: sent, body: content, isForm, isOurs, ...rest }) => {
      // Most look like the browser that is signed in, or they would get no further than its door.
      const { origin, 'sec-fetch-site': site, cookie, ...others } = sent;
      const mine = isOurs > 2 ? { ...others, cookie: known().cookies } : sent;
      const all = isForm > 0 ? { ...mine, 'content-type': 'application/x-www-form-urlencoded' } : mine;
      return { ...at, ...rest, headers: all, body: at.method === 'GET' || at.method === 'HEAD' ? undefined : content };
    });
}

/** One of the routes with its parameters filled in, mostly by its own method; or anywhere else. */
function addresses(
  routes: readonly Route[],
  value: fc.Arbitrary<string>,
  pairs: fc.Arbitrary<[string, string][]>,
): fc.Arbitrary<{ method: string; url: string }> {
  const methods = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'];
  const query = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 3, arbitrary: pairs.map((fields) => `?${new URLSearchParams(fields)}`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map((raw) => `?${inUrl(raw)}`) },
  );
  const here = fc
    .record({
      route: fc.constantFrom(...routes),
      other: fc.nat({ max: 70 }),
      values: fc.array(value, { minLength: 3, maxLength: 3 }),
    })
    .map(({ route, other, values }) => ({
      method: methods[other] ?? route.method,
      path: route.url.replace(/:\w+|\*/g, () => encodeURIComponent((values.pop() ?? 'x').toWellFormed()) || 'x'),
    }));
  const elsewhere = fc.record({
    method: fc.constantFrom(...methods),
    path: fc.oneof(fc.webPath(), fc.string({ maxLength: 60 }).map(inUrl)).map((path) => `/${path.replace(/^\//, '')}`),
  });
  return fc
    .tuple(fc.oneof({ weight: 9, arbitrary: here }, { weight: 1, arbitrary: elsewhere }), query)
    .map(([{ method, path }, search]) => ({ method, url: path + search }));
}

/** What may stand in the first line of a request: no spaces, no controls, nothing beyond ASCII. */
const inUrl = (raw: string): string => raw.replace(/[^\x21-\x7e]/g, '').replace(/[?#]/g, '');
const header = (value: string): string => value.replace(/[^\x21-\x7e]/g, '');
const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % from.length];
