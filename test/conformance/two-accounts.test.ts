import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const ann = 'ann@example.org';
const bob = 'bob@example.org';
const words = 'Words that somebody wrote';
const secret = 'sesame open sesame 42';

/** Forms that act for nobody who is signed in, each with its reason. Every other form is bound to an account. */
const forNobody: Record<string, string> = {
  'POST /accounts': 'names the account that it means',
  'POST /signout': 'the same',
  'POST /activity/undo/:token': 'a link of a mail, which says whose it is',
  'POST /activity/change/:token': 'a link of a mail, which says whose it is',
  'POST /devices/undo/:token': 'the same',
  'POST /recover/cancel/:token': 'the same',
  'POST /recover/finish/:token': 'the same',
  'POST /recover/link/:token': 'the same',
  'POST /security/addresses/link/:token': 'the same',
  'POST /security/email/undo/:token': 'the same',
  'POST /signup/link/:token': 'the same',
  'POST /recover': 'gets an account back that nobody is signed in to',
  'POST /recover/choose': 'the same',
  'POST /recover/code': 'the same',
  'POST /recover/lost': 'the same',
  'POST /recover/password': 'the same',
  'POST /session/end/answer': 'names the account that it means, and asks anew if that has left',
  'POST /security/codes-file': 'gives back what the page holds, for the account that the page was shown for',
  'POST /settings/display': 'language and looks of this browser',
  'POST /signin': 'signs in, whoever is signed in already',
  'POST /signin/choose': 'the same',
  'POST /signin/code': 'the same',
  'POST /signin/forget': 'takes an account off the list of this browser',
  'POST /signin/key': 'signs in, whoever is signed in already',
  'POST /signin/passkey': 'the same',
  'POST /signin/password': 'the same',
  'POST /signin/recovery-code': 'the same',
  'POST /signup': 'makes an account',
  'POST /signup/confirm': 'the same',
  'POST /signup/protect': 'the same',
};
/** Filled in before signing in, too. */
const beforeSignIn = ['POST /link'];

let server: TestApp;
let tv: string;
/** Every route that takes forms of ours: it refuses one that is not. */
let forms: string[];

before(async () => {
  server = await startTestApp();
  for (const email of [ann, bob]) await server.createAccount(email);
  tv = (await server.createClient()).id;
  const posts = routesOf(server.app.server).filter(({ method }) => method === 'POST');
  const answers = await Promise.all(
    posts.map(async ({ path }) => {
      const answer = await fetch(new URL(path.replace(/:\w+/g, 'x'), server.url), { method: 'POST' });
      return [path, await answer.text()] as const;
    }),
  );
  forms = answers.filter(([, text]) => text.includes('"forged_form"')).map(([path]) => `POST ${path}`);
  assert.ok(forms.length > 50, `${forms.length} routes of forms`);
});
after(() => server.stop());

/** A browser with both accounts, one after the other; the last one is the current one. */
async function browserOf(...emails: string[]): Promise<HttpBrowser> {
  const browser = createHttpBrowser(server.url);
  for (const email of emails) await signIn(browser, email, testPassword);
  return browser;
}

/** In another tab. */
async function switchTo(browser: HttpBrowser, email: string): Promise<void> {
  const page = await browser.open('/accounts');
  const card = page.root.querySelectorAll('.card').find(({ text }) => text.includes(email));
  const field = (name: string) => card?.querySelector(`input[name="${name}"]`)?.getAttribute('value') ?? '';
  const next = await browser.post('/accounts', { csrf: field('csrf'), account: field('account'), action: 'switch' });
  assert.ok(next.html.includes(email), next.text);
}

/** The account that is the current one. */
async function signOut(browser: HttpBrowser): Promise<void> {
  const page = await browser.open('/signout');
  const value = page.root.querySelector('main button[name=account]')?.getAttribute('value') ?? '';
  await browser.submit(page, {}, { name: 'account', value });
}

async function tokenOf(browser: HttpBrowser): Promise<string> {
  return (await browser.open('/help')).root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
}

/** Everything that is stored, by table, but for when a session was seen and when a mail about it left. */
async function stored(): Promise<string[]> {
  const db = server.outside.database.query;
  const tables = await db.introspection.getTables();
  const rows = await Promise.all(
    tables.map(({ name }) =>
      db.withTables<Record<string, Record<string, unknown>>>().selectFrom(name).selectAll().execute(),
    ),
  );
  return rows.map((each, n) => `${tables[n]?.name}: ${JSON.stringify(each).replace(/"(?:seen|told)_at":\w+/g, '')}`);
}

