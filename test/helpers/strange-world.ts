import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openMailFolder } from '../../src/drivers/mail/file.ts';
import { deviceCodeGrant, poll, postForm, requestCode } from './device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from './http-browser.ts';
import { linkCode, reviewCode } from './link-journey.ts';
import { createStrangeMap, type Route, type StrangeMap } from './strange-map.ts';
import type { Known, StrangeRequest } from './strange-requests.ts';
import { type TestApp, testPassword } from './test-app.ts';

type Visitor = { email: string; browser: HttpBrowser; csrf: string };
type Answer = { statusCode: number; headers: Record<string, unknown>; body: string };

/** People, devices and apps in every state, made as they are made in life, and what the server has shown them. */
export type StrangeWorld = {
  known: Known;
  map: StrangeMap;
  /** Lets the one who asked remember cookies, links and forms of the answer. */
  learn(request: StrangeRequest, answer: Answer): void;
  /** Signs everyone in again whom the requests have signed out, links another device, and reads the mail. */
  tend(): Promise<void>;
  /** Other people and apps: the requests lock out, close and spoil what they were given. */
  renew(): Promise<void>;
};

const people = 3;
const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
const callback = { response_type: 'code', redirect_uri: 'https://app.example/callback', ...challenge };

export function createStrangeWorld(server: TestApp, routes: readonly Route[]): StrangeWorld {
  const folder = openMailFolder(server.outside.config);
  const values: string[] = [];
  const credentials: string[] = [];
  let visitors: Visitor[] = [];
  let made = 0;
  let pages = 0;
  let tends = 0;
  let tv = '';
  const fields: Record<string, string> = {
    password: testPassword,
    name: 'Kitchen',
    credential: '{"id":"x","rawId":"x","type":"public-key","response":{}}',
  };
  const fill = (name: string): string =>
    fields[name] ?? fields[Object.keys(fields).find((key) => name.includes(key)) ?? ''] ?? '1';
  const map = createStrangeMap(routes, server.url, fill);
  const remember = (...found: string[]): void => {
    values.push(...found);
    values.splice(0, values.length - 60);
  };
  const show = (url: string, form: Record<string, string>, method = 'POST'): void =>
    map.note({ method, url, fields: Object.entries(form) });

  async function newVisitor(): Promise<Visitor> {
    const n = made++;
    const email = `strange${n}@example.org`;
    await server.createAccount(email);
    // A network of its own for each: a hundred who sign in from one would be asked to wait.
    const browser = createHttpBrowser(server.url, { 'x-forwarded-for': `10.${n >> 16}.${(n >> 8) % 256}.${n % 256}` });
    const home = await signIn(browser, email, testPassword);
    map.read(home.html, home.url.pathname);
    fields.email = email;
    remember(email);
    return { email, browser, csrf: home.root.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '' };
  }

  async function renew(): Promise<void> {
    visitors = await Promise.all(Array.from({ length: people }, newVisitor));
    const [{ browser }] = visitors as [Visitor];
    tv = (await server.createClient()).id;
    await showApp(browser);
  }

  /** A device that is linked, one that is being reviewed and one that waits. */
  async function showDevices({ browser }: Visitor): Promise<void> {
    const [linked, reviewed, waiting] = [
      await requestCode(server.url, tv),
      await requestCode(server.url, tv),
      await requestCode(server.url, tv),
    ];
    await linkCode(browser, linked.user_code);
    const { body } = await poll(server.url, tv, linked.device_code);
    const review = await reviewCode(browser, reviewed.user_code);
    map.read(review.html, review.url.pathname);
    fields.user_code = waiting.user_code;
    const [access, refresh, hint] = [body.access_token, body.refresh_token, body.id_token].map(String);
    for (const device_code of [waiting.device_code, linked.device_code, reviewed.device_code])
      show('/token', { grant_type: deviceCodeGrant, device_code, client_id: tv });
    show('/token', { grant_type: 'refresh_token', refresh_token: refresh ?? '', client_id: tv });
    const about = { client_id: tv, scope: 'openid offline_access', device_name: 'TV', device_type: 'tv' };
    for (const path of ['/device_authorization', '/devicecode']) show(path, about);
    for (const path of ['/introspect', '/revoke']) {
      show(path, { client_id: tv, token: refresh ?? '', token_type_hint: 'refresh_token' });
      show(path, { client_id: tv, token: access ?? '' });
    }
    show('/session/end', { id_token_hint: hint ?? '', client_id: tv }, 'GET');
    for (const code of [waiting.user_code, reviewed.user_code]) show(`/l/${code}`, {}, 'GET');
    credentials.push(`Bearer ${access}`, `DPoP ${access}`, `Bearer ${access}`);
    credentials.splice(0, credentials.length - 10);
    remember(tv, access ?? '', refresh ?? '', hint ?? '', deviceCodeGrant, testPassword, review.url.pathname.slice(6));
    for (const code of [linked, reviewed, waiting]) remember(code.device_code, code.user_code);
    for (const path of ['/', '/devices', '/security', '/accounts', '/account', '/activity'])
      map.read((await browser.open(path)).html, path);
  }

  /** A web application, and a sign-in to it half way through. */
  async function showApp(browser: HttpBrowser): Promise<void> {
    const { id, secret = '' } = await server.createClient({
      name: 'App',
      public: false,
      redirectUris: [callback.redirect_uri],
      webOrigins: ['https://app.example'],
      grants: ['authorization_code', 'refresh_token', 'device_code', 'client_credentials'],
    });
    const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const own = { client_id: id, client_secret: secret };
    const par = await postForm(`${server.url}/par`, callback, { authorization: basic });
    const begun = await browser.open(`/auth?${new URLSearchParams({ client_id: id, scope: 'openid', ...callback })}`);
    map.read(begun.html, begun.url.pathname);
    show('/par', { ...own, ...callback });
    show('/token', { ...own, grant_type: 'client_credentials' });
    const { redirect_uri } = callback;
    show('/token', {
      ...own,
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri,
      code_verifier: 'a'.repeat(43),
    });
    show('/auth', { client_id: id, scope: 'openid', state: 'x', nonce: 'y', ...callback }, 'GET');
    show('/auth', { client_id: id, prompt: 'login', max_age: '1', ui_locales: 'de', ...callback }, 'GET');
    show('/auth', { client_id: id, request_uri: String(par.body.request_uri) }, 'GET');
    credentials.push(basic, basic);
    remember(id, String(par.body.request_uri), begun.url.pathname.split('/').at(-1) ?? '');
  }

  async function tend(): Promise<void> {
    for (const [n, visitor] of visitors.entries()) {
      if ((await visitor.browser.open('/devices')).url.pathname === '/devices') continue;
      const page = await signIn(visitor.browser, visitor.email, testPassword).catch(() => undefined);
      // Whoever has another password by now, or no account, or a second step, is somebody else.
      if (page?.status !== 200 || page.url.pathname.startsWith('/signin')) visitors[n] = await newVisitor();
    }
    const visitor = visitors[tends++ % visitors.length] as Visitor;
    // Who has guessed too often, or may not link for another reason, is let be.
    await showDevices(visitor).catch((error: unknown) => {
      if (!(error instanceof assert.AssertionError)) throw error;
    });
    const mails = await folder.list();
    for (const { text } of mails.slice(0, 10)) {
      for (const [url] of text.matchAll(/http:\/\/localhost:\d+\/[^\s"<>]*/g))
        map.note({ method: 'GET', url: url.slice(server.url.length), fields: [] });
      const code = /\b\d{4} \d{4}\b/.exec(text)?.[0];
      if (code === undefined) continue;
      fields.code = code;
      remember(code);
    }
    // The list of mails would take longer and longer.
    const files = mails.slice(10).flatMap(({ id }) => ['json', 'html', 'eml'].map((end) => `${id}.${end}`));
    await Promise.all(files.map((file) => rm(join(server.outside.config.data, 'mail', file), { force: true })));
  }

  function learn(request: StrangeRequest, { statusCode, headers, body }: Answer): void {
    const visitor = request.visitor === undefined ? undefined : visitors[request.visitor];
    for (const line of [headers['set-cookie'] ?? []].flat().map(String)) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      // The browser's own stays, because the forms of its pages hang on it.
      if (!visitor || name.endsWith('latchkey-browser')) continue;
      if (value === '') visitor.browser.cookies.delete(name);
      else visitor.browser.cookies.set(name, value);
    }
    if (typeof headers.location === 'string' && statusCode < 400) {
      const url = headers.location.replace(server.url, '');
      if (url.startsWith('/')) map.note({ method: 'GET', url, fields: [] });
    }
    // Not each, for reading takes as long as answering.
    const isPage = String(headers['content-type']).startsWith('text/html') && body !== '' && statusCode < 429;
    if (isPage && pages++ % 6 === 0) map.read(body, request.url);
  }

  const known: Known = {
    value: (n) => values[n % values.length] ?? '',
    form: (endpoint, entry) => map.pick(endpoint, entry),
    visitor(n) {
      const index = n % visitors.length;
      const { browser, csrf } = visitors[index] as Visitor;
      return { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '), csrf, index };
    },
    credential: (n) => credentials[n % credentials.length] ?? '',
  };
  return { known, map, learn, tend, renew };
}
