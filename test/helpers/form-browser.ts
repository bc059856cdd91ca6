import assert from 'node:assert/strict';
import type { FastifyInstance } from 'fastify';
import { type HTMLElement, parse } from 'node-html-parser';

/** What a browser with scripts off shows after a request and its redirects. */
export type Shown = {
  status: number;
  /** Path and query. */
  url: string;
  headers: Record<string, unknown>;
  body: string;
  root: HTMLElement;
  /** The words of the page's main part. */
  text: string;
};

export type Settings = { language?: string; userAgent?: string; remoteAddress?: string };

/** A browser with scripts off: cookies, links and forms, over Fastify's own injection. */
export function createFormBrowser(app: FastifyInstance, settings: Settings = {}) {
  const cookies = new Map<string, string>();
  let shown: Shown | undefined;

  const send = async (method: 'GET' | 'POST', url: string, fields?: Record<string, string>): Promise<Shown> => {
    const response = await app.inject({
      method,
      url,
      remoteAddress: settings.remoteAddress ?? '192.0.2.1',
      headers: {
        accept: 'text/html',
        'accept-language': settings.language ?? 'en',
        'user-agent': settings.userAgent ?? 'Mozilla/5.0 (X11; Linux x86_64) test',
        ...(fields ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(fields ? { payload: new URLSearchParams(fields).toString() } : {}),
    });
    for (const { name, value, maxAge, expires } of response.cookies) {
      const gone = maxAge === 0 || (expires !== undefined && expires.getTime() <= 0);
      if (gone || value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const { location } = response.headers;
    if (response.statusCode === 303 && location) return send('GET', String(location));
    const root = parse(response.body);
    const text = (root.querySelector('main') ?? root).text.replace(/\s+/g, ' ').trim();
    shown = { status: response.statusCode, url, headers: response.headers, body: response.body, root, text };
    return shown;
  };

  const current = (): Shown => {
    assert.ok(shown, 'Nothing is open yet.');
    return shown;
  };

  return {
    cookies,
    get shown(): Shown {
      return current();
    },
    open: (url: string) => send('GET', url),
    /** Posts without a page before it: what another site or a program would send. */
    post: (url: string, fields: Record<string, string>) => send('POST', url, fields),
    /**
     * Fills in and sends a form of the open page: the one that has all these fields, or buttons with these values.
     * Hidden fields go along.
     */
    async submit(fields: Record<string, string>, action?: string): Promise<Shown> {
      const has = (form: HTMLElement) =>
        Object.entries(fields).every(([name, value]) =>
          form
            .querySelectorAll(`[name="${name}"]`)
            .some((field) => field.tagName !== 'BUTTON' || field.getAttribute('value') === value),
        );
      const form = current()
        .root.querySelectorAll('form')
        .find((one) => has(one) && (action === undefined || one.getAttribute('action') === action));
      assert.ok(form, `No form on ${current().url} takes ${Object.keys(fields).join(', ')}: ${current().text}`);
      const filled: Record<string, string> = {};
      for (const input of form.querySelectorAll('input')) {
        const { name, value = '', type, checked } = input.attributes;
        if (name && (type !== 'checkbox' || checked !== undefined)) filled[name] = value;
      }
      return send('POST', form.getAttribute('action') ?? current().url, { ...filled, ...fields });
    },
    /** The options that the page carries for a passkey. */
    passkeyOptions(mode: 'get' | 'create'): unknown {
      const carrier = current().root.querySelector(`[data-passkey="${mode}"]`);
      assert.ok(carrier, `No passkey to ${mode} on ${current().url}: ${current().text}`);
      return JSON.parse(carrier.getAttribute('data-options') ?? '');
    },
  };
}

export type FormBrowser = ReturnType<typeof createFormBrowser>;
