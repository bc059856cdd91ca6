import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, type People } from '../../test/helpers/people.ts';
import { days, minutes } from '../clock.ts';
import type { ClientId } from '../ids.ts';

const email = 'ann@example.org';

async function signIn(people: People, address = email): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email: address });
  await browser.submit({ password: goodPassword });
  return browser;
}

async function linkTv(people: People, accountId: Awaited<ReturnType<People['addAccount']>>['id']) {
  await people.database.transaction((transaction) =>
    people.devices.link(
      {
        accountId,
        clientId: 'tv' as ClientId,
        grantId: `grant-of-${accountId}`,
        name: 'Living room',
        scope: 'openid',
        expiresAt: people.clock.now() + days(300),
      },
      transaction,
    ),
  );
}

forEachDatabase((_name, open) => {
  test('home says how the account stands and offers one next thing', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await linkTv(people, ann.id);
    const browser = await signIn(people);
    const page = await browser.open('/account');
    assert.match(page.text, /Hello, ann/);
    assert.match(page.text, /Weak/);
    assert.match(page.text, /1 device/);
    assert.equal(page.root.querySelectorAll('.button-primary').length, 1);
    assert.equal(page.root.querySelector('.button-primary')?.getAttribute('href'), '/security/passkeys/new');
    assert.equal((await people.newBrowser().open('/account')).url, '/signin');
  });

  test('the check-up walks through ways, devices, addresses and activity, and is remembered', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await linkTv(people, ann.id);
    const browser = await signIn(people);
    await browser.open('/checkup');
    assert.equal(browser.shown.url, '/checkup/ways');
    assert.match(browser.shown.text, /How you sign in/);
    await browser.submit({}, '/checkup/ways');
    assert.match(browser.shown.text, /Living room/);
    await browser.submit({}, '/checkup/devices');
    assert.match(browser.shown.text, /ann@example.org/);
    assert.equal((await people.accounts.find(ann.id))?.checkedAt, undefined);
    await browser.submit({}, '/checkup/addresses');
    await browser.submit({}, '/checkup/activity');
    assert.equal(browser.shown.url, '/checkup/done');
    assert.match(browser.shown.text, /weakly protected/);
    assert.equal((await people.accounts.find(ann.id))?.checkedAt, people.clock.now());
    assert.equal((await browser.open('/checkup/nothing')).status, 404);
  });

  test('the check-up of an account without devices offers nothing to unlink; the place it belongs to is marked', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = await signIn(people);
    const { root, text } = await browser.open('/checkup/devices');
    assert.match(text, /No devices are linked\./);
    assert.equal(root.querySelector('main a[href="/devices"]'), null);
    assert.equal(root.querySelector('nav a[aria-current]')?.getAttribute('href'), '/account');
    const marked = (await browser.open('/security/password')).root.querySelector('nav a[aria-current]');
    assert.deepEqual([marked?.getAttribute('href'), marked?.getAttribute('aria-current')], ['/security', 'true']);
  });

  test('F15: name, language and theme are saved; a name cannot turn the text around it', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    const browser = await signIn(people);
    await browser.open('/profile');
    await browser.submit({ name: ' Ann\u202e\u0007 Lee ', locale: 'de', theme: 'dark' });
    assert.match(browser.shown.text, /Gespeichert/);
    const saved = await people.accounts.find(ann.id);
    assert.equal(saved?.name, 'Ann Lee');
    assert.equal(saved?.locale, 'de');
    assert.equal(browser.cookies.get('latchkey-theme'), 'dark');
    await browser.submit({ name: '', locale: 'xx', theme: 'auto' });
    const later = await people.accounts.find(ann.id);
    assert.equal(later?.name, undefined);
    assert.equal(later?.locale, 'de');
    assert.equal(browser.cookies.has('latchkey-theme'), false);
  });

  test('E38: the export needs a fresh proof, is recorded, holds everything and no secret', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await linkTv(people, ann.id);
    const saved = await people.authenticators.savedCode.make(ann.id);
    const browser = await signIn(people);
    await browser.open('/profile');
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const answer = await browser.post('/profile/export', { csrf });
    assert.equal(answer.status, 200);
    const document = JSON.parse(answer.body) as {
      account: { email: string };
      devices: { name: string }[];
      activity: { type: string }[];
      sessions: object[];
      ways_to_sign_in: { password: boolean; saved_code: boolean; security_keys: object[] };
    };
    assert.equal(document.account.email, email);
    assert.equal(document.devices[0]?.name, 'Living room');
    assert.equal(document.ways_to_sign_in.password, true);
    assert.equal(document.ways_to_sign_in.saved_code, true);
    assert.deepEqual(document.ways_to_sign_in.security_keys, []);
    assert.equal(document.sessions.length, 1);
    assert.ok(document.activity.some(({ type }) => type === 'exported'));
    for (const secret of [goodPassword, saved, ...browser.cookies.values()])
      assert.equal(answer.body.includes(secret), false);
    assert.doesNotMatch(answer.body, /sealed|hash|grant/i);

    people.clock.advance(minutes(6));
    assert.match((await browser.post('/profile/export', { csrf })).url, /^\/prove/);
  });

  test('closing takes the address typed, ends everything at once, and can be taken back for 14 days', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await linkTv(people, ann.id);
    const [browser, elsewhere] = [await signIn(people), await signIn(people)];
    await browser.open('/profile/close');
    assert.match(browser.shown.text, /Your linked device stops working at once/);
    assert.equal((await browser.submit({ email: 'bob@example.org' })).status, 422);
    assert.equal((await people.devices.list(ann.id)).length, 1);
    await browser.submit({ email: ' ANN@example.org ' });
    assert.equal(browser.shown.url, '/profile/closed');
    assert.deepEqual(await people.devices.list(ann.id), []);
    assert.equal((await elsewhere.open('/account')).url, '/signin');
    assert.equal(people.mails.at(-1)?.subject, 'Your account is being closed');

    people.clock.advance(days(13));
    await people.person.tidy();
    const back = await signIn(people);
    await back.open('/profile/close');
    assert.match(back.shown.text, /being closed/);
    await back.submit({}, '/profile/keep');
    assert.equal(back.shown.url, '/account');
    assert.equal(people.mails.at(-1)?.subject, 'Your account stays');
    people.clock.advance(days(2));
    await people.person.tidy();
    assert.ok(await people.accounts.find(ann.id));
  });

  test('after the time to change one’s mind nothing of the account is left', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = await signIn(people);
    await browser.open('/profile/close');
    await browser.submit({ email });
    people.clock.advance(days(14));
    await people.person.tidy();
    assert.equal(await people.accounts.find(ann.id), undefined);
    assert.deepEqual(await people.journal.recent(ann.id, 10), []);
    assert.equal(people.mails.at(-1)?.subject, 'Your account is deleted');
    assert.ok(await people.accounts.find(bob.id));
    const again = await signIn(people);
    assert.doesNotMatch(again.shown.url, /account/);
  });

  test('F20: pressed while it is being removed, "keep" finds it gone, and never half of it', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    const early = people.clock.now() + days(14);
    assert.equal(await people.accounts.beginClosing(ann.id, early), true);
    people.clock.advance(days(14));
    assert.equal(await people.accounts.cancelClosing(ann.id), false, 'its time has come');
    // Another process, whose clock is late, has kept it.
    people.clock.advance(-minutes(1));
    assert.equal(await people.accounts.cancelClosing(ann.id), true);
    people.clock.advance(minutes(1));
    assert.equal(await people.accounts.removeClosed(ann.id), false);
    assert.ok(await people.accounts.find(ann.id));
    assert.equal(await people.accounts.beginClosing(ann.id, people.clock.now()), true);
    assert.equal(await people.accounts.removeClosed(ann.id), true);
  });

  test('F12: a form of one account changes no other', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    await people.addAccount('bob@example.org');
    const browser = await signIn(people, 'bob@example.org');
    await browser.open('/profile/close');
    assert.equal((await browser.submit({ email })).status, 422);
    assert.equal((await people.accounts.find(ann.id))?.closingAt, undefined);
  });
});
