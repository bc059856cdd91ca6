import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWebApp, form, sam } from '../../test/helpers/web-app.ts';
import { AppError } from '../errors.ts';

const html = { accept: 'text/html' };

test('F13, F14, C18: pages, errors and assets carry the security headers', async () => {
  const { app } = await createWebApp();
  const asset = app.web.assets.style;
  for (const [url, status] of [
    ['/help', 200],
    ['/nowhere', 404],
    [asset, 200],
  ] as const) {
    const { headers, statusCode } = await app.inject({ url, headers: html });
    assert.equal(statusCode, status, url);
    const policy = String(headers['content-security-policy']);
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"])
      assert.ok(policy.split(/; ?/).includes(directive), `${url}: ${directive} in ${policy}`);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.match(String(headers['permissions-policy']), /camera=\(\)/);
    assert.equal(headers['strict-transport-security'], undefined);
    assert.equal(headers['cache-control'], url === asset ? 'public, max-age=31536000, immutable' : 'no-store');
  }
});

test('F14: HSTS for a year, on https only', async () => {
  const { app } = await createWebApp({ issuer: 'https://id.example.org' });
  const { headers } = await app.inject('/help');
  assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
});

test('F13: a page may let its forms end at an app, and nothing else of the policy can be rewritten', async () => {
  const { app } = await createWebApp({
    pages: (pages) => {
      pages.get('/consent', (_, reply) =>
        reply.page({
          title: 'x',
          content: 'x',
          formTargets: ['https://app.example', "https://a; script-src 'unsafe-inline'"],
        }),
      );
    },
  });
  const { headers } = await app.inject('/consent');
  assert.match(String(headers['content-security-policy']), /form-action 'self' https:\/\/app\.example$/);
  assert.match(String(headers['content-security-policy']), /script-src 'self';/);
});

test('F13: a page has no inline style and no inline script', async () => {
  const { app } = await createWebApp({ person: sam });
  for (const url of ['/help', '/help/privacy', '/help/accessibility', '/nowhere']) {
    const { body } = await app.inject({ url, headers: html });
    assert.doesNotMatch(body, /\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)/, url);
  }
});

