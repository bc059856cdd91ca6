import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase, type OpenDatabase } from '../test/helpers/databases.ts';
import type { FormBrowser } from '../test/helpers/form-browser.ts';
import { createPeople, goodPassword, type People } from '../test/helpers/people.ts';
import { createSecrets, rootOf } from './secrets.ts';

const own = 'ann@example.org';

/** F26: the same data behind a process with the secret of before, one that changes it, and one that has forgotten it. */
async function createRotation(open: OpenDatabase) {
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const database = await open();
  const people = (secrets: ReturnType<typeof createSecrets>) => createPeople(async () => database, { secrets });
  const before = await people(createSecrets(old));
  await before.addAccount(own);
  return {
    before,
    changing: await people(createSecrets(next, { previous: [old], lookupRoot: rootOf(old) })),
    after: await people(createSecrets(next, { lookupRoot: rootOf(old) })),
  };
}

/** The same browser, which finds another process behind the address. */
function moved(browser: FormBrowser, to: People): FormBrowser {
  const there = to.newBrowser();
  for (const [name, value] of browser.cookies) there.cookies.set(name, value);
  return there;
}

/** Sends the form that the browser has open to the other process. */
async function send(browser: FormBrowser, to: People, path: string, fields: Record<string, string>) {
  const hidden = browser.shown.root.querySelectorAll('form').find((form) => form.getAttribute('action') === path);
  const kept = (hidden?.querySelectorAll('input[type=hidden]') ?? []).map(({ attributes }) => [
    attributes.name ?? '',
    attributes.value ?? '',
  ]);
  const there = moved(browser, to);
  await there.post(path, { ...Object.fromEntries(kept), ...fields });
  return there;
}

async function signIn(people: People): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email: own });
  await browser.submit({ password: goodPassword });
  assert.equal(browser.shown.url, '/home');
  return browser;
}

const linkIn = (people: People, path: string): string => {
  const links = people.mails.flatMap(({ text }) => [...text.matchAll(/https?:\/\/\S+/g)]).map(([url]) => new URL(url));
  return links.find(({ pathname }) => pathname.startsWith(path))?.pathname ?? assert.fail(`no link to ${path}`);
};

forEachDatabase((_name, open) => {
  test('F26: a form that is open while the secret changes is taken, with what was typed before it', async () => {
    const { before, changing } = await createRotation(open);
    const half = before.newBrowser();
    await half.open('/signin');
    await half.submit({ email: own });
    assert.equal(half.shown.url, '/signin/password');
    assert.equal((await send(half, changing, '/signin/password', { password: goodPassword })).shown.url, '/home');

    const setting = await signIn(before);
    await setting.open('/security/app');
    const secret = /secret=([A-Z2-7]+)/.exec(setting.shown.body)?.[1] ?? setting.shown.root.querySelector('code')?.text;
    const key = (secret ?? '').replace(/\s/g, '');
    const code = generateSync({ secret: key, epoch: Math.floor(before.clock.now() / 1000) });
    const done = await send(setting, changing, '/security/app', { code });
    assert.match(done.shown.url, /done=appAdded/);
  });

  test('F26: sessions, forms and links in mails outlive a secret that is forgotten', async () => {
    const { before, after } = await createRotation(open);
    const browser = await signIn(before);
    await browser.open('/security/email');
    await browser.submit({ email: 'ann@new.example' });
    const code = /^ {4}(\d{4} \d{4})$/m.exec(before.mails.at(-1)?.text ?? '')?.[1] ?? '';
    await browser.submit({ code });
    const undo = linkIn(before, '/security/email/undo/');
    const there = moved(browser, after);
    assert.equal((await there.open('/security')).url, '/security', 'nobody is signed out');
    await there.open(undo);
    await there.submit({}, undo);
    assert.match(there.shown.text, /Your old email address is back/);
  });

  test('F26: what was sealed for minutes ends with the secret, on a page that says so or where it began', async () => {
    const { before, after } = await createRotation(open);
    const half = before.newBrowser();
    await half.open('/signin');
    await half.submit({ email: own });
    const again = await send(half, after, '/signin/password', { password: goodPassword });
    assert.deepEqual([again.shown.status, again.shown.url], [200, '/signin']);

    const setting = await signIn(before);
    await setting.open('/security/app');
    const answer = await send(setting, after, '/security/app', { code: '123456' });
    assert.equal(answer.shown.status, 422);
    assert.ok(answer.shown.root.querySelector('form[action="/security/app"]'), 'with a new one to scan');
  });
});
