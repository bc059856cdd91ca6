import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { minutes } from '../clock.ts';

const email = 'ann@example.org';

async function signIn(people: People): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email });
  await browser.submit({ password: goodPassword });
  return browser;
}

/** The owner of an account with a password and an app, on the page that offers codes. */
async function setUpApp(people: People): Promise<FormBrowser> {
  const browser = await signIn(people);
  await browser.open('/security/app');
  const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(browser.shown.text)?.[0].replaceAll(' ', '') ?? '';
  await browser.submit({ code: generateSync({ secret, epoch: Math.floor(people.clock.now() / 1000) }) });
  return browser;
}

const csrfOn = (browser: FormBrowser): string =>
  browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
const codesOn = (browser: FormBrowser): string[] =>
  browser.shown.root.querySelectorAll('.sheet-codes bdi').map((each) => each.text);
/** Mails about codes are not waited for by whoever uses one. */
const mailed = async ({ mails }: People, subject: RegExp): Promise<void> => {
  while (!mails.some((mail) => subject.test(mail.subject))) await new Promise(setImmediate);
};

forEachDatabase((_name, open) => {
  test('recovery codes are offered when a second step is set up, shown once, and the owner hears of it (E29)', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    assert.equal(browser.shown.url, '/security/recovery-codes?done=appAdded');
    assert.match(browser.shown.text, /also asks for a code from the app/);
    assert.match(browser.shown.text, /You have none yet/);
    assert.equal(browser.shown.root.querySelector('a[href="/security"].button')?.text, 'Not now');

    await browser.submit({});
    const codes = codesOn(browser);
    assert.equal(codes.length, 10);
    assert.match(browser.shown.text, /ann@example.org at http:\/\/localhost:3000/);
    assert.equal(browser.shown.headers['cache-control'], 'no-store');
    assert.equal(people.mails.at(-1)?.subject, 'New recovery codes were made for your account');
    for (const code of codes) {
      assert.ok(!people.logs.join('').includes(code) && !people.mails.some((mail) => mail.text.includes(code)));
      assert.ok(!browser.shown.url.includes(code));
    }
    assert.deepEqual(await people.authenticators.recoveryCodes.use(id, codes[3] ?? ''), { left: 9 });
    await browser.open('/security/recovery-codes');
    assert.match(browser.shown.text, /9 are left of the ten/);
    assert.deepEqual(codesOn(browser), []);
  });

  test('new codes replace the old; the form of an old page does not replace codes just written down', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    const stale = { csrf: csrfOn(browser), made: '' };
    await browser.submit({});
    const [first = ''] = codesOn(browser);
    const again = await browser.post('/security/recovery-codes', stale);
    assert.equal(again.status, 409);
    assert.match(again.text, /New ones have been made since/);
    people.clock.advance(minutes(1));
    await browser.open('/security/recovery-codes');
    await browser.submit({});
    const [second = ''] = codesOn(browser);
    assert.equal(await people.authenticators.recoveryCodes.use(id, first), undefined);
    assert.deepEqual(await people.authenticators.recoveryCodes.use(id, second), { left: 9 });
  });

  test('the codes of the page come back as a file, and nothing but codes does', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = await setUpApp(people);
    await browser.submit({});
    const codes = codesOn(browser);
    const csrf = csrfOn(browser);
    const file = await browser.post('/security/codes-file', { csrf, kind: 'codes', codes: codes.join(' ') });
    assert.equal(file.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(file.headers['content-disposition'], 'attachment; filename="latchkey-recovery-codes.txt"');
    assert.equal(file.headers['cache-control'], 'no-store');
    assert.ok(file.body.includes(`\r\n${codes.join('\r\n')}\r\n`));
    for (const wrong of ['', 'Your account is closed, call 0800', codes.slice(1).join(' '), `${codes.join(' ')} x`]) {
      const refused = await browser.post('/security/codes-file', { csrf, kind: 'codes', codes: wrong });
      assert.match(refused.url, /^\/security\/recovery-codes/, wrong);
    }
    const foreign = await people.newBrowser().post('/security/codes-file', { kind: 'codes', codes: codes.join(' ') });
    assert.equal(foreign.status, 403);
  });

  test('without a second step there is nothing for recovery codes to replace', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    assert.doesNotMatch((await browser.open('/security')).text, /Recovery codes/);
    assert.equal((await browser.open('/security/recovery-codes')).url, '/security');
    await browser.open('/security/password');
    await browser.post('/security/recovery-codes', { csrf: csrfOn(browser), made: '' });
    assert.equal(await people.authenticators.recoveryCodes.left(id), 0);
  });

  test('E38: making codes asks for a proof not older than five minutes', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    const csrf = csrfOn(browser);
    people.clock.advance(minutes(6));
    for (const path of ['/security/recovery-codes', '/security/saved-code']) {
      assert.equal((await browser.open(path)).url, `/prove?next=${encodeURIComponent(path)}`);
      assert.match((await browser.post(path, { csrf, made: '' })).url, /^\/prove/);
    }
    assert.equal(await people.authenticators.recoveryCodes.left(id), 0);
    assert.equal(await people.authenticators.savedCode.has(id), false);
    assert.equal((await people.newBrowser().open('/security/saved-code')).url, '/signin');
  });

  test('the owner hears of every code used, and when two are left, by mail and on the page', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    await browser.submit({});
    const codes = codesOn(browser);
    const use = (count: number) =>
      codes
        .splice(0, count)
        .reduce<Promise<unknown>>(
          (before, code) => before.then(() => people.authenticators.recoveryCodes.use(id, code)),
          Promise.resolve(),
        );
    await use(1);
    await mailed(people, /^One of your recovery codes was used$/);
    assert.match((await browser.open('/security')).text, /9 codes left/);
    await use(7);
    await mailed(people, /^You have 2 recovery codes left$/);
    assert.match((await browser.open('/security')).text, /Only 2 recovery codes are left/);
    await use(2);
    await mailed(people, /^You have used your last recovery code$/);
    assert.match((await browser.open('/security')).text, /You have no recovery codes/);
  });

  test('E13: a saved code is shown once, and the owner hears when it is used and replaced', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    await browser.open('/security/saved-code');
    await browser.submit({});
    const [code = ''] = codesOn(browser);
    assert.match(code, /^([0-9A-Z]{5}-){4}[0-9A-Z]{6}$/);
    assert.equal(people.mails.at(-1)?.subject, 'A new saved code was made for your account');
    const file = await browser.post('/security/codes-file', { csrf: csrfOn(browser), kind: 'saved', codes: code });
    assert.equal(file.headers['content-disposition'], 'attachment; filename="latchkey-saved-code.txt"');
    assert.match((await browser.open('/security')).text, /It helps you back in/);
    assert.equal(await people.authenticators.savedCode.use(id, '00000-00000-00000-00000-000000'), undefined);
    assert.ok(await people.authenticators.savedCode.use(id, code));
    await mailed(people, /^Your saved code was used and replaced$/);
    assert.ok(!people.mails.some((mail) => mail.text.includes(code)));
  });

  test('E1: a second step that must stay says why, and stays', async () => {
    const people = await createPeople(open, { requireSecondStep: true });
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    const page = await browser.open('/security/app');
    assert.match(page.text, /this is your only one/);
    assert.equal(page.root.querySelector('[value=remove]'), null);
    await browser.open('/security/recovery-codes');
    const refused = await browser.post('/security/app', { csrf: csrfOn(browser), action: 'remove' });
    assert.match(refused.text, /has to stay/);
    assert.equal((await people.authenticators.methodsOf(id)).app, true);
  });

  test('E1: the app stays beside a password too short to be alone, until that is changed', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await setUpApp(people);
    await people.authenticators.setPassword(id, 'oak&plum7');
    assert.match((await browser.open('/security/app')).text, /too short to be enough by itself/);
    await browser.open('/security/password');
    await browser.submit({ new_password: 'seven lamps under the harbour' });
    await browser.open('/security/app');
    await browser.submit({ action: 'remove' });
    assert.equal((await people.authenticators.methodsOf(id)).app, false);
  });

  test('where a second step is asked of everyone, eight characters do, and the page says what is missing', async () => {
    const people = await createPeople(open, { requireSecondStep: true });
    const { id } = await people.addAccount(email);
    // Whoever comes with a passkey has brought two factors.
    const device = createSoftwareAuthenticator({ origin: issuer });
    const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22) };
    const userId = (await people.accounts.passkeyUserId(id)) ?? '';
    const options = await people.authenticators.passkeys.creationOptions({ ...ask, email, userId });
    const made = await people.authenticators.passkeys.verifyCreation({ ...ask, credential: device.create(options) });
    assert.ok(made && (await people.authenticators.addPasskey(id, made.passkey)));
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    await browser.open('/security/password');
    assert.match(browser.shown.text, /At least 8 characters/);
    await browser.submit({ new_password: 'oak&plum7' });
    assert.match(browser.shown.text, /a password alone is not enough here/);
  });
});
