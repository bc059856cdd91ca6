import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { type Ann, createAnn } from '../../test/helpers/activity-bench.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { issuer } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { days, minutes } from '../clock.ts';

const annsMails = ({ mails }: Ann) => mails.filter(({ to }) => to === 'ann@example.org').map(({ subject }) => subject);
const told = '“This wasn’t me”: what we did';
const passkey = (id: string) => ({
  ...{ credential_id: id, public_key: 'x', counter: 0, transports: '[]', backup_eligible: 0, synced: 0 },
  ...{ name: `Key of ${id}`, second_step_only: 0, uv_initialized: 1 },
});

forEachDatabase((_name, open) => {
  test('a sign-in: that browser is signed out now, and what was linked from there is unlinked where it is ticked', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const theirs = await people.signIn('iPhone');
    const session = await people.sessionOf('iPhone');
    const row = await people.rowOf('signed_in');
    const [tv, wanted] = [await people.link('Kitchen TV', session), await people.link('Bedroom TV', session)];
    const own = await people.link('Own TV', await people.sessionOf('laptop'));

    const page = await laptop.open(row);
    assert.match(page.text, /Safari on iPhone/);
    assert.match(page.text, /That browser is signed out at once/);
    assert.doesNotMatch(page.text, /Own TV/);
    assert.deepEqual(
      page.root.querySelectorAll('[type=checkbox]').map((box) => box.hasAttribute('checked')),
      [true, true],
    );
    assert.ok(await people.isSignedIn(theirs), 'looking has changed nothing');

    const done = await people.disown(laptop, row, { [`device:${wanted}`]: 'no' });
    assert.equal(done.url, `${row}/done`);
    assert.match(done.text, /1 browser was signed out\. ?1 device was unlinked\./);
    assert.ok(done.root.querySelector('a[href="/security/password"]'), 'the password comes next');
    assert.equal(await people.isSignedIn(theirs), false);
    assert.ok(await people.isSignedIn(laptop));
    assert.equal(await people.devices.find(people.ann, tv), undefined);
    assert.ok(await people.devices.find(people.ann, wanted));
    assert.ok(await people.devices.find(people.ann, own));
    assert.deepEqual(annsMails(people), [told]);
    assert.match(people.mails.at(-1)?.text ?? '', /Signed in · Safari on iPhone · Password/);
    assert.deepEqual((await people.newest('disowned')).data, {
      ...{ event: row.split('/').at(-1), what: 'signed_in', sessions: 1, devices: 1, removed: 0 },
    });

    assert.equal((await laptop.open(row)).url, `${row}/done`, 'said once');
    assert.match((await laptop.open('/activity')).text, /Signed in ?Not you/);
  });

  test('E38, F10: without a fresh proof nothing is done, and the page says so before the button', async () => {
    const people = await createAnn(open);
    const theirs = await people.signIn('iPhone');
    const row = await people.rowOf('signed_in');
    const laptop = await people.signIn('laptop');
    people.clock.advance(minutes(6));
    const page = await laptop.open(row);
    assert.match(page.text, /confirm first that it is you/);
    assert.equal(page.root.querySelector('main form'), null);
    const csrf = page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.match((await laptop.post(row, { csrf, action: 'disown' })).url, /^\/prove\?next=%2Factivity/);
    assert.ok(await people.isSignedIn(theirs));
    assert.deepEqual(await people.journal.recent(people.ann, 9, { types: ['disowned'] }), []);
  });

  test('a sign-in in this very browser: it stays, all others go', async () => {
    const people = await createAnn(open);
    const theirs = await people.signIn('iPhone');
    const laptop = await people.signIn('laptop');
    const row = await people.rowOf('signed_in');
    assert.match((await laptop.open(row)).text, /the browser you are using now/);
    await people.disown(laptop, row);
    assert.ok(await people.isSignedIn(laptop));
    assert.equal(await people.isSignedIn(theirs), false);
  });

  test('F4: a failed second step leads to a new password; a wrong password has taken nothing; both need no proof', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    people.clock.advance(minutes(6));
    const second = await people.event('sign_in_failed', { reason: 'signin.code.wrong' });
    assert.match((await laptop.open(second)).text, /Right password, but wrong second step/);
    const done = await people.disown(laptop, second);
    assert.ok(done.root.querySelector('a[href="/security/password"]'));
    const first = await people.event('sign_in_failed', { reason: 'signin.password.wrong' });
    assert.match((await people.disown(laptop, first)).text, /Your account is as it was/);
    assert.deepEqual(annsMails(people), [told, told]);
  });

  test('B28: a link: unlinked now, and the browser that approved it is signed out', async () => {
    const people = await createAnn(open);
    const theirs = await people.signIn('iPhone');
    const laptop = await people.signIn('laptop');
    const tv = await people.link('Kitchen TV', await people.sessionOf('iPhone'));
    const done = await people.disown(laptop, await people.rowOf('approved'));
    assert.match(done.text, /1 browser was signed out\. ?1 device was unlinked\./);
    assert.equal(await people.devices.find(people.ann, tv), undefined);
    assert.equal(await people.isSignedIn(theirs), false);
    assert.equal((await people.newest('reported')).data?.device, tv);
    const gone = await people.event('replayed', { device: tv });
    assert.match((await laptop.open(gone)).text, /not linked any more/);
  });

  test('B29: a declined request is reported, once however often the button is pressed', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const row = await people.event('declined', { link: 'link-1', client: 'acme', country: 'NG' });
    const page = await laptop.open(row);
    const csrf = page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    for (let press = 0; press < 3; press++) await laptop.post(row, { csrf, action: 'disown' });
    const reports = await people.journal.recent(people.ann, 9, { types: ['reported'] });
    assert.deepEqual(
      reports.map(({ data }) => data),
      [{ link: 'link-1', client: 'acme', country: 'NG', reason: 'disowned' }],
    );
    assert.deepEqual(annsMails(people), [told]);
  });

  test('a sign-in by passkey: the one that was used is ticked, the others are offered', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const { authenticators, accounts, ann } = people;
    await authenticators.addPasskey(ann, passkey('own'));
    const device = createSoftwareAuthenticator({ origin: issuer });
    const userId = (await accounts.passkeyUserId(ann)) ?? '';
    const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22), email: 'ann@example.org', userId };
    const credential = device.create(await authenticators.passkeys.creationOptions(ask));
    const made = await authenticators.passkeys.verifyCreation({ ...ask, credential });
    assert.ok(made && (await authenticators.addPasskey(ann, made.passkey)));
    const theirs = people.newBrowser();
    await theirs.open('/signin');
    await theirs.submit({ credential: device.get(theirs.passkeyOptions('get') as object) }, '/signin/passkey');
    assert.ok(await people.isSignedIn(theirs));

    const row = await people.rowOf('signed_in');
    const boxes = (await laptop.open(row)).root.querySelectorAll('[type=checkbox]');
    const ticked = Object.fromEntries(boxes.map((box) => [box.getAttribute('name'), box.hasAttribute('checked')]));
    assert.deepEqual(ticked, { 'passkey:own': false, [`passkey:${made.passkey.credential_id}`]: true });
    await people.disown(laptop, row);
    const left = await authenticators.listPasskeys(ann);
    assert.deepEqual(
      left.map(({ id }) => id),
      ['own'],
    );
    assert.equal(await people.isSignedIn(theirs), false);
  });

  test('an added passkey is removed, unless it is the only way in', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const theirs = await people.signIn('iPhone');
    assert.ok(await people.authenticators.addPasskey(people.ann, passkey('stranger')));
    const row = await people.rowOf('authenticator_added');
    assert.match((await laptop.open(row)).text, /Key of stranger is removed/);
    await people.disown(laptop, row);
    assert.deepEqual(await people.authenticators.listPasskeys(people.ann), []);
    assert.equal(await people.isSignedIn(theirs), false);

    await people.authenticators.addPasskey(people.ann, passkey('only'));
    await people.database.query
      .withTables<{ password: { account_id: string } }>()
      .deleteFrom('password')
      .where('account_id', '=', people.ann)
      .execute();
    const only = await people.rowOf('authenticator_added');
    assert.match((await laptop.open(only)).text, /your only way to sign in, so it stays for now/);
    await people.disown(laptop, only);
    assert.equal((await people.authenticators.listPasskeys(people.ann)).length, 1);
  });

  test('E19: an added address goes; a changed one comes back, and every address is told', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const codeTo = (to: string) =>
      /^ {4}(\d{4} \d{4})$/m.exec(people.mails.findLast((mail) => mail.to === to)?.text ?? '')?.[1] ?? '';
    await laptop.open('/security/addresses/email/new');
    await laptop.submit({ email: 'stranger@example.net' });
    await laptop.submit({ code: codeTo('stranger@example.net') });
    assert.equal((await people.addresses.list(people.ann)).length, 1);
    const added = await people.rowOf('address_added');
    assert.match((await laptop.open(added)).text, /An email address was added: s•••@e•••\.net/);
    await people.disown(laptop, added);
    assert.deepEqual(await people.addresses.list(people.ann), []);

    await laptop.open('/security/email');
    await laptop.submit({ email: 'stranger@example.net' });
    await laptop.submit({ code: codeTo('stranger@example.net') });
    assert.equal((await people.accounts.find(people.ann))?.email, 'stranger@example.net');
    const changed = await people.rowOf('email_changed');
    assert.match((await laptop.open(changed)).text, /The address is put back/);
    people.mails.length = 0;
    await people.disown(laptop, changed);
    assert.equal((await people.accounts.find(people.ann))?.email, 'ann@example.org');
    assert.ok(annsMails(people).includes(told));
  });

  test('E20: somebody who waits to recover the account waits in vain', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    const { authenticators, clock, ann } = people;
    const setup = authenticators.beginApp(ann, 'ann');
    const code = generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
    assert.ok(await authenticators.finishApp(ann, setup, code));
    const theirs = people.newBrowser();
    await theirs.open('/recover');
    await theirs.submit({ email: 'ann@example.org' });
    await theirs.submit({ way: 'email' });
    const sent = people.mails.findLast(({ text }) => /^ +\d{4} \d{4}$/m.test(text))?.text ?? '';
    await theirs.submit({ code: /^ +(\d{4} \d{4})$/m.exec(sent)?.[1] ?? '' });
    await theirs.open('/recover/lost');
    await theirs.submit({ action: 'wait' });
    assert.ok(await people.recovery.pending(ann), theirs.shown.text);
    const row = await people.rowOf('recovery_begun');
    assert.match((await laptop.open(row)).text, /The recovery is stopped at once/);
    await people.disown(laptop, row);
    assert.equal(await people.recovery.pending(ann), undefined);
  });

  test('an account that somebody wants to close stays open', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    await people.accounts.beginClosing(people.ann, people.clock.now() + days(14));
    await people.disown(laptop, await people.rowOf('closing_begun'));
    assert.ok(await people.newest('closing_cancelled'));
    assert.equal(await people.accounts.cancelClosing(people.ann), false);
  });

  test('whatever else somebody did: every other browser is signed out', async () => {
    const kinds = ['password_changed', 'authenticator_removed', 'unlinked', 'exported', 'disowned'] as const;
    for (const type of kinds) {
      const people = await createAnn(open);
      const theirs = await people.signIn('iPhone');
      const laptop = await people.signIn('laptop');
      const row = await people.event(type);
      assert.match((await laptop.open(row)).text, /Every other browser is signed out at once/, type);
      assert.match((await people.disown(laptop, row)).text, /1 browser was signed out/, type);
      assert.equal(await people.isSignedIn(theirs), false, type);
    }
  });
});