const send = (browser: HttpBrowser, route: string, csrf: string, headers: Record<string, string> = {}) =>
  browser.post(
    route.replace('POST ', '').replace(/:\w+/g, 'x'),
    {
      ...{ csrf, name: words, email: words, phone: words, user_code: words, password: secret, new_password: secret },
      ...{ code: '12345678', credential: '{}', decision: 'approve', account: 'x', sure: 'yes', sessions: 'yes' },
    },
    headers,
  );

test('fault A7: every form that was shown for one account is refused when another one is signed in, and nothing is done', async () => {
  const browser = await browserOf(bob, ann);
  const token = await tokenOf(browser);
  await switchTo(browser, bob);
  const before = await stored();
  const went: string[] = [];
  for (const route of forms.filter((one) => !(one in forNobody))) {
    const page = await send(browser, route, token);
    if (page.status !== 409) {
      went.push(route);
      continue;
    }
    assert.match(page.title, /You are signed in as .*bob@example\.org.* now/, route);
    assert.ok(page.text.includes('ann@example.org') || page.text.includes('ann@'), route);
    assert.ok(page.html.includes(words), `${route}: what was typed is kept`);
    assert.doesNotMatch(page.html, /sesame|12345678/, `${route}: no secret comes back`);
    const program = await send(browser, route, token, { accept: 'application/json' });
    assert.deepEqual([program.status, JSON.parse(program.html).error], [409, 'other_account'], route);
  }
  assert.deepEqual(went, [], 'they act for whoever is signed in');
  assert.deepEqual(await stored(), before);
});

test('fault A7: a form that was shown to nobody is refused when somebody has signed in since, but for what may begin so', async () => {
  const browser = await browserOf();
  const token = await tokenOf(browser);
  await signIn(browser, bob, testPassword);
  const before = await stored();
  for (const route of forms.filter((one) => !(one in forNobody) && !beforeSignIn.includes(one))) {
    const page = await send(browser, route, token);
    assert.equal(page.status, 409, route);
    assert.match(page.text, /before you signed in/, route);
  }
  assert.deepEqual(await stored(), before);
  const code = await requestCode(server.url, tv);
  const review = await browser.post('/link', { csrf: token, user_code: code.user_code });
  assert.match(review.url.pathname, /^\/link\/.+/, 'the review names the account before anything is decided');
});

test('fault A7: a form that was shown to somebody signed in does nothing after signing out, and no word of it is lost', async () => {
  const browser = await browserOf(ann);
  const token = await tokenOf(browser);
  await signOut(browser);
  const before = await stored();
  for (const route of forms.filter((one) => !(one in forNobody) && !beforeSignIn.includes(one))) {
    const page = await send(browser, route, token);
    assert.equal(page.status, 409, route);
    assert.match(page.title, /You are not signed in any more/, route);
    assert.ok(page.html.includes(words), route);
    assert.doesNotMatch(page.html, /sesame|12345678/, route);
    const bare = await browser.post(route.replace('POST ', '').replace(/:\w+/g, 'x'), { csrf: token, action: 'x' });
    assert.match(
      bare.url.pathname,
      /^\/(?:signin|recover\/report|interaction\/x|security\/passkeys\/upgrade)$/,
      `${route} leads to signing in`,
    );
  }
  assert.deepEqual(await stored(), before);
});

test('fault A7: the list of forms that act for nobody is the list of those that are let through', async () => {
  assert.deepEqual(
    Object.keys(forNobody).filter((route) => !forms.includes(route)),
    [],
    'they are no longer there',
  );
  const browser = await browserOf(bob, ann);
  const token = await tokenOf(browser);
  await switchTo(browser, bob);
  // What ends the session comes last.
  const last = /signout|accounts/;
  const routes = Object.keys(forNobody).sort((a, b) => Number(last.test(a)) - Number(last.test(b)));
  for (const route of routes) assert.notEqual((await send(browser, route, token)).status, 409, route);
});

const typed = async (browser: HttpBrowser, name: string): Promise<HttpPage> =>
  browser.submit(await browser.open('/profile'), { name });
const nameOf = async (email: string): Promise<string> =>
  (await (await browserOf(email)).open('/profile')).root.querySelector('input[name=name]')?.getAttribute('value') ?? '';

test('fault A7: one press goes back to the account that the form was shown for, with what was typed', async () => {
  const browser = await browserOf(bob, ann);
  const form = await browser.open('/profile');
  await switchTo(browser, bob);
  const asked = await browser.submit(form, { name: words });
  assert.equal(asked.status, 409);
  const done = await browser.submit(asked, {}, { name: 'held', value: 'send' });
  assert.equal(done.status, 200);
  assert.match(done.root.querySelector('.account')?.text ?? '', /ann@example\.org/);
  assert.deepEqual([await nameOf(ann), await nameOf(bob)], [words, '']);
  await typed(browser, '');
});

