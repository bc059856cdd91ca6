import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { type Route, routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

let server: TestApp;
let routes: Route[];
/** Every route that answers GET with a page or leads to one. */
let pages: string[];
/** Everything else: for programs, exact. */
let endpoints: Route[];

before(async () => {
  server = await startTestApp();
  await server.createAccount('sam@example.org');
  routes = routesOf(server.app.server).filter(({ method, path }) => method !== 'HEAD' && !path.includes('*'));
  const isPage = async (path: string): Promise<boolean> => {
    const answer = await fetch(new URL(path.replace(/:\w+/g, 'x'), server.url), { redirect: 'manual' });
    // Pages alone know the browser, but for where an app begins.
    if (/^\/auth(?:\/|$)/.test(path)) return false;
    return answer.headers.getSetCookie().some((line) => line.startsWith('latchkey-browser='));
  };
  const gets = routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
  pages = [];
  for (const path of gets) if (await isPage(path)) pages.push(path);
  endpoints = routes.filter(({ path }) => !pages.includes(path) && !gets.some((page) => page === path && isDev(page)));
  assert.ok(pages.length > 60, `${pages.length} pages`);
});
after(() => server.stop());

const isDev = (path: string): boolean => /^\/(?:dev\/|examples)/.test(path);

async function ask(path: string, method = 'GET') {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    ...(method === 'GET' ? {} : { body: 'csrf=x' }),
  });
  await answer.text();
  return { status: answer.status, to: answer.headers.get('location'), headers: answer.headers };
}

/** As keyboards and people write an address; what is no name stays as it is. */
const spellings: Record<string, (path: string) => string> = {
  capitals: (path) => path.replace(/\/[a-z-]+/gi, (part) => part.toUpperCase()),
  'a capital': (path) => path.replace(/\/[a-z]/g, (part) => part.toUpperCase()),
  'a slash': (path) => `${path}/`,
  slashes: (path) => `${path}///`,
  'capitals and a slash': (path) => `${path.toUpperCase()}/`,
};

