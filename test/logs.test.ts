import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createDatabasePlace } from './helpers/databases.ts';
import { poll, postForm, refresh, requestCode, userinfo } from './helpers/device.ts';
import { emptyValkeyUrl } from './helpers/ephemerals.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from './helpers/http-browser.ts';
import { codeIn, linkIn } from './helpers/journey-phone.ts';
import { setups } from './helpers/journey-place.ts';
import { approve, reviewCode } from './helpers/link-journey.ts';
import { startMailbox } from './helpers/mailbox.ts';
import { startServerProcess } from './helpers/server-process.ts';

/** Canaries: whatever must never be seen again, by what it is. */
type Secrets = Map<string, string>;

const email = 'noa@example.org';
const password = 'canary wing sings 7041 in the dark';
const wrongPassword = 'canary wing sings 7042 in the dark';

/** Every cookie of the browser, unless it is a mere setting, and the token of every form. */
function keepPage(secrets: Secrets, browser: HttpBrowser, page: HttpPage): HttpPage {
  for (const [name, value] of browser.cookies) {
    if (value.length >= 16) secrets.set(`cookie ${name} ${secrets.size}`, decodeURIComponent(value));
  }
  for (const field of page.root.querySelectorAll('input[name=csrf]')) {
    secrets.set(`forgery token ${secrets.size}`, field.getAttribute('value') ?? '');
  }
  return page;
}

/** Whether a text holds the secret: as it is, as an address or a form carries it, or without what people leave out. */
function holds(text: string, secret: string): boolean {
  // Six digits alone are also part of many a time.
  if (/^\d+$/.test(secret)) return new RegExp(`(?<![\\d.])${secret}(?!\\d)`).test(text);
  const spellings = [secret, encodeURIComponent(secret), secret.replaceAll(' ', '+'), secret.replaceAll('-', '')];
  return spellings.some((spelling) => text.toLowerCase().includes(spelling.toLowerCase()));
}

/** Everything a person and a device do, and much that goes wrong. Resolves with the secrets that came up. */
async function liveThrough(url: string, mailbox: Awaited<ReturnType<typeof startMailbox>>): Promise<Secrets> {
  const secrets: Secrets = new Map([
    ['password', password],
    ['wrong password', wrongPassword],
  ]);
  const browser = createHttpBrowser(url);
  const seen = (page: HttpPage): HttpPage => keepPage(secrets, browser, page);

  // Sign up, once with a mail server that refuses: that failure is logged.
  mailbox.refuse(true);
  const refused = seen(await browser.submit(seen(await browser.open('/signup')), { email }));
  assert.equal(refused.status, 503);
  mailbox.refuse(false);
  const confirm = seen(await browser.submit(await browser.open('/signup'), { email }));
  const mail = await mailbox.waitFor(email);
  const mailLink = linkIn(mail, '/signup/link/');
  secrets.set('code in a mail', codeIn(mail)).set('link in a mail', mailLink.split('/').at(-1) ?? '');
  seen(await browser.open(mailLink));
  const protect = seen(await browser.submit(confirm, { code: codeIn(mail) }));
  seen(await browser.submit(protect, { password }));

  // Sign in elsewhere, at first with the wrong password.
  const phone = createHttpBrowser(url);
  const wrong = await signIn(phone, email, wrongPassword);
  assert.ok(wrong.root.querySelector('input[name=password]'));
  keepPage(secrets, phone, await phone.submit(wrong, { password }));

  // Link a device, with its code in every address that people, scanners and wrong clients may put it in.
  const clientId = 'example-tv';
  const code = await requestCode(url, clientId, { device_name: 'Kitchen TV' });
  secrets.set('user code', code.user_code).set('device code', code.device_code);
  for (const path of ['/l/', '/L/', '/l/%20', '/link?user_code=', '/device?user_code=', '/nowhere?code=']) {
    seen(await browser.open(path + code.user_code));
  }
  await postForm(`${url}/token?device_code=${code.device_code}`, {});
  await fetch(`${url}/token`, { method: 'POST', body: JSON.stringify({ device_code: code.device_code }) });
  const guess = 'BCDF-GHJK';
  secrets.set('wrong user code', guess);
  await browser.submit(await browser.open('/link'), { user_code: guess });
  await poll(url, clientId, code.device_code);
  seen(await approve(browser, seen(await reviewCode(browser, code.user_code)), password));
  const first = await poll(url, clientId, code.device_code);
  assert.equal(first.status, 200);
  const second = await refresh(url, clientId, String(first.body.refresh_token));
  for (const { body } of [first, second]) {
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      if (body[name]) secrets.set(`${name} ${secrets.size}`, String(body[name]));
    }
  }

  // Tokens where they belong, where they do not, and after they ended.
  const accessToken = String(second.body.access_token);
  assert.equal((await userinfo(url, accessToken)).status, 200);
  await fetch(`${url}/userinfo?access_token=${accessToken}`);
  await fetch(`${url}/nowhere`, { headers: { authorization: `Bearer ${accessToken}` } });
  await postForm(
    `${url}/revoke`,
    { token: 'unknown', client_id: 'unknown' },
    { authorization: `Basic ${btoa('a:b')}` },
  );
  await refresh(url, clientId, String(first.body.refresh_token));

  // Undo one link from the mail, unlink another on its page.
  const undo = linkIn(await mailbox.waitFor(email, '/devices/undo/'), '/devices/undo/');
  secrets.set('undo token', undo.split('/').at(-1) ?? '');
  const undone = await browser.submit(seen(await browser.open(undo)), {}, { name: 'action', value: 'unlink' });
  assert.match(undone.text, /no longer linked/);
  assert.equal((await userinfo(url, accessToken)).status, 401);
  const other = await requestCode(url, clientId, { device_name: 'Bedroom TV' });
  secrets.set('second user code', other.user_code).set('second device code', other.device_code);
  await approve(browser, await reviewCode(browser, other.user_code), password);
  const page = (await browser.open('/devices')).root
    .querySelectorAll('main a')
    .find((link) => link.text.includes('Bedroom TV'))
    ?.getAttribute('href');
  seen(await browser.submit(await browser.open(page ?? ''), {}, { name: 'action', value: 'unlink' }));
  // Last, since it switches off the password: the mail about that sign-in, which the owner answers.
  const notice = linkIn(await mailbox.waitFor(email, '/activity/undo/'), '/activity/undo/');
  secrets.set('token of a notice', notice.split('/').at(-1) ?? '');
  seen(await browser.submit(seen(await browser.open(notice)), {}));
  assert.equal(keepPage(secrets, phone, await phone.open('/devices')).url.pathname, '/signin', 'F9: signed out there');
  seen(await browser.post('/signout', {}));
  return secrets;
}

