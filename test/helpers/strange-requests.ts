import fc from 'fast-check';
import type { KnownForm, Route } from './strange-map.ts';
import { anyContentType, anyHeaders, anyName, anyText, headerText, inHeader, inUrl } from './strange-values.ts';

/** A request somebody might send: mostly nearly right, sometimes nonsense. */
export type StrangeRequest = {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  remoteAddress: string;
  /** Whose browser sends it, if it is one that may learn from the answer. */
  visitor: number | undefined;
};

/** What means something to the server at the moment of the run; asked anew for each request, because it wears out. */
export type Known = {
  /** Ids, codes and tokens for any place in an address or form. */
  value(n: number): string;
  /** A form or an address the server has shown. */
  form(endpoint: number, entry: number): KnownForm;
  /** The headers of a browser that is signed in, and the token of its forms. */
  visitor(n: number): { cookie: string; csrf: string; index: number };
  /** For `Authorization`. */
  credential(n: number): string;
};

type Target = { method: string; url: string; fields: [string, string][] };

const methods = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'];

export function strangeRequest(routes: readonly Route[], known: Known): fc.Arbitrary<StrangeRequest> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.nat().map((n) => known.value(n)) },
    { weight: 4, arbitrary: anyText },
  );
  const pairs = fc.array(fc.tuple(anyName, value), { maxLength: 6 });
  const target = fc.oneof(
    { weight: 7, arbitrary: shown(known, value) },
    { weight: 3, arbitrary: fc.tuple(somewhere(routes, value), pairs).map(([at, fields]) => ({ ...at, fields })) },
  );
  const extras = fc.record({
    visitor: fc.nat(),
    // Most look like the browser that is signed in, or they would get no further than its door.
    stranger: fc.nat({ max: 9 }),
    cookie: headerText.map((text) => `latchkey-session=${text}; latchkey-flow=${text}; latchkey-engine=${text}`),
    sends: fc.nat({ max: 19 }),
    raw: fc.oneof(
      fc.json(),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    ),
    contentType: anyContentType,
    authorization: fc.nat({ max: 9 }),
    credential: fc.oneof(
      { weight: 4, arbitrary: fc.nat().map((n) => known.credential(n)) },
      { weight: 1, arbitrary: value.map((token) => `Bearer ${inHeader(token)}`) },
      { weight: 1, arbitrary: headerText },
    ),
    // From everywhere, directly or through the proxy that is trusted: one network alone would soon be asked to wait.
    remoteAddress: fc.oneof(fc.ipV4(), fc.ipV6()),
    far: fc.nat({ max: 3 }),
  });
  return fc.tuple(target, anyHeaders, fc.nat({ max: 3 }), extras).map(([to, more, plain, extra]) => {
    const visitor = known.visitor(extra.visitor);
    const own = extra.stranger > 1;
    const { origin, 'sec-fetch-site': site, accept, ...others } = more;
    // Nine of ten forms have what the guard at the door asks for.
    const passes = own && extra.stranger > 2;
    const headers: Record<string, string> = { accept: 'text/html', ...(plain > 0 ? {} : passes ? others : more) };
    if (own) headers.cookie = visitor.cookie;
    else if (extra.stranger === 1) headers.cookie = extra.cookie;
    if (extra.authorization < 2) headers.authorization = extra.credential;
    if (extra.far === 0) headers['x-forwarded-for'] = extra.remoteAddress;
    const content = contentOf(to, passes ? visitor.csrf : undefined, extra, headers);
    return {
      method: to.method,
      url: to.method === 'GET' && to.fields.length > 0 ? withQuery(to.url, to.fields) : to.url,
      headers,
      body: content,
      remoteAddress: extra.far === 0 ? '127.0.0.1' : extra.remoteAddress,
      visitor: own ? visitor.index : undefined,
    };
  });
}

/** The body, and its type among the headers. */
function contentOf(
  { method, fields }: Target,
  csrf: string | undefined,
  extra: { sends: number; raw: string | Buffer; contentType: string },
  headers: Record<string, string>,
): string | Buffer | undefined {
  if (method === 'GET' || method === 'HEAD' || extra.sends === 0) return undefined;
  headers['content-type'] = extra.sends === 1 ? extra.contentType : 'application/x-www-form-urlencoded';
  if (extra.sends === 2) return extra.raw;
  const others = csrf === undefined ? fields : fields.filter(([name]) => name !== 'csrf');
  const all = csrf === undefined ? others : [['csrf', csrf], ...others];
  return new URLSearchParams(all as [string, string][]).toString();
}

/** Something the server has shown, as it is or spoilt in a place or two. */
function shown(known: Known, value: fc.Arbitrary<string>): fc.Arbitrary<Target> {
  const more = fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(anyName, value), { minLength: 1, maxLength: 2 }) },
  );
  const changes = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 2 }) },
  );
  return fc.tuple(fc.nat(), fc.nat(), changes, more).map(([endpoint, entry, spoilt, added]) => {
    const { method, url, fields: shown } = known.form(endpoint, entry);
    const fields = [...shown];
    for (const [n, changed] of fields.length > 0 ? spoilt : [])
      fields[n % fields.length] = [fields[n % fields.length]?.[0] ?? '', changed];
    return { method, url, fields: [...fields, ...added] };
  });
}

/** One of the routes with its parameters filled in, mostly by its own method; or anywhere else. */
function somewhere(
  routes: readonly Route[],
  value: fc.Arbitrary<string>,
): fc.Arbitrary<{ method: string; url: string }> {
  const query = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.tuple(anyName, value), { maxLength: 4 })
        .map((fields) => `?${new URLSearchParams(fields)}`),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map((raw) => `?${inUrl(raw)}`) },
  );
  const here = fc
    .tuple(fc.constantFrom(...routes), fc.nat({ max: 70 }), fc.array(value, { minLength: 3, maxLength: 3 }))
    .map(([route, other, values]) => ({
      method: methods[other] ?? route.method,
      path: route.url.replace(/:\w+|\*/g, () => encodeURIComponent((values.pop() ?? 'x').toWellFormed()) || 'x'),
    }));
  const elsewhere = fc.record({
    method: fc.constantFrom(...methods),
    path: fc.oneof(fc.webPath(), fc.string({ maxLength: 60 }).map(inUrl)).map((path) => `/${path.replace(/^\//, '')}`),
  });
  return fc
    .tuple(fc.oneof({ weight: 7, arbitrary: here }, { weight: 1, arbitrary: elsewhere }), query)
    .map(([{ method, path }, search]) => ({ method, url: path + search }));
}

const withQuery = (url: string, fields: [string, string][]): string =>
  `${url.replace(/\?.*/, '')}?${new URLSearchParams([...(URL.parse(url, 'http://x')?.searchParams ?? []), ...fields])}`;
