import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'node-html-parser';
import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { seconds } from '../../src/clock.ts';
import { requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { type Route, routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const ann = 'ann@example.org';
const bob = 'bob@example.org';
const cat = 'cat@example.org';

/** Everything a browser can be, as far as accounts go. Ann has no second step, which is wanted here; the others have one. */
type State = {
  /** Who is signed in, the current one first. */
  signedIn: string[];
  settingUp?: string;
  half?: string;
};
const states: Record<string, State> = {
  nobody: { signedIn: [] },
  'half way': { signedIn: [], half: bob },
  'setting up': { signedIn: [], settingUp: ann },
  'setting up beside another': { signedIn: [bob], settingUp: ann },
  'signed in': { signedIn: [bob] },
  'signed in, another half way': { signedIn: [cat], half: bob },
  'signed in with several': { signedIn: [cat, bob] },
};

/**
 * A page belongs to whoever is signed in unless it stands here, with its reason: nobody else is shown anything but the way
 * to sign in. A route that is new belongs to them, too, until it is written down.
 */
const forEverybody: Record<string, string> = {
  '/': 'leads on',
  '/help': 'help',
  '/help/accessibility': 'help',
  '/help/passkey': 'help',
  '/help/privacy': 'help',
  '/link': 'a code is typed before signing in',
  '/L/:code': 'the same, with the code',
  '/l/:code': 'the same, with the code',
  '/problem': 'says what went wrong on the way to an app',
  '/session/end': 'asks whoever is here',
  '/signout': 'asks whoever is here',
  '/profile/closed': 'for somebody who is signed out by then',
  '/activity/undo/:token': 'a link of a mail, which is its own proof',
  '/activity/change/:token': 'a link of a mail, which is its own proof',
  '/devices/undo/:token': 'the same',
  '/security/addresses/link/:token': 'the same',
  '/security/email/undo/:token': 'the same',
  '/signup/link/:token': 'the same',
  '/recover/cancel/:token': 'the same',
  '/recover/finish/:token': 'the same',
  '/recover/link/:token': 'the same',
  '/recover': 'for somebody who cannot sign in',
  '/recover/cancelled': 'the same',
  '/recover/choose': 'the same',
  '/recover/code': 'the same',
  '/recover/done': 'the same',
  '/recover/lost': 'the same',
  '/recover/password': 'the same',
  '/recover/report': 'the same',
  '/signin': 'signs in, somebody else, too',
  '/signin/code': 'the same',
  '/signin/key': 'the same',
  '/signin/other': 'the same',
  '/signin/passkey': 'the same',
  '/signin/password': 'the same',
  '/signin/recovery-code': 'the same',
  '/signup': 'the same',
  '/signup/confirm': 'the same',
  '/signup/protect': 'the same',
  '/signin/setup': 'leads to where a second step is set up',
  '/interaction/:uid': 'on the way to an app, which is gone here',
};
/** These, too, of whoever is setting up. */
const forSettingUp = ['/prove', '/security/app', '/security/key/new'];
/** States that pages listen to: they answer with nothing but a word. */
const isStream = (path: string): boolean => path.endsWith('/state');
/** For programs, or there in development alone. */
const programs =
  /^\/(?:\*|dev\/|examples|assets|auth|token|par|device_authorization|devicecode|introspect|revoke|userinfo|jwks|\.well-known|healthz|readyz|metrics)/;

let server: TestApp;
let routes: Route[];
const apps = new Map<string, string>();

before(async () => {
  server = await startTestApp({ env: { LATCHKEY_REQUIRE_SECOND_STEP: 'on' } });
  routes = routesOf(server.app.server).filter(({ method, path }) => method !== 'HEAD' && !programs.test(path));
  const accounts = createAccounts(server.outside);
  const authenticators = createAuthenticators({ ...server.outside, userIdOf: (id) => accounts.passkeyUserId(id) });
  for (const email of [ann, bob, cat]) {
    const id = await server.createAccount(email);
    if (email === ann) continue;
    const setup = authenticators.beginApp(id, email);
    apps.set(email, setup.secret);
    assert.ok(await authenticators.finishApp(id, setup, codeOf(email)));
  }
});
after(() => server.stop());

/** A code counts once. */
function codeOf(email: string): string {
  server.clock.advance(seconds(30));
  return generateSync({ secret: apps.get(email) ?? '', epoch: Math.floor(server.clock.now() / 1000) });
}

async function browserIn({ signedIn, settingUp, half }: State): Promise<HttpBrowser> {
  const browser = createHttpBrowser(server.url);
  for (const email of signedIn.toReversed()) {
    const step = await signIn(browser, email, testPassword);
    await browser.submit(step, { code: codeOf(email) });
  }
  for (const email of [settingUp, half]) if (email) await signIn(browser, email, testPassword);
  return browser;
}

/** One answer, no redirect followed. */
async function ask({ cookies }: HttpBrowser, method: string, path: string, fields: Record<string, string> = {}) {
  const answer = await fetch(new URL(path.replace(/:\w+/g, 'x'.repeat(22)), server.url), {
    method,
    redirect: 'manual',
    headers: {
      accept: 'text/html',
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    },
    ...(method === 'POST' ? { body: new URLSearchParams(fields).toString() } : {}),
  });
  const html = await answer.text();
  const to = answer.headers.get('location')?.split('?')[0] ?? undefined;
  return { status: answer.status, to, root: parse(html), text: parse(html).text.replace(/\s+/g, ' ') };
}

const csrfOf = async (browser: HttpBrowser): Promise<string> =>
  (await browser.open('/help')).root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';

/** Where somebody in this state is sent who opens what is not for them. */
function turnedAway(path: string, { signedIn, settingUp }: State): string | undefined {
  if (settingUp) return forSettingUp.includes(path) ? undefined : '/signin/setup';
  return signedIn.length > 0 ? undefined : '/signin';
}

for (const [name, state] of Object.entries(states)) {
  test(`fault A4: ${name}: every page is for whom it should be for, and none says of them what is not so`, async () => {
    const browser = await browserIn(state);
    const current = state.settingUp ? undefined : state.signedIn[0];
    const known = [...state.signedIn, state.settingUp, state.half];
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      const { status, to, root, text } = await ask(browser, 'GET', path);
      const about = `GET ${path}: ${status} ${to ?? ''} ${text.slice(0, 200)}`;
      if (isStream(path)) continue;
      const away = path in forEverybody ? undefined : turnedAway(path, state);
      if (away) assert.deepEqual([status, to], [303, away], about);
      else if (!(path in forEverybody)) assert.ok(to !== '/signin' && to !== '/signin/setup', about);
      assert.ok(status < 500, about);

      assert.equal(root.querySelector('.account-email')?.text, status === 303 ? undefined : current, about);
      for (const email of [ann, bob, cat]) if (text.includes(email)) assert.ok(known.includes(email), about);
      if (
        /You are signed out(?! everywhere)|not signed in to any account|Nobody is signed in to|not signed in any more/.test(
          text,
        )
      )
        assert.equal(name, 'nobody', about);
      const [, said] = /You are signed in as (\S+@\S+\.org)/.exec(text) ?? [];
      if (said) assert.equal(said, current, about);
    }
  });

  if (state.signedIn.length > 0 && !state.settingUp) continue;
  test(`fault A4: ${name}: no form acts for somebody who is not signed in`, async () => {
    const browser = await browserIn(state);
    const csrf = await csrfOf(browser);
    for (const { path } of routes.filter(({ method }) => method === 'POST')) {
      // What takes a form and has no page of its own belongs to the one above it.
      const page = path.replace(/\/answer$/, '');
      if (page in forEverybody || formsForEverybody.includes(path)) continue;
      const { status, to } = await ask(browser, 'POST', path, { csrf });
      if (path === '/security/passkeys/upgrade') assert.equal(status, 204);
      else assert.deepEqual([path, status, to], [path, 303, turnedAway(path, state) ?? '/prove']);
    }
  });
}

/** Without a page of their own; each is an act of whoever signs in. */
const formsForEverybody = [
  '/settings/display',
  '/signin/choose',
  '/signin/forget',
  '/security/app',
  '/security/key/new',
  '/prove',
];

test('fault A4: the lists hold nothing that is not there', () => {
  const there = routes.map(({ path }) => path);
  const listed = [...Object.keys(forEverybody), ...forSettingUp, ...formsForEverybody];
  assert.deepEqual(
    listed.filter((path) => !there.includes(path)),
    [],
  );
  assert.ok(there.length > 110, `${there.length} routes`);
});

/** The rows of this browser that say who is signed in or is about to be. */
async function sessionsLeft(email: string): Promise<number> {
  const account = await createAccounts(server.outside).findByEmail(email);
  const rows = await server.outside.database.query
    .withTables<{ session_account: { account_id: string } }>()
    .selectFrom('session_account')
    .selectAll()
    .where('account_id', '=', account?.id ?? '')
    .execute();
  return rows.length;
}

async function endEverySession(): Promise<void> {
  await server.outside.database.query.withTables<{ session: { id: string } }>().deleteFrom('session').execute();
}

/** With the cookies from before, as whoever sits there next may have them. */
async function expectNothingLeft(old: HttpBrowser, csrf: string): Promise<void> {
  for (const path of ['/security/app', '/security/key/new', '/signin/setup', '/signin/code', '/security', '/accounts'])
    assert.deepEqual([path, (await ask(old, 'GET', path)).to], [path, '/signin']);
  for (const path of ['/security/app', '/security/key/new', '/security/passkeys/new']) {
    const { status, to } = await ask(old, 'POST', path, { csrf, code: '123456', credential: '{}' });
    assert.ok(status === 409 || to === '/signin', `${path} ${status} ${to}`);
  }
}

for (const [name, state] of Object.entries(states)) {
  test(`fault A4: ${name}: signing out ends it all, what was begun as well, and says so when it is so`, async () => {
    await endEverySession();
    const browser = await browserIn(state);
    const code = await requestCode(server.url, (await server.createClient()).id);
    if (state.signedIn.length === 0) {
      await browser.submit(await browser.open('/link'), { user_code: code.user_code });
      assert.ok((await browser.open('/link')).html.includes(code.user_code));
    }
    const old = createHttpBrowser(server.url);
    for (const [cookie, value] of browser.cookies) old.cookies.set(cookie, value);
    const csrf = await csrfOf(browser);

    const asked = await browser.open('/signout');
    const anybody = name !== 'nobody';
    assert.equal(/You are signed out/.test(asked.text), !anybody);
    if (anybody) {
      const left = await browser.submit(asked, {}, { name: 'account', value: 'all' });
      assert.match(left.text, /You are signed out/);
    }
    for (const email of [ann, bob, cat]) assert.equal(await sessionsLeft(email), 0, email);
    await expectNothingLeft(old, csrf);
    if (anybody) assert.ok(!(await browser.open('/link')).html.includes(code.user_code), 'nor what they came for');
  });
}

test('fault A4: whoever stops setting up leaves the other account where it was', async () => {
  await endEverySession();
  const browser = await browserIn(states['setting up beside another'] as State);
  const asked = await browser.open('/signout');
  assert.match(asked.text, /ann@example\.org has begun/);
  assert.match(asked.text, /1 other account is signed in/);
  const value = asked.root.querySelector('main button[name=account]')?.getAttribute('value') ?? '';
  const left = await browser.submit(asked, {}, { name: 'account', value });
  assert.match(left.text, /bob@example\.org/);
  assert.deepEqual([await sessionsLeft(ann), await sessionsLeft(bob)], [0, 1]);
});

test('fault A4: when the only one who is signed in leaves, nobody stays who was setting up', async () => {
  await endEverySession();
  const browser = await browserIn(states['setting up beside another'] as State);
  const csrf = await csrfOf(browser);
  const account = (await createAccounts(server.outside).findByEmail(bob))?.id ?? '';
  const left = await browser.post('/signout', { csrf, account });
  assert.match(left.text, /You are signed out/);
  assert.deepEqual([await sessionsLeft(ann), await sessionsLeft(bob)], [0, 0]);
});

test('fault A4: "not now" on the page that asks for a second step ends all of it, too', async () => {
  await endEverySession();
  const browser = await browserIn(states['setting up'] as State);
  const old = createHttpBrowser(server.url);
  for (const [cookie, value] of browser.cookies) old.cookies.set(cookie, value);
  const page = await browser.open('/signin/setup');
  await browser.submit(page, {});
  assert.equal(await sessionsLeft(ann), 0);
  await expectNothingLeft(old, await csrfOf(browser));
});
