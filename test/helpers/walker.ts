import { type HTMLElement, parse } from 'node-html-parser';
import { createStrangeMap, type Route } from './strange-map.ts';

/** One answer, redirects not followed. */
export type Answer = {
  /** The route that answered, such as `POST /link/:id`. */
  route: string;
  url: string;
  status: number;
  location: string | undefined;
  headers: Headers;
  html: string;
  /** Whether this answer began a session in a browser that had none. */
  began: boolean;
  /** The page, if it is one of ours. */
  page: HTMLElement | undefined;
};

type Way = { method: string; url: string; fields: Record<string, string> };

/** How many addresses and forms of one route are tried. */
const enough = 2;

/**
 * A browser without scripts that goes everywhere it is shown: it follows every link and redirect, and sends every form
 * with each of its buttons. `fill` answers what a field asks for, by its name.
 */
export function createWalker(origin: string, routes: readonly Route[], fill: (name: string) => string) {
  const cookies = new Map<string, string>();
  const { endpoint } = createStrangeMap(routes, origin, fill);
  const tried = new Map<string, Set<string>>();
  const ways: Way[] = [];

  /** `anew` is for where a form led: the page may be another one by now. */
  const note = (way: Way, anew = false): void => {
    const route = endpoint(way.method, way.url);
    const known = tried.get(route) ?? new Set();
    const name = `${way.url} ${JSON.stringify({ ...way.fields, csrf: undefined })} ${anew && ways.length}`;
    if (!route.includes('/') || known.has(name) || known.size >= enough * (way.method === 'POST' || anew ? 3 : 1))
      return;
    tried.set(route, known.add(name));
    if (anew) ways.unshift(way);
    else ways.push(way);
  };

  const local = (address: string, at: string): string | undefined => {
    const url = URL.parse(address, new URL(at, origin));
    return url?.origin === origin ? url.pathname + url.search : undefined;
  };

  function read(page: HTMLElement, at: string): void {
    for (const link of page.querySelectorAll('a[href]')) {
      const url = local(link.getAttribute('href') ?? '', at);
      if (url) note({ method: 'GET', url, fields: {} });
    }
    for (const form of page.querySelectorAll('form')) {
      const url = local(form.getAttribute('action') ?? '', at);
      if (!url) continue;
      const method = (form.getAttribute('method') ?? 'GET').toUpperCase();
      const fields: Record<string, string> = {};
      for (const field of form.querySelectorAll('input[name], select[name]')) {
        const name = field.getAttribute('name') ?? '';
        fields[name] = field.getAttribute('value') || fill(name);
      }
      for (const { name, value } of buttonsOf(form))
        note({ method, url, fields: name ? { ...fields, [name]: value } : fields });
    }
  }

  async function send({ method, url, fields }: Way): Promise<Answer> {
    const query = method === 'GET' && Object.keys(fields).length > 0 ? `?${new URLSearchParams(fields)}` : '';
    const response = await fetch(new URL(url + query, origin), {
      method,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { body: new URLSearchParams(fields).toString() } : {}),
    });
    const before = cookies.has('latchkey-session');
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
    const html = await response.text();
    const page = isPage ? parse(html) : undefined;
    const location = response.headers.get('location') ?? undefined;
    const next = location && local(location, url);
    if (next) note({ method: 'GET', url: next, fields: {} }, true);
    if (page) read(page, url);
    const { status, headers } = response;
    const began = !before && cookies.has('latchkey-session');
    return { route: endpoint(method, url), url, status, location, headers, html, began, page };
  }

  return {
    cookies,
    note,
    send,
    /** Everything there is to do now, what ends a session last. Each answer is given away as it comes. */
    async *walk(last: (way: Way) => boolean): AsyncGenerator<Answer> {
      while (ways.length > 0) {
        const at = ways.findIndex((way) => !last(way));
        const [way] = ways.splice(Math.max(at, 0), 1);
        if (way) yield await send(way);
      }
    },
  };
}

function buttonsOf(form: HTMLElement): { name: string; value: string }[] {
  const named = form.querySelectorAll('button[name]').map((button) => ({
    name: button.getAttribute('name') ?? '',
    value: button.getAttribute('value') ?? '',
  }));
  return named.length > 0 ? named : [{ name: '', value: '' }];
}
