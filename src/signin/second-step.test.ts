import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser, Shown } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator, flag } from '../../test/helpers/software-authenticator.ts';
import { days, minutes, seconds } from '../clock.ts';
import type { AccountId } from '../ids.ts';

const email = 'ann@example.org';

async function enterPassword(browser: FormBrowser, password = goodPassword, address = email): Promise<Shown> {
  await browser.open('/signin');
  await browser.submit({ email: address }, '/signin');
  return browser.submit({ password });
}

const signedIn = async (browser: FormBrowser) => JSON.parse((await browser.open('/home')).body).signedIn;

async function addApp({ authenticators, clock }: People, accountId: AccountId): Promise<() => string> {
  const setup = authenticators.beginApp(accountId, email);
  const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
  assert.equal(await authenticators.finishApp(accountId, setup, code()), true);
  clock.advance(seconds(30));
  return code;
}

async function addCredential(people: People, accountId: AccountId, purpose: 'add' | 'add-key' | 'upgrade') {
  const device = createSoftwareAuthenticator({ origin: issuer, securityKey: purpose === 'add-key' });
  const userId = (await people.accounts.passkeyUserId(accountId)) ?? '';
  const ask = { purpose, browserId: 'B'.repeat(22), email, userId };
  const bent = purpose === 'upgrade' ? { flags: flag.backupEligible | flag.backedUp | flag.attested } : {};
  const credential = device.create(await people.authenticators.passkeys.creationOptions(ask), bent);
  const made = await people.authenticators.passkeys.verifyCreation({ ...ask, credential });
  assert.ok(made && (await people.authenticators.addPasskey(accountId, made.passkey)));
  return device;
}

