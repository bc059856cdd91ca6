import { type HTMLElement, parse } from 'node-html-parser';

export type Route = { method: string; url: string };

/** A form, or an address with its query, that the server itself has shown to somebody. */
export type KnownForm = { method: string; url: string; fields: [string, string][] };

/** How many of each endpoint are remembered; the oldest go first. */
const remembered = 12;

/** What ends much of what others need is tried less often. */
const ends = /^POST .*(?:signout|session.end|accounts|unlink-all|close)/;

/**
 * What the server has shown so far: forms and addresses, by endpoint, so that each is tried as often as any other.
 * The pages themselves are the schema of what may be sent.
 */
export type StrangeMap = {
  /** The endpoint that answers here, such as `POST /link/:id`; "another method" or "elsewhere" if none does. */
  endpoint(method: string, url: string): string;
  note(form: KnownForm): void;
  /** Notes every form and link of a page. */
  read(html: string, at: string): void;
  /** One of the forms and addresses, the same for the same numbers as long as nothing is noted. */
  pick(endpoint: number, entry: number): KnownForm;
};

export function createStrangeMap(routes: readonly Route[], origin: string, fill: (name: string) => string): StrangeMap {
  const fixed = new Map<string, string>();
  const patterns: [RegExp, string][] = [];
  for (const { url } of routes) {
    if (/[:*]/.test(url)) patterns.push([new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`), url]);
    else fixed.set(url, url);
  }
  const known = new Map<string, KnownForm[]>();
  const endpoints: string[] = [];
  const methods = new Set(routes.map(({ method, url }) => `${method} ${url}`));

  const endpoint = (method: string, url: string): string => {
    const path = url.replace(/[?#].*/, '');
    const name = fixed.get(path) ?? patterns.find(([pattern]) => pattern.test(path))?.[1];
    if (name === undefined) return 'elsewhere';
    return methods.has(`${method} ${name}`) ? `${method} ${name}` : 'another method';
  };
  const note = (form: KnownForm): void => {
    const name = endpoint(form.method, form.url);
    if (!name.includes('/') || name.includes('/assets/') || !URL.canParse(form.url, origin)) return;
    const list = known.get(name) ?? [];
    if (list.length === 0) endpoints.push(name);
    known.set(name, list);
    list.push(form);
    if (list.length > remembered) list.shift();
  };
  /** Within the server, without the origin; undefined for anywhere else. */
  const local = (address: string | undefined, at: string): string | undefined => {
    const base = URL.parse(at, origin);
    const url = base && URL.parse(address ?? at, base);
    return url?.origin === origin ? url.pathname + url.search : undefined;
  };
  const readForm = (form: HTMLElement, at: string): void => {
    const url = local(form.getAttribute('action'), at);
    if (url === undefined) return;
    const method = (form.getAttribute('method') ?? 'GET').toUpperCase();
    const fields: [string, string][] = [];
    for (const field of form.querySelectorAll('input[name], select[name], textarea[name]')) {
      const name = field.getAttribute('name') ?? '';
      const value = field.getAttribute('value') ?? field.querySelector('option')?.getAttribute('value');
      fields.push([name, value || fill(name)]);
    }
    note({ method, url, fields });
    for (const button of form.querySelectorAll('button[name]'))
      note({
        method,
        url,
        fields: [...fields, [button.getAttribute('name') ?? '', button.getAttribute('value') ?? '']],
      });
  };

  return {
    endpoint,
    note,
    read(html, at) {
      const root = parse(html);
      for (const form of root.querySelectorAll('form')) readForm(form, at);
      for (const link of root.querySelectorAll('a[href]')) {
        const url = local(link.getAttribute('href'), at);
        if (url !== undefined) note({ method: 'GET', url, fields: [] });
      }
    },
    pick(n, entry) {
      let name = endpoints[n % endpoints.length] ?? '';
      if (ends.test(name) && entry % 8 > 0) name = endpoints[(n + 1) % endpoints.length] ?? '';
      const list = known.get(name) ?? [];
      return list[entry % list.length] ?? { method: 'GET', url: '/', fields: [] };
    },
  };
}
