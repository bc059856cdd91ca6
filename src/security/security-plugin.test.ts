import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { minutes, seconds } from '../clock.ts';

const email = 'ann@example.org';
const newPassword = 'seven lamps under the harbour';

async function signIn(people: People): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email });
  await browser.submit({ password: goodPassword });
  return browser;
}

forEachDatabase((_name, open) => {
  test('E38: every change asks for a proof not older than five minutes; looking does not', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = await signIn(people);
    people.clock.advance(minutes(6));
    assert.equal((await browser.open('/security')).url, '/security');
    for (const path of ['/security/passkeys/new', '/security/passkeys/x', '/security/password', '/security/app'])
      assert.equal((await browser.open(path)).url, `/prove?next=${encodeURIComponent(path)}`);
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    await browser.post('/security/password', { csrf, new_password: newPassword });
    assert.match(browser.shown.url, /^\/prove/);
    assert.equal(people.mails.length, 0);
  });

  test('a passkey is added, renamed, used and removed, and the owner hears of it (E29)', async () => {
    const people = await createPeople(open);
    const account = await people.addAccount(email);
    const browser = await signIn(people);
    const device = createSoftwareAuthenticator({ origin: issuer });
    await browser.open('/security/passkeys/new');
    await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    assert.match(browser.shown.text, /Your new passkey is ready/);
    assert.match(browser.shown.text, /Passkey \(Linux\)/);
    assert.equal(people.mails[0]?.subject, 'A passkey was added to your account');
    assert.match(
      people.mails[0]?.text ?? '',
      /Account: .+@.+\nTime: .+ UTC\nBrowser: Linux/,
      'who, when and with what',
    );

    const page = `/security/passkeys/${device.credentialId}`;
    await browser.open(page);
    await browser.submit({ name: 'Blue key', action: 'rename' });
    assert.match(browser.shown.text, /Blue key/);
    await browser.open(page);
    assert.equal((await browser.submit({ action: 'remove' })).status, 422, 'G20: the last thing no false page can use');
    assert.match(browser.shown.text, /Nothing else on your account is safe from a fake page/);
    await browser.submit({ action: 'remove', sure: 'yes' });
    assert.match(browser.shown.text, /cannot sign in any more/);
    assert.equal(people.mails[1]?.subject, 'A passkey was removed from your account');
    assert.equal((await browser.open(page)).status, 404);
    const events = (await people.journal.recent(account.id, 10)).map(({ type }) => type);
    assert.ok(events.includes('authenticator_added') && events.includes('authenticator_removed'));
  });

  test('a passkey made for one account is not added to another one signed in since', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = await signIn(people);
    const device = createSoftwareAuthenticator({ origin: issuer });
    await browser.open('/security/passkeys/new');
    const credential = device.create(browser.passkeyOptions('create'));
    const page = browser.shown;
    await browser.open('/signin');
    await browser.submit({ email: 'bob@example.org' });
    await browser.submit({ password: goodPassword });
    const csrf = page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.equal((await browser.post('/security/passkeys/new', { csrf, credential })).status, 409);
    await browser.open('/security/passkeys/new');
    const own = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.equal((await browser.post('/security/passkeys/new', { csrf: own, credential })).status, 422);
    assert.equal((await people.authenticators.methodsOf(bob.id)).passkeys, 0);
  });

  test('E8, F9: a new password replaces the old one and signs out everywhere else', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const [browser, elsewhere] = [await signIn(people), await signIn(people)];
    await browser.open('/security/password');
    assert.equal((await browser.submit({ new_password: 'gravel' })).status, 422);
    await browser.submit({ new_password: newPassword });
    assert.match(browser.shown.text, /Your new password is in use/);
    assert.equal((await elsewhere.open('/security')).url, '/signin');
    assert.equal(await people.authenticators.verifyPassword(id, goodPassword), false);
    assert.equal(await people.authenticators.verifyPassword(id, newPassword), true);
    assert.equal(people.mails[0]?.subject, 'The password of your account was changed');
  });

  test('E22: an authenticator app is set up only with a code of it, and removed again', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    await browser.open('/security/app');
    const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(browser.shown.text)?.[0].replaceAll(' ', '') ?? '';
    assert.ok(browser.shown.root.querySelector('svg'), 'a QR code');
    const code = () => generateSync({ secret, epoch: Math.floor(people.clock.now() / 1000) });
    const wrong = await browser.submit({ code: code() === '000000' ? '000001' : '000000' });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, new RegExp(secret.slice(0, 4)), 'the same secret stays on the page');
    await browser.submit({ code: code() });
    assert.equal(browser.shown.url, '/security/recovery-codes?done=appAdded');
    assert.match(browser.shown.text, /also asks for a code/);
    assert.equal((await people.authenticators.methodsOf(id)).app, true);

    people.clock.advance(seconds(30));
    await browser.open('/security/app');
    await browser.submit({ action: 'remove' });
    assert.equal((await people.authenticators.methodsOf(id)).app, false);
    assert.deepEqual(
      people.mails.map(({ subject }) => subject),
      ['An authenticator app was added to your account', 'The authenticator app was removed from your account'],
    );
  });

  test('the last way in cannot be removed', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await browser.open('/signup');
    await browser.submit({ email: 'key@example.org' });
    await browser.submit({ code: /\d{4} \d{4}/.exec(people.mails[0]?.text ?? '')?.[0] ?? '' });
    const device = createSoftwareAuthenticator({ origin: issuer });
    await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    const page = await browser.open(`/security/passkeys/${device.credentialId}`);
    assert.match(page.text, /your only way to sign in/);
    assert.equal(page.root.querySelector('[value=remove]'), null);
    const csrf = page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const refused = await browser.post(`/security/passkeys/${device.credentialId}`, { csrf, action: 'remove' });
    assert.equal(refused.status, 422);
    assert.equal((await people.newBrowser().open('/signin')).status, 200);
  });

  test('what somebody was doing ends with signing out, and goes on when they switch accounts', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await people.addAccount('bob@example.org');
    const browser = await signIn(people);
    await browser.open('/signin');
    await browser.submit({ email: 'bob@example.org' });
    await browser.submit({ password: goodPassword });
    // An address typed and not gone on with; a code typed is kept in the same cookie.
    await browser.open('/signin');
    await browser.submit({ email: 'carol@example.org' });
    const flow = browser.cookies.get('latchkey-flow');
    assert.ok(flow);

    await browser.open('/accounts');
    await browser.submit({ account: ann.id, action: 'switch' });
    assert.equal(browser.cookies.get('latchkey-flow'), flow);
    await browser.open('/accounts');
    await browser.submit({ account: ann.id, action: 'signout' });
    assert.equal(browser.cookies.get('latchkey-flow'), flow, 'somebody is still signed in');
    await browser.open('/signout');
    await browser.submit({ account: 'all' });
    assert.equal(browser.cookies.has('latchkey-flow'), false);
  });

  test('F33: a mail that fails leaves the change made', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    people.breakMail();
    await browser.open('/security/password');
    assert.equal((await browser.submit({ new_password: newPassword })).status, 200);
    assert.equal(await people.authenticators.verifyPassword(id, newPassword), true);
  });
});
