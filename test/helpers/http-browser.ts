import assert from 'node:assert/strict';
import { type HTMLElement, parse } from 'node-html-parser';
import { longestAnswer } from './device.ts';

/** A page as a browser without scripts has it. */
export type HttpPage = {
  url: URL;
  status: number;
  headers: Headers;
  html: string;
  root: HTMLElement;
  /** The visible words of the main part. */
  text: string;
  title: string;
};

/** A browser with cookies and forms and nothing else: no scripts, no styles. */
export type HttpBrowser = {
  /** Of the server it is for: whatever leads elsewhere is not followed. */
  readonly origin: string;
  open(path: string): Promise<HttpPage>;
  /**
   * Fills in and submits the form of the page that has all the named fields, as a browser does: its hidden fields, the
   * values given, and the pressed button's name and value.
   */
  submit(page: HttpPage, fields: Record<string, string>, button?: { name: string; value: string }): Promise<HttpPage>;
  /** Posts a form that no page offered. */
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<HttpPage>;
  readonly cookies: Map<string, string>;
};

export function createHttpBrowser(origin: string, headers: Record<string, string> = {}): HttpBrowser {
  const cookies = new Map<string, string>();

  async function request(url: URL, init: RequestInit, redirects = 0): Promise<HttpPage> {
    assert.ok(redirects < 10, `too many redirects, the last to ${url}`);
    const sent = new Headers({ accept: 'text/html', ...headers, ...(init.headers as Record<string, string>) });
    if (cookies.size > 0) sent.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const signal = AbortSignal.timeout(longestAnswer);
    const response = await fetch(url, { ...init, headers: sent, redirect: 'manual', signal });
    for (const line of response.headers.getSetCookie()) keepCookie(line);
    const location = response.headers.get('location');
    const html = await response.text();
    if (location && response.status >= 300 && response.status < 400) {
      const next = new URL(location, url);
      if (next.origin !== new URL(origin).origin) return page(next, response, html);
      return request(next, {}, redirects + 1);
    }
    return page(url, response, html);
  }

  function keepCookie(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const [name = '', ...value] = pair.split('=');
    const ended = attributes.some((text) => /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(text));
    if (ended) cookies.delete(name.trim());
    else cookies.set(name.trim(), value.join('='));
  }

  return {
    origin: new URL(origin).origin,
    cookies,
    open: (path) => request(new URL(path, origin), {}),
    post: (path, fields, more = {}) =>
      request(new URL(path, origin), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...more },
        body: new URLSearchParams(fields).toString(),
      }),
    submit(from, fields, button) {
      const wanted = Object.keys(fields).map((name) => `[name="${name}"]`);
      if (button) wanted.push(`button[name="${button.name}"][value="${button.value}"]`);
      const form = from.root
        .querySelectorAll('form')
        .find((candidate) => wanted.every((selector) => candidate.querySelector(selector)));
      assert.ok(form, `no form with ${wanted.join(' ')} on ${from.url}:\n${from.text}`);
      const values: Record<string, string> = {};
      for (const input of form.querySelectorAll('input[name]')) {
        const type = input.getAttribute('type');
        if (type === 'checkbox' || type === 'radio') continue;
        values[input.getAttribute('name') ?? ''] = input.getAttribute('value') ?? '';
      }
      const action = new URL(form.getAttribute('action') ?? '', from.url);
      return this.post(action.pathname + action.search, {
        ...values,
        ...fields,
        ...(button ? { [button.name]: button.value } : {}),
      });
    },
  };
}

function page(url: URL, response: Response, html: string): HttpPage {
  const root = parse(html);
  return {
    url,
    status: response.status,
    headers: response.headers,
    html,
    root,
    text: (root.querySelector('main') ?? root).structuredText,
    title: root.querySelector('title')?.text ?? '',
  };
}

/** Signs in by the password, as a person does, and returns the page they end on. */
export async function signIn(browser: HttpBrowser, email: string, password: string): Promise<HttpPage> {
  const start = await browser.open('/signin');
  const second = await browser.submit(start, { email });
  return browser.submit(second, { password });
}