test('fault C7: every page is found in capitals and with a slash at the end, with its query, and nothing keeps the answer', async () => {
  for (const page of pages) {
    if (page === '/' || /^\/[lL]\//.test(page)) continue;
    const path = page.replace(/:\w+/g, '0xA-b_9');
    for (const [name, spell] of Object.entries(spellings)) {
      const typed =
        page.includes(':') && name.includes('capital') ? spell(page).replace(/:\w+/g, '0xA-b_9') : spell(path);
      for (const query of ['', '?x=1&next=%2Fdevices']) {
        const { status, to, headers } = await ask(`${typed}${query}`);
        assert.deepEqual([typed, status, to], [typed, 303, `${path}${query}`]);
        assert.equal(headers.get('cache-control'), 'no-store', typed);
      }
    }
  }
});

test('fault C7: addresses of programs are exact, and nothing but a page to look at is found in this way', async () => {
  for (const { method, path } of endpoints) {
    if (isDev(path) || !['GET', 'POST'].includes(method)) continue;
    const real = path.replace(/:\w+/g, 'x');
    for (const typed of [real.toUpperCase(), `${real}/`]) {
      // The engine answers `/auth/` itself, as `/auth/:uid` with none.
      if (typed === real || typed === '//' || typed === '/auth/') continue;
      const { status, to } = await ask(typed, method);
      assert.deepEqual([method, typed, status, to], [method, typed, 404, null]);
    }
  }
  for (const path of pages) {
    if (path === '/') continue;
    const { status, to } = await ask(`${path.replace(/:\w+/g, 'x')}/`, 'POST');
    assert.deepEqual([path, status, to], [path, 404, null]);
  }
});

test('fault C7: a code typed behind the address leads to the page of codes before anybody is asked to sign in', async () => {
  const tv = (await server.createClient()).id;
  const { user_code: code } = await requestCode(server.url, tv);
  const small = code.toLowerCase();
  for (const typed of [
    ...[`/link/${code}`, `/link/${small}`, `/LINK/${small}`, `/Link/${small}/`, `/link/${small.replace('-', '')}`],
    ...[
      `/L/${code}/`,
      `/l/${small}/`,
      `/activate/${small}`,
      `/Activate?user_code=${small}`,
      `/LINK/?user_code=${small}`,
    ],
    ...[`/link/?user_code=${code}`, `/TV/${small}`, `/link/${encodeURIComponent(code.replace('-', ' '))}`],
  ]) {
    const page = await createHttpBrowser(server.url).open(typed);
    assert.match(page.url.pathname, /^\/(?:link|l)(?:\/|$)/i, typed);
    assert.equal(page.status, 200, typed);
    assert.ok(page.text.replace(/\s/g, '').includes(code), `${typed}: ${page.url}: ${page.text}`);
  }
  for (const typed of ['/Link', '/LINK', '/link/', '/LINK//', '/Activate', '/device/', '/Pair', '/tv']) {
    const page = await createHttpBrowser(server.url).open(typed);
    assert.deepEqual([typed, page.url.pathname, page.status], [typed, '/link', 200]);
  }
  const slip = await createHttpBrowser(server.url).open('/LINK/abc1');
  assert.ok(slip.root.querySelector('main input[name=user_code]'), 'a slip is shown where it can be mended');
  assert.ok(slip.html.includes('abc1'));
});

test('fault C7: other names that people try lead to the page that is meant', async () => {
  for (const [typed, page] of [
    ['/login', '/signin'],
    ['/Login/', '/signin'],
    ['/sign-in', '/signin'],
    ['/logout', '/signout'],
    ['/Sign-Out', '/signout'],
    ['/register', '/signup'],
    ['/devices/', '/devices'],
    ['/signin/', '/signin'],
  ] as const)
    assert.deepEqual([typed, (await ask(typed)).to], [typed, page]);
});

test('fault C7: no spelling of an address leads to another site', async () => {
  for (const path of [
    ...['//evil.example/', '//evil.example/link/', '///evil.example', '/\\evil.example/', '/%2f%2fevil.example/'],
    ...['/link//evil.example/', '/LINK/%2F%2Fevil.example/', '/DEVICES//evil.example', '/DEVICES/%5cevil.example'],
    ...['/DEVICES/..%2f..%2f%2fevil.example', '/DEVICES/https:%2f%2fevil.example', '/L/https:%2f%2fevil.example/'],
    ...[
      '/SIGNIN?next=//evil.example',
      '/Accounts/?next=https://evil.example',
      '/%4cINK/',
      '/DEVICES/%0d%0aset-cookie:x',
    ],
    ...['/__proto__', '/__proto__/', '/CONSTRUCTOR', '/constructor/x', '/toString', '/hasOwnProperty/'],
    ...['/', '//', '///', '/?x', '/@evil.example/', '/.//evil.example/', '/;/', `/${'/'.repeat(5000)}x`, '/DEVICES/é'],
  ]) {
    const { status, to, headers } = await ask(path);
    assert.ok(status < 500, `${path}: ${status}`);
    if (to === null) continue;
    const address = new URL(to, server.url);
    assert.equal(address.origin, server.url, `${path}: ${to}`);
    assert.ok(!address.pathname.startsWith('//'), `${path}: ${to}`);
    assert.ok(!headers.get('set-cookie')?.startsWith('x'), path);
  }
});

test('fault C7: whoever is signed in is led there, too, and nothing is done by being led', async () => {
  const sam = createHttpBrowser(server.url);
  await signIn(sam, 'sam@example.org', testPassword);
  for (const typed of ['/DEVICES/', '/Security', '/profile/', '/SIGNOUT', '/Logout'])
    assert.equal((await sam.open(typed)).status, 200, typed);
  assert.match((await sam.open('/Account/')).html, /sam@example\.org/, 'still signed in');
});