for (const setup of setups) {
  test(`F32: on ${setup}, what is logged holds no password, code, token, cookie or secret`, async () => {
    const database = await createDatabasePlace(setup === 'PostgreSQL and Valkey' ? 'PostgreSQL' : 'SQLite');
    const mailbox = await startMailbox();
    const own = { LATCHKEY_SECRET: randomBytes(32).toString('base64'), LATCHKEY_METRICS_TOKEN: 'canary-metrics-token' };
    const drivers = database.databaseUrl
      ? { LATCHKEY_DATABASE_URL: database.databaseUrl, LATCHKEY_VALKEY_URL: await emptyValkeyUrl() }
      : {};
    const env = {
      LATCHKEY_DATA: database.data,
      LATCHKEY_SMTP_URL: mailbox.url,
      NODE_ENV: 'production',
      ...own,
      ...drivers,
    };
    const server = await startServerProcess(env);
    const secrets = await liveThrough(server.url, mailbox);
    for (const [name, value] of Object.entries(own)) secrets.set(name, value);
    assert.equal(await server.stop(), 0);
    await mailbox.close();
    await database.remove();

    const output = server.output();
    // The journey has been logged, and each line is JSON but for the one that says that the server listens.
    for (const part of [
      '/l/[code]',
      '/devices/undo/[token]',
      '/activity/undo/[token]',
      '/signup/link/[token]',
      'user_code=[…]',
      '"statusCode":503',
    ]) {
      assert.ok(output.includes(part), `nothing logged about ${part}`);
    }
    for (const line of output.trim().split('\n')) {
      if (!line.startsWith('latchkey listening on ')) assert.doesNotThrow(() => JSON.parse(line), line);
    }
    assert.ok(secrets.size > 25, `only ${secrets.size} secrets came up`);
    for (const [name, secret] of secrets) {
      const line = output.split('\n').find((one) => holds(one, secret));
      assert.equal(line, undefined, `${name} was logged`);
    }
  });
}