forEachDatabase((_name, open) => {
  test('F20: a right password that was changed, or switched off, before its second step came is for nothing', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const code = await addApp(people, id);
    const browser = people.newBrowser();
    assert.equal((await enterPassword(browser)).url, '/signin/code');
    people.clock.advance(seconds(30));
    await people.authenticators.setPassword(id, `${goodPassword} anew`);
    await browser.submit({ code: code() });
    assert.equal(browser.shown.url, '/signin');
    assert.equal(await signedIn(browser), null);

    assert.equal((await enterPassword(browser, `${goodPassword} anew`)).url, '/signin/code');
    await people.database.transaction((trx) => people.authenticators.suspendPassword(id, trx));
    await browser.submit({ code: code() });
    assert.equal(await signedIn(browser), null);
  });

  test('a security key after the password, and whatever else was set up, one page away', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const key = await addCredential(people, id, 'add-key');
    const code = await addApp(people, id);
    await people.authenticators.recoveryCodes.make(id);
    const browser = people.newBrowser();
    assert.equal((await enterPassword(browser)).url, '/signin/code');
    await browser.open('/signin/other');
    const ways = browser.shown.root.querySelectorAll('.card a').map((link) => link.getAttribute('href'));
    assert.deepEqual(ways, ['/signin/code', '/signin/key', '/signin/recovery-code', '/recover/lost']);

    await browser.open('/signin/key');
    const stranger = createSoftwareAuthenticator({ origin: issuer, securityKey: true });
    stranger.create(
      await people.authenticators.passkeys.creationOptions({
        ...{ purpose: 'add-key', browserId: 'B'.repeat(22), email, userId: 'x'.repeat(86) },
      }),
    );
    const refused = await browser.submit({ credential: stranger.get(browser.passkeyOptions('get')) });
    assert.equal(refused.status, 422);
    await browser.submit({ credential: key.get(browser.passkeyOptions('get')) });
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'key']);
    assert.ok(code());
  });

  test('E27: a security key alone opens nothing: not the sign-in page, not a proof', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const key = await addCredential(people, id, 'add-key');
    const browser = people.newBrowser();
    await browser.open('/signin');
    const touched = { flags: flag.userPresent | flag.userVerified };
    assert.equal((await browser.submit({ credential: key.get(browser.passkeyOptions('get'), touched) })).status, 422);
    assert.equal(await signedIn(browser), null);

    await enterPassword(browser);
    await browser.submit({ credential: key.get(browser.passkeyOptions('get')) });
    people.clock.advance(minutes(6));
    await browser.open('/prove?next=/home');
    const options = browser.passkeyOptions('get');
    const alone = await browser.submit({ credential: key.get(options), password: '' });
    assert.equal(alone.status, 422);
    const wrong = await browser.submit({
      ...{ credential: key.get(browser.passkeyOptions('get')), password: 'not the password at all' },
    });
    assert.equal(wrong.status, 422);
    const noStep = await browser.post('/prove?next=/home', {
      csrf: browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
      credential: key.get(browser.passkeyOptions('get')),
    });
    assert.equal(noStep.status, 422, 'nor as a passkey');
    await browser.open('/prove?next=/home');
    const both = { credential: key.get(browser.passkeyOptions('get')), password: goodPassword };
    assert.equal((await browser.submit(both)).url, '/home');
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'key']);
  });

  test('a recovery code stands in for the app, once, and its page says how many are left', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    await addApp(people, id);
    const codes = await people.authenticators.recoveryCodes.make(id);
    const browser = people.newBrowser();
    await enterPassword(browser);
    await browser.open('/signin/recovery-code');
    assert.equal((await browser.submit({ code: '' })).status, 422);
    assert.equal((await browser.submit({ code: 'AAAA-AAAA-AAAA' })).status, 422);
    const done = await browser.submit({ code: (codes[0] ?? '').toLowerCase() });
    assert.equal(done.url, '/signin/recovery-code/left?next=%2Fhome');
    assert.match(done.text, /9 recovery codes are left/);
    assert.ok(done.root.querySelector('a[href="/home"]'));
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'recovery']);

    const again = people.newBrowser();
    await enterPassword(again);
    await again.open('/signin/recovery-code');
    assert.equal((await again.submit({ code: codes[0] ?? '' })).status, 422, 'used');
    for (const code of codes.slice(1, 8)) assert.ok(await people.authenticators.recoveryCodes.use(id, code));
    const few = await again.submit({ code: codes[8] ?? '' });
    assert.match(few.text, /1 recovery code is left/);
    assert.equal(few.root.querySelector('.button-primary')?.getAttribute('href'), '/security/recovery-codes');
    const last = people.newBrowser();
    await enterPassword(last);
    assert.match((await last.open('/signin/recovery-code')).text, /your last recovery code/);
  });

  test('a proof takes a recovery code beside the password, and never a password alone where two steps are on', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const code = await addApp(people, id);
    const codes = await people.authenticators.recoveryCodes.make(id);
    const browser = people.newBrowser();
    await enterPassword(browser);
    await browser.submit({ code: code() });
    await browser.open('/prove?next=/home');
    const link = browser.shown.root.querySelector('a[href*="with="]')?.getAttribute('href') ?? '';
    assert.equal(link, '/prove?next=%2Fhome&with=recovery');
    await browser.open(link);
    assert.equal((await browser.submit({ password: goodPassword, recovery: '' })).status, 422);
    assert.equal((await browser.submit({ password: goodPassword, recovery: 'AAAA-AAAA-AAAA' })).status, 422);
    assert.ok(browser.shown.root.querySelector('[name=recovery]'), 'the same form again');
    assert.equal((await browser.submit({ password: goodPassword, recovery: codes[0] ?? '' })).url, '/home');
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'recovery']);
  });

  test('G6: a passkey that a browser made by itself needs the password once, and then counts', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const device = await addCredential(people, id, 'upgrade');
    const browser = people.newBrowser();
    await browser.open('/signin');
    const next = await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.equal(next.url, '/signin/password');
    assert.match(next.text, /made without your fingerprint/);
    assert.equal(await signedIn(browser), null);
    await browser.open('/signin/password');
    await browser.submit({ password: goodPassword });
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'key']);

    const later = people.newBrowser();
    await later.open('/signin');
    await later.submit({ credential: device.get(later.passkeyOptions('get')) });
    assert.deepEqual((await signedIn(later)).current.methods, ['passkey']);
  });

  test('G5: a passkey whose counter went back needs the password, too', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const device = await addCredential(people, id, 'add');
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get'), { counter: 9 }) });
    assert.ok(await signedIn(browser));
    const other = people.newBrowser();
    await other.open('/signin');
    const next = await other.submit({ credential: device.get(other.passkeyOptions('get'), { counter: 4 }) });
    assert.equal(next.url, '/signin/password');
    assert.equal(await signedIn(other), null);
  });

  test('F20: the pages of a second step are there for the browser that entered the password alone', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    await addApp(people, id);
    await people.authenticators.recoveryCodes.make(id);
    await enterPassword(people.newBrowser());
    for (const path of ['/signin/code', '/signin/key', '/signin/recovery-code', '/signin/recovery-code/left']) {
      assert.equal((await people.newBrowser().open(path)).url, '/signin', path);
    }
  });

  test('F4: the owner hears of a right password without a second step, at once from strangers, once a day', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const code = await addApp(people, id);
    const owner = people.newBrowser();
    await enterPassword(owner);
    await owner.submit({ code: code() });
    await owner.open('/signin');
    const mails = async () => {
      await people.person.settled();
      return people.mails.filter(({ subject }) => subject === 'Somebody has your password').length;
    };
    await enterPassword(owner);
    for (let i = 0; i < 2; i += 1) await owner.submit({ code: '000000' });
    assert.equal(await mails(), 0, 'slips of the owner');

    const stranger = people.newBrowser({
      userAgent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/141.0',
      remoteAddress: '198.51.100.9',
    });
    await enterPassword(stranger);
    await stranger.submit({ code: '' });
    assert.equal(await mails(), 0, 'nothing was tried');
    await stranger.submit({ code: '000000' });
    assert.equal(await mails(), 1);
    const { to, text } = people.mails.at(-1) ?? { to: '', text: '' };
    assert.equal(to, email);
    assert.match(text, /Firefox on Windows/);
    await stranger.submit({ code: '000001' });
    assert.equal(await mails(), 1, 'once a day');
    people.clock.advance(days(1));
    await enterPassword(stranger);
    await stranger.submit({ code: '000002' });
    assert.equal(await mails(), 2);
  });

  test('where two steps are wanted of everyone, a password alone leads to setting one up, and nowhere else', async () => {
    const people = await createPeople(open, { requireSecondStep: true });
    await people.addAccount(email);
    const browser = people.newBrowser();
    assert.equal((await browser.open('/security')).url, '/signin');
    assert.equal((await enterPassword(browser)).url, '/signin/setup');
    assert.equal(await signedIn(browser), null);
    for (const path of ['/signin', '/accounts', '/security/password', '/security/passkeys/new', '/security']) {
      assert.equal((await browser.open(path)).url, '/signin/setup', path);
    }
    await browser.open('/security/app');
    assert.equal(browser.shown.url, '/security/app');
    const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(browser.shown.text)?.[0].replaceAll(' ', '') ?? '';
    const code = () => generateSync({ secret, epoch: Math.floor(people.clock.now() / 1000) });
    const onwards = await browser.submit({ code: code() });
    assert.equal(onwards.url, '/security', 'what they came for');
    assert.ok(await signedIn(browser));

    people.clock.advance(seconds(30));
    const later = people.newBrowser();
    assert.equal((await enterPassword(later)).url, '/signin/code');
    await later.submit({ code: code() });
    assert.deepEqual((await signedIn(later)).current.methods, ['pwd', 'otp']);
  });

  test('where two steps are wanted, whoever will not set one up leaves, and other accounts here stay', async () => {
    const people = await createPeople(open, { requireSecondStep: true });
    const bob = await people.accounts.create({ email: 'bob@example.org' });
    const device = await addCredential(people, bob.id, 'add');
    await people.addAccount(email);
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.equal((await enterPassword(browser)).url, '/signin/setup');
    await browser.submit({}, '/signin/setup');
    const { current, others } = await signedIn(browser);
    assert.deepEqual([current.accountId, others], [bob.id, []]);
  });
});
