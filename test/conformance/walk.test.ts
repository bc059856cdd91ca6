import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openMailFolder } from '../../src/drivers/mail/file.ts';
import { requestCode } from '../helpers/device.ts';
import { routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';
import { type Answer, createWalker } from '../helpers/walker.ts';

const root = new URL('../../../', import.meta.url).pathname;
const filesIn = (folder: string, ending: RegExp): [string, string][] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path) && !/\.test\./.test(path))
    .map((path) => [`${folder}/${path}`, readFileSync(join(root, folder, path), 'utf8')]);

const appOrigin = 'https://app.example';
/** For programs, or there in development alone. */
const notPages =
  /^\w+ \/(?:dev\/|examples|token|par|device_|devicecode|introspect|revoke|userinfo|jwks|\.well-known|healthz|readyz|metrics)/;
/** What ends much of what others need comes last. */
const ends = /sign(?:out|in|up)|session|unlink|close|undo|accounts|recover|setup|security\/email|keep|password/;

let server: TestApp;
let posts: string[];
const answers: Answer[] = [];

/** They press everything: somebody signed in, a newcomer, and whoever reads the mail of the first and knows no password. */
before(async () => {
  server = await startTestApp();
  await server.createAccount('walker@example.org');
  const tv = await server.createClient();
  const app = await server.createClient({ grants: ['authorization_code'], redirectUris: [`${appOrigin}/back`] });
  const asked = { client_id: app.id, response_type: 'code', redirect_uri: `${appOrigin}/back`, scope: 'openid' };
  const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
  const routes = routesOf(server.app.server)
    .map(({ method, path }) => ({ method, url: path }))
    .filter(({ url }) => !url.includes('*'));
  posts = routes.filter(({ method }) => method === 'POST').map(({ url }) => url);
  const mails = openMailFolder(server.outside.config);
  /** Mails leave after the answer. */
  const arrived = async (words: string): Promise<void> => {
    for (let look = 0; !(await mails.list()).some(({ text }) => text.includes(words)); look++) {
      assert.ok(look < 1000, `no mail with ${words}`);
      await setTimeout(10);
    }
  };

  for (const [email, password] of [
    ['walker@example.org', testPassword],
    ['newcomer@example.org', testPassword],
    ['walker@example.org', 'x'],
  ] as const) {
    const known: Record<string, string> = { email, password };
    const walker = createWalker(server.url, routes, (name) => known[name] ?? 'x');
    const open = (url: string): void => walker.note({ method: 'GET', url, fields: {} });
    const post = async (url: string, fields: Record<string, string>): Promise<void> => {
      // A form is of the account that is signed in when it is shown (fault A7).
      const { page } = await walker.send({ method: 'GET', url: '/help', fields: {} });
      const csrf = page?.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      answers.push(await walker.send({ method: 'POST', url, fields: { csrf, ...fields } }));
    };
    if (email === 'newcomer@example.org') {
      await post('/signup', { email });
      await arrived('/signup/link/');
    } else if (password === testPassword) {
      await post('/signin', { email });
      await post('/signin/password', { password });
      assert.ok(walker.cookies.has('latchkey-session'));
    } else {
      await post('/recover', { email });
      await post('/recover/choose', { way: 'email' });
      await arrived('/recover/link/');
    }
    known.user_code = (await requestCode(server.url, tv.id)).user_code;
    for (const { text } of await mails.list()) {
      known.code ??= /\b\d{4} \d{4}\b/.exec(text)?.[0] ?? '';
      for (const [url] of text.matchAll(/http:\/\/localhost:\d+\/[^\s"<>]*/g)) open(url.replace(server.url, ''));
    }
    for (const { method, url } of routes) if (method === 'GET' && !url.includes(':')) open(url);
    for (const more of [challenge, { ...challenge, response_mode: 'form_post' }, {}])
      open(`/auth?${new URLSearchParams({ ...asked, ...more })}`);
    open(`/L/${known.user_code}`);
    for await (const answer of walker.walk(({ method, url }) => method === 'POST' && ends.test(url)))
      answers.push(answer);
    // What nothing led to is tried all the same.
    for (const url of posts) await post(url.replace(/:\w+/g, 'x'), { password: 'x', code: 'x', decision: 'approve' });
  }
});
after(() => server.stop());

test('C16: whatever follows a form is a 303, which leaves what was in the form behind (RFC 9700 §4.12)', () => {
  const redirecting = new Set<string>();
  for (const { route, status, location } of answers) {
    if (location === undefined) continue;
    assert.equal(status, 303, `${route} → ${location}`);
    redirecting.add(route);
  }
  const tried = new Set(answers.map(({ route }) => route));
  assert.deepEqual(
    posts.filter((url) => !tried.has(`POST ${url}`)),
    [],
  );
  const credentials = ['/signin/password', '/link', '/prove', '/interaction/:uid', '/recover', '/signup'];
  for (const url of credentials) assert.ok(redirecting.has(`POST ${url}`), url);
  assert.ok(redirecting.size > 60, `${redirecting.size} redirect`);
});

/** What people type that is shown again, and what is not: a form held back for another account keeps the first alone. */
const shownAgain = ['email', 'name', 'phone', 'user_code'];
const secrets = ['code', 'credential', 'digits', 'new_password', 'password', 'recovery'];

test('fault A7: every form carries the token of its account, and every field that is typed into is known to be secret or not', () => {
  const names = new Set<string>();
  for (const { route, url, status, page } of answers.filter(({ route }) => !notPages.test(route))) {
    const forms = page?.querySelectorAll('form[method="post"]') ?? [];
    const tokens = forms.map((form) => form.querySelector('input[name=csrf]')?.getAttribute('value') ?? '');
    assert.ok(
      tokens.every((token) => token !== ''),
      url,
    );
    // What was held back has a button for each account.
    if (status !== 409) assert.ok(new Set(tokens).size <= 1, `${url}: all forms of a page are for one account`);
    if (page?.querySelector('.account-email')) assert.match(tokens[0] ?? '', /\./, `${route}: names its account`);
    for (const input of page?.querySelectorAll('input:not([type=hidden]):not([hidden]), textarea') ?? [])
      if (!['checkbox', 'radio'].includes(input.getAttribute('type') ?? ''))
        names.add(input.getAttribute('name') ?? '');
    for (const input of page?.querySelectorAll('input[type=password]') ?? [])
      assert.ok(secrets.includes(input.getAttribute('name') ?? ''), url);
  }
  const known = [...shownAgain, ...secrets];
  assert.deepEqual(
    [...names].filter((name) => !known.includes(name)),
    [],
  );
  assert.ok(names.size >= 6, [...names].join(' '));
});

test('C16: no line of the code redirects in another way', () => {
  for (const [path, text] of filesIn('src', /\.tsx?$/)) {
    for (const [call] of text.matchAll(/reply\s*\.redirect\([^;]*;/g))
      assert.match(call, /, 303\)/, `${path}: ${call}`);
    for (const { index } of text.matchAll(/ctx\.redirect\(/g))
      assert.match(text.slice(0, index), /ctx\.status = 303;\s*$/, path);
    assert.doesNotMatch(text, /(?:code|status|writeHead)\(30[1278]\b|status = 30[1278]\b/, path);
  }
});

test('E25: no link and no code of a mail begins a session, nor does anything that is not in the table of sign-in paths', () => {
  const [table = ''] = readFileSync(join(root, 'docs/security/sign-in-paths.md'), 'utf8').split('## What does not');
  const paths = [...table.matchAll(/^\| `([A-Z]+ \/[^`]+)`/gm)].map(([, route]) => route);
  const began = new Set(answers.filter((answer) => answer.began).map(({ route }) => route));
  assert.deepEqual([...began].sort(), ['POST /signin/password', 'POST /signup/protect']);
  for (const route of began) assert.ok(paths.includes(route), route);
  const went = new Set(answers.filter(({ status }) => status < 400).map(({ route }) => route));
  for (const mailed of ['/signup/confirm', '/signup/link/:token', '/recover/link/:token'])
    assert.ok(went.has(`POST ${mailed}`), mailed);
});

test('C19, F18: no page has anything from elsewhere, leads elsewhere or says where somebody came from', () => {
  const pages = answers.filter(({ route, page }) => page && !notPages.test(route));
  assert.ok(new Set(pages.map(({ route }) => route)).size > 60, 'the walk has seen most pages');
  for (const { route, url, headers, page } of pages) {
    const about = `${route}: ${url}`;
    assert.equal(headers.get('referrer-policy'), 'no-referrer', about);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; /, about);
    for (const source of policy.split(/[;\s]+/).filter((word) => /[:/*.]|unsafe|nonce|strict-dynamic/.test(word)))
      assert.ok(source === 'data:' || source === appOrigin, `${about}: ${source}`);
    for (const name of ['src', 'href', 'action', 'formaction', 'data', 'poster', 'srcset', 'ping'])
      for (const element of page?.querySelectorAll(`[${name}]`) ?? []) {
        const address = URL.parse(element.getAttribute(name) ?? '', server.url);
        const own = address?.origin === server.url || (element.tagName === 'IMG' && address?.protocol === 'data:');
        assert.ok(own, `${about}: ${element.outerHTML.slice(0, 200)}`);
      }
    assert.equal(
      page?.querySelectorAll('style, iframe, object, embed, base, [style], script:not([src])').length,
      0,
      about,
    );
    assert.doesNotMatch(page?.outerHTML ?? '', /<[^>]*\son[a-z]+=/, about);
  }
});

test('F18: no script or style sheet of ours loads one from elsewhere', () => {
  const assets = filesIn('dist/assets', /\.(?:js|css)$/);
  assert.ok(assets.length >= 3);
  for (const [path, text] of assets) {
    assert.doesNotMatch(text, /(?:url\(|@import|import\(|from|fetch\()\s*["']?(?:https?:)?\/\//, path);
    assert.doesNotMatch(text, /\beval\(|new Function\(|\.innerHTML\s*=|insertAdjacentHTML|document\.write/, path);
  }
});