test('fault A7: one press sends it for the account that is signed in now', async () => {
  const browser = await browserOf(bob, ann);
  const form = await browser.open('/profile');
  await switchTo(browser, bob);
  const asked = await browser.submit(form, { name: words });
  const [, goOn] = asked.root.querySelectorAll('main form');
  const fields = Object.fromEntries(
    (goOn?.querySelectorAll('input') ?? []).map((input) => [
      input.getAttribute('name') ?? '',
      input.getAttribute('value') ?? '',
    ]),
  );
  await browser.post('/profile', fields);
  assert.deepEqual([await nameOf(ann), await nameOf(bob)], ['', words]);
  await typed(browser, '');
});

test('fault A7: a password typed for one account changes neither; both choices lead to a page that asks for it', async () => {
  const browser = await browserOf(bob, ann);
  const form = await browser.open('/security/password');
  await switchTo(browser, bob);
  const asked = await browser.submit(form, { new_password: secret });
  assert.equal(asked.status, 409);
  assert.match(asked.text, /Passwords and codes are never kept/);
  const goOn = asked.root.querySelector('main a.button')?.getAttribute('href');
  assert.equal(goOn, '/security/password');
  assert.match((await browser.open(goOn)).html, /bob@example\.org/);
  const back = await browser.submit(asked, {}, { name: 'held', value: 'open' });
  assert.equal(back.url.pathname, '/security/password');
  assert.match(back.root.querySelector('.account')?.text ?? '', /ann@example\.org/);
  for (const email of [ann, bob]) assert.equal((await signIn(await browserOf(), email, testPassword)).status, 200);
});

test('fault A7: "yes" to the review of one account links nothing to the other', async () => {
  const browser = await browserOf(bob, ann);
  const code = await requestCode(server.url, tv);
  const review = await browser.submit(await browser.open('/link'), { user_code: code.user_code });
  await switchTo(browser, bob);
  const asked = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
  assert.equal(asked.status, 409);
  assert.match(String((await poll(server.url, tv, code.device_code)).body.error), /authorization_pending|slow_down/);
  const goOn = asked.root.querySelector('main a.button')?.getAttribute('href');
  assert.equal(goOn, '/link', 'where somebody else enters a code of their own');
  const next = await browser.submit(asked, {}, { name: 'held', value: 'send' });
  const done = next.root.querySelector('input[name=password]')
    ? await browser.submit(next, { password: testPassword })
    : next;
  assert.match(done.text, /now signed in as ann/);
});

test('fault A7: a code that was typed for one account is not entered for the other, and not lost', async () => {
  const browser = await browserOf(bob, ann);
  const code = await requestCode(server.url, tv);
  const entry = await browser.open('/link');
  await switchTo(browser, bob);
  const asked = await browser.submit(entry, { user_code: code.user_code });
  assert.equal(asked.status, 409);
  assert.ok(asked.text.includes(code.user_code));
  const review = await browser.submit(asked, {}, { name: 'held', value: 'send' });
  assert.match(review.text, /ann@example\.org/);
});

test('fault A7: of an account that has left there is no switching back, and the other one is still asked', async () => {
  const browser = await browserOf(bob, ann);
  const form = await browser.open('/profile');
  await signOut(browser);
  const asked = await browser.submit(form, { name: words });
  assert.equal(asked.status, 409);
  assert.match(asked.text, /not signed in in this browser any more/);
  assert.doesNotMatch(asked.text, /ann@example\.org/);
  assert.equal(asked.root.querySelector('button[name=held]'), null);
  await signIn(browser, ann, testPassword);
  const saved = await browser.submit(form, { name: words });
  assert.equal(saved.status, 200, 'signed in again, the form is still good');
  await typed(browser, '');
});

test('fault A7: after signing out a form waits, and is sent once its owner has signed in again in another tab', async () => {
  const browser = await browserOf(ann);
  const form = await browser.open('/profile');
  await signOut(browser);
  const waits = await browser.submit(form, { name: words });
  assert.equal(waits.root.querySelector('main a.button')?.getAttribute('target'), '_blank', 'beside the page');
  assert.equal((await browser.submit(waits, { name: words })).status, 409, 'as often as they press');
  await signIn(browser, ann, testPassword);
  assert.equal((await browser.submit(waits, { name: words })).status, 200);
  assert.equal(await nameOf(ann), words);
  await typed(browser, '');
});

test('fault A7: a token of one browser, or with another account written into it, is no token', async () => {
  const browser = await browserOf(bob, ann);
  const token = await tokenOf(browser);
  const other = await tokenOf(await browserOf(ann));
  for (const made of [other, `${token}x`, `${token}.${token}`, token.replace(/\..*/, `.${other.split('.')[1]}`)]) {
    const answer = await browser.post('/profile', { csrf: made, name: words });
    assert.ok(answer.status === 403 || answer.status === 409, made);
  }
  assert.equal(await nameOf(ann), '');
});