test('cookies are HttpOnly, SameSite=Lax and for the whole host; __Host- and Secure on https', async () => {
  const plain = await createWebApp();
  const secure = await createWebApp({ issuer: 'https://id.example.org' });
  const cookieOf = async ({ app }: typeof plain) => String((await app.inject('/help')).headers['set-cookie']);
  assert.match(
    await cookieOf(plain),
    /^latchkey-browser=[\w-]{22}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  assert.match(
    await cookieOf(secure),
    /^__Host-latchkey-browser=[\w-]{22}; Max-Age=31536000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
});

test('a browser keeps its name, and a name nobody could have been given is replaced', async () => {
  const { app, visit } = await createWebApp();
  const { cookie } = await visit();
  assert.equal((await app.inject({ url: '/help', headers: { cookie } })).headers['set-cookie'], undefined);
  const planted = await app.inject({ url: '/help', headers: { cookie: 'latchkey-browser=x' } });
  assert.match(String(planted.headers['set-cookie']), /latchkey-browser=[\w-]{22};/);
});

test('C17: X-Forwarded-For counts from trusted proxies only', async () => {
  const pages = (scope: Parameters<NonNullable<NonNullable<Parameters<typeof createWebApp>[0]>['pages']>>[0]) => {
    scope.get('/ip', (request, reply) => reply.send(request.ip));
  };
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const closed = await createWebApp({ pages });
  assert.equal((await closed.app.inject({ url: '/ip', headers })).body, '127.0.0.1');
  const open = await createWebApp({ pages, trustedProxies: ['127.0.0.1'] });
  assert.equal((await open.app.inject({ url: '/ip', headers })).body, '203.0.113.9');
});

test('language: ui_locales, then the saved choice, then the browser, then English', async () => {
  const { app } = await createWebApp();
  const languageOf = async (url: string, headers: Record<string, string>) =>
    /<html lang="(\w+)" dir="(\w+)"/
      .exec((await app.inject({ url, headers })).body)
      ?.slice(1)
      .join(' ');
  const cookie = 'latchkey-locale=es';
  assert.equal(await languageOf('/help?ui_locales=xx%20ar-EG', { cookie, 'accept-language': 'de' }), 'ar rtl');
  assert.equal(await languageOf('/help', { cookie, 'accept-language': 'de' }), 'es ltr');
  assert.equal(await languageOf('/help', { 'accept-language': 'fr, de-CH;q=0.8, en;q=0.9;x' }), 'en ltr');
  assert.equal(await languageOf('/help', { 'accept-language': 'fr, en;q=0.2, de-CH;q=0.8' }), 'de ltr');
  assert.equal(await languageOf('/help', {}), 'en ltr');
});

test('language and theme are switched by a form on every page, without scripts', async () => {
  const { app, visit } = await createWebApp();
  const { cookie, csrf } = await visit();
  const send = (fields: Record<string, string>) => {
    const { payload, headers } = form({ csrf, ...fields });
    return app.inject({ method: 'POST', url: '/settings/display', payload, headers: { ...headers, cookie } });
  };
  const german = await send({ locale: 'de', next: '/help?a=1&ui_locales=en' });
  assert.equal(german.statusCode, 303);
  assert.equal(german.headers.location, '/help?a=1');
  assert.match(String(german.headers['set-cookie']), /^latchkey-locale=de;/);

  const dark = await send({ theme: 'dark', next: 'https://elsewhere.example' });
  assert.equal(dark.headers.location, '/');
  const page = await app.inject({ url: '/help', headers: { cookie: String(dark.headers['set-cookie']) } });
  assert.match(page.body, /<html[^>]* data-theme="dark"/);
  assert.equal((await send({ locale: 'xx', theme: 'pink', next: '/' })).headers['set-cookie'], undefined);
});

test('errors: HTML for browsers, JSON for programs, in the words of the problem', async () => {
  const { app, clock, log } = await createWebApp({
    pages: (pages) => {
      pages.get('/slow', () => {
        throw new AppError('too_many_tries', 'Slow down.', { retryAt: clock.now() + 90_000 });
      });
      pages.get('/down', () => {
        throw new AppError('unavailable', 'The database sulks.');
      });
      pages.get('/broken', () => {
        throw new Error('canary-detail');
      });
    },
  });
  const slow = await app.inject({ url: '/slow', headers: html });
  assert.equal(slow.statusCode, 429);
  assert.equal(slow.headers['retry-after'], '90');
  assert.match(slow.body, /<time dateTime="2030-01-01T12:01:30.000Z"[^>]*>12:01 UTC<\/time>/i);
  assert.deepEqual((await app.inject('/slow')).json(), { error: 'too_many_tries', message: 'Slow down.' });

  const down = await app.inject({ url: '/down', headers: html });
  assert.equal(down.statusCode, 503);
  assert.ok(down.headers['retry-after']);

  const broken = await app.inject({ url: '/broken', headers: html });
  assert.equal(broken.statusCode, 500);
  assert.doesNotMatch(broken.body, /canary-detail/, 'F33: no detail leaves');
  const reference = /<bdi[^>]*>([A-Z]{8})<\/bdi>/.exec(broken.body)?.[1];
  assert.ok(reference && log().includes(reference), 'the log knows the reference');
  assert.ok(log().includes('canary-detail'), 'the log knows the rest');
  const json = (await app.inject('/broken')).json();
  assert.equal(json.error, 'internal');
  assert.doesNotMatch(JSON.stringify(json), /canary-detail/);

  assert.equal((await app.inject({ url: '/nowhere', headers: html })).statusCode, 404);
  assert.deepEqual((await app.inject('/nowhere')).json().error, 'not_found');
});

test('an error page needs nobody who may be down', async () => {
  const { app } = await createWebApp();
  app.web.readPerson = async () => {
    throw new Error('The database is gone.');
  };
  assert.equal((await app.inject({ url: '/help', headers: html })).statusCode, 500);
  const missing = await app.inject({ url: '/nowhere', headers: html });
  assert.equal(missing.statusCode, 404);
  assert.match(missing.body, /<h1>There is no such page<\/h1>/);
});

test('F29, F32: codes and tokens in addresses do not reach the log', async () => {
  const { app, log } = await createWebApp();
  const urls = [
    '/l/BCDFGHJK',
    '/L/BCDFGHJK',
    '/%6c/BCDFGHJK',
    '/l//BCDFGHJK',
    '/link?user_code=BCDFGHJK',
    '/devices/undo/BCDFGHJK?x=1',
    '/security/email/undo/BCDFGHJK',
    '/security/addresses/link/BCDFGHJK',
    '/recover/cancel/BCDFGHJK',
    '/signup/link/BCDFGHJK',
    '/auth?state=BCDFGHJK&login_hint=BCDFGHJK',
    '/l/BCDFGHJK%',
  ];
  for (const url of urls) await app.inject(url);
  assert.ok(log().includes('/devices/undo/'), 'requests are logged');
  assert.doesNotMatch(log(), /BCDFGHJK/);
});

test('the engine beside the pages keeps its body, its requests and the headers', async () => {
  const { app } = await createWebApp({
    beside: (server) => {
      server.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
        scope.post('/token', (request, reply) => {
          reply.hijack();
          request.raw.on('data', () => {}).on('end', () => reply.raw.end('done'));
        });
      });
    },
  });
  const { payload, headers } = form({ grant_type: 'x' });
  const answer = await app.inject({ method: 'POST', url: '/token', payload, headers });
  assert.equal(answer.body, 'done', 'no forgery check, nobody has read the body');
  assert.ok(answer.headers['content-security-policy']);
});
