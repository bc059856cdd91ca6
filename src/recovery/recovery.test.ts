import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { goodPassword, issuer } from '../../test/helpers/people.ts';
import { ann, arrived, createLoser, newPassword } from '../../test/helpers/recovering.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { days, hours, minutes } from '../clock.ts';

forEachDatabase((_name, open) => {
  test('a forgotten password is replaced with the code of a mail; nobody is signed in by it (E21)', async () => {
    const loser = await createLoser(open);
    await loser.addAddress('email', 'ann@elsewhere.example');
    loser.clock.advance(days(31));
    for (const name of ['Kitchen TV', 'Car']) await loser.linkDevice(name);
    const elsewhere = await loser.signIn();
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    assert.equal(browser.shown.url, '/recover/code?way=email');
    await arrived(() => loser.codeTo('ann@elsewhere.example') !== '');
    assert.equal(loser.codeTo('ann@elsewhere.example'), loser.codeTo(ann), 'every address has the code');
    assert.doesNotMatch(loser.mails[0]?.subject ?? '', /\d/);
    await browser.submit({ code: loser.codeTo(ann) });
    assert.equal(browser.shown.url, '/recover/password');
    const boxes = browser.shown.root.querySelectorAll('main input[type=checkbox]');
    assert.deepEqual(
      boxes.map((box) => box.getAttribute('checked') !== undefined),
      [true, false, true, true],
      'all is ticked but the address, which was there before',
    );
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal(browser.cookies.has('latchkey-session'), false);
    assert.match((await elsewhere.open('/security')).url, /^\/signin/, 'signed out elsewhere');
    assert.deepEqual(await loser.devices.list(loser.id), []);
    assert.equal(await loser.tryPassword(goodPassword), 'refused');
    assert.equal(await loser.tryPassword(newPassword), 'in');
    await loser.recovery.settled();
    for (const to of [ann, 'ann@elsewhere.example'])
      assert.equal(loser.subjects(to).at(-1), 'Somebody got back into your account', 'E19');
    const events = await loser.events();
    for (const type of ['recovery_begun', 'password_changed', 'unlinked', 'recovered'])
      assert.ok(events.includes(type as never), type);
  });

  test('what is not ticked stays: sessions and devices', async () => {
    const loser = await createLoser(open);
    await loser.linkDevice('Kitchen TV');
    const elsewhere = await loser.signIn();
    const browser = await loser.proveByMail();
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    await browser.post('/recover/password', { csrf, new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal((await elsewhere.open('/security')).url, '/security');
    assert.equal((await loser.devices.list(loser.id)).length, 1);
  });

  test('E18: with the app at hand a new password is bound, and the second step is asked as ever', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const browser = await loser.proveByMail();
    assert.equal(browser.shown.url, '/recover/choose');
    assert.match(browser.shown.text, /One more proof/);
    await browser.open('/recover/code?way=app');
    await browser.submit({ code: code() });
    assert.equal(browser.shown.url, '/recover/password');
    assert.equal(browser.shown.root.querySelector('#drop'), null, 'an app just used is not lost');
    await browser.submit({ new_password: newPassword });
    assert.equal(await loser.tryPassword(newPassword), 'second step');
  });

  test('E13, E17: a saved code and a mail take a lost second step off; a new saved code is shown at the end', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const saved = await loser.authenticators.savedCode.make(loser.id);
    const browser = await loser.begin();
    await browser.open('/recover/code?way=saved');
    await browser.submit({ code: saved });
    assert.match(browser.shown.text, /One more proof/);
    await browser.submit({ way: 'email' });
    await browser.submit({ code: loser.codeTo(ann) });
    assert.equal(browser.shown.root.querySelector('#drop')?.getAttribute('checked'), undefined, 'not by itself');
    await browser.submit({ new_password: newPassword, drop: 'yes' });
    const shown = /[0-9A-Z]{5}(-[0-9A-Z]{5,6}){4}/.exec(browser.shown.text)?.[0] ?? '';
    assert.notEqual(shown, '');
    assert.equal(await loser.authenticators.savedCode.use(loser.id, saved), undefined, 'the old one is used up');
    assert.ok(await loser.authenticators.savedCode.use(loser.id, shown));
    assert.equal(await loser.tryPassword(newPassword), 'in');
    loser.clock.advance(minutes(16));
    assert.doesNotMatch((await browser.open('/recover/done')).text, /[0-9A-Z]{5}(-[0-9A-Z]{5,6}){4}/);
  });

  test('E17: a text message, then a recovery code; the second step stays unless it is ticked', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    await loser.addAddress('phone', '+4915112345678');
    const [paper = ''] = await loser.authenticators.recoveryCodes.make(loser.id);
    const browser = await loser.begin();
    await browser.open('/recover/code?way=text');
    assert.doesNotMatch(browser.shown.text, /\+49|5678/);
    await browser.submit({ digits: '5678' });
    await browser.submit({ code: await loser.codeInText() });
    await browser.open('/recover/code?way=paper');
    await browser.submit({ code: paper });
    await browser.submit({ new_password: newPassword });
    assert.equal(await loser.tryPassword(newPassword), 'second step');
  });

  test('E20: with one proof alone it takes 48 hours; every address is told, and a link finishes it anywhere', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    await loser.addAddress('email', 'ann@elsewhere.example');
    const browser = await loser.proveByMail();
    await browser.open('/recover/lost');
    assert.match(browser.shown.text, /3 Jan 2030, 12:00 UTC/, 'with the date');
    await browser.submit({ action: 'wait' });
    assert.match(browser.shown.text, /The waiting time has begun/);
    await loser.recovery.settled();
    for (const to of [ann, 'ann@elsewhere.example'])
      assert.equal(loser.subjects(to).at(-1), 'Somebody is waiting to get into your account');
    const pending = await loser.recovery.pending(loser.id);
    assert.equal(pending?.endsAt, loser.clock.now() + hours(48));

    loser.clock.advance(hours(48) - 1);
    await loser.tidy();
    assert.equal((await browser.open('/recover/password')).url, '/recover/choose'.replace('choose', 'lost'));
    loser.clock.advance(1);
    await loser.tidy();
    await loser.recovery.settled();
    assert.equal(loser.subjects(ann).at(-1), 'You can get back into your account now');
    const link = loser.linkTo(ann, '/recover/finish/');
    const other = loser.newBrowser();
    assert.equal((await other.open(link)).url, link, 'opening it changes nothing');
    assert.equal(await loser.tryPassword(goodPassword), 'second step');
    await other.submit({}, link);
    assert.equal(other.shown.url, '/recover/password');
    assert.equal(other.shown.root.querySelector('#drop')?.getAttribute('checked'), '', 'ticked');
    await other.submit({ new_password: newPassword });
    assert.equal(other.shown.url, '/recover/done');
    assert.equal(await loser.tryPassword(newPassword), 'in', 'the second step is off only now');
    assert.equal(await loser.recovery.pending(loser.id), undefined);
  });

  test('where it began it goes on without the link, too: the mailbox may be what is lost', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const browser = await loser.proveByMail();
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    loser.clock.advance(hours(48));
    assert.match((await browser.open('/recover/lost')).text, /waiting time is over/);
    await browser.open('/recover/password');
    await browser.submit({ new_password: newPassword });
    assert.equal(await loser.tryPassword(newPassword), 'in');
  });

  test('E20: any browser that is signed in shows it on every page, and stops it with one press', async () => {
    const loser = await createLoser(open);
    const owner = await loser.signIn();
    await loser.addApp();
    const thief = await loser.proveByMail();
    await thief.open('/recover/lost');
    await thief.submit({ action: 'wait' });
    loser.clock.advance(minutes(30));
    await owner.open('/security');
    assert.match(owner.shown.body, /waiting to get into this account/);
    await owner.submit({}, '/recover/cancel');
    assert.match(owner.shown.text, /Stopped/);
    assert.doesNotMatch((await owner.open('/security')).body, /waiting to get into/);
    assert.match((await thief.open('/recover/lost')).text, /This was stopped/);
    loser.clock.advance(hours(48));
    await loser.tidy();
    assert.notEqual((await thief.open('/recover/password')).url, '/recover/password');
    await loser.recovery.settled();
    assert.equal(loser.subjects(ann).at(-1), 'Getting into your account was stopped');
    assert.ok((await loser.events()).includes('recovery_cancelled'));
  });

  test('E20, E21: the mail stops it with one press, signed in or not; opening the link stops nothing', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const thief = await loser.proveByMail();
    await thief.open('/recover/lost');
    await thief.submit({ action: 'wait' });
    await loser.recovery.settled();
    const link = loser.linkTo(ann, '/recover/cancel/');
    const scanner = loser.newBrowser();
    for (let i = 0; i < 3; i += 1) await scanner.open(link);
    assert.ok(await loser.recovery.pending(loser.id));
    await scanner.submit({}, link);
    assert.match(scanner.shown.text, /Stopped/);
    assert.equal(await loser.recovery.pending(loser.id), undefined);
    assert.match((await scanner.open(link)).text, /Stopped/, 'a second look says the same');
  });

  test('"this was not me" after it is done switches the new password off and signs everybody out', async () => {
    const loser = await createLoser(open);
    const thief = await loser.proveByMail();
    await thief.submit({ new_password: newPassword });
    await loser.recovery.settled();
    const inside = await loser.signIn(newPassword);
    const link = loser.linkTo(ann, '/recover/cancel/');
    const owner = loser.newBrowser();
    await owner.open(link);
    assert.match(owner.shown.text, /Was this not you/);
    assert.equal(await loser.tryPassword(newPassword), 'in', 'looking does nothing');
    await owner.submit({}, link);
    assert.match(owner.shown.text, /Switched off/);
    assert.match((await inside.open('/security')).url, /^\/signin/);
    assert.equal(await loser.tryPassword(newPassword), 'refused');
    const again = await loser.proveByMail();
    await again.submit({ new_password: goodPassword });
    assert.equal(await loser.tryPassword(goodPassword), 'in', 'the owner gets back');
  });

  test('an account with a passkey alone: a mail is not enough; with a saved code it gets a new passkey', async () => {
    const loser = await createLoser(open);
    const email = 'kim@example.org';
    const { id } = await loser.addPasskeyAccount(email);
    const saved = await loser.authenticators.savedCode.make(id);
    loser.clock.advance(days(31));
    const browser = await loser.proveByMail(email);
    assert.equal(browser.shown.url, '/recover/choose', 'one kind is not enough');
    await browser.open('/recover/code?way=saved');
    await browser.submit({ code: saved });
    assert.equal(browser.shown.url, '/recover/password');
    const device = createSoftwareAuthenticator({ origin: issuer });
    await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    assert.equal(browser.shown.url, '/recover/done');
    assert.deepEqual((await loser.authenticators.methodsOf(id)).passkeys, 2);
    assert.equal((await loser.authenticators.methodsOf(id)).password, false);
  });

  test('E17: what is left of an authenticator counts beside a mail: a passkey, and a security key', async () => {
    const loser = await createLoser(open);
    const email = 'kim@example.org';
    const { device } = await loser.addPasskeyAccount(email);
    const browser = await loser.proveByMail(email);
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.equal(browser.shown.url, '/recover/password');
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
  });

  test('F6, E9: after a hundred failures, or with no password yet, the code of an operator is the way in', async () => {
    const loser = await createLoser(open);
    const tries = loser.database.query.withTables<{ password: { failed_tries: number } }>();
    await tries.updateTable('password').set({ failed_tries: 100 }).execute();
    assert.equal(await loser.tryPassword(goodPassword), 'refused');
    const bob = await loser.accounts.create({ email: 'bob@example.org' });
    for (const { id, email } of [{ id: loser.id, email: ann }, bob]) {
      const elsewhere = await loser.begin(email);
      const code = await loser.recovery.issueByOperator(id, hours(24));
      await elsewhere.open('/recover/code?way=operator');
      await elsewhere.submit({ code });
      assert.equal(elsewhere.shown.url, '/recover/password');
      await elsewhere.submit({ new_password: newPassword });
      assert.equal(elsewhere.shown.url, '/recover/done');
      assert.equal(await loser.authenticators.verifyPassword(id, newPassword), true);
    }
    assert.equal(await loser.tryPassword(newPassword), 'in');
  });

  test('F6: an operator hands out a code, and never a password', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const code = await loser.recovery.issueByOperator(loser.id, hours(24));
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    const browser = await loser.begin();
    await browser.open('/recover/code?way=operator');
    await browser.submit({ code: code.toLowerCase().replaceAll('-', ' ') });
    assert.equal(browser.shown.url, '/recover/choose', 'on an account with two steps it is one kind of two');
    await browser.submit({ way: 'email' });
    await browser.submit({ code: loser.codeTo(ann) });
    await browser.submit({ new_password: newPassword, drop: 'yes' });
    assert.equal(await loser.tryPassword(newPassword), 'in');
  });

  test('E30: one proof is enough to report the app lost; its codes die at once and every address is told', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const browser = await loser.proveByMail();
    await browser.open('/recover/report');
    await browser.submit({ 'lost-app': 'yes', sessions: 'yes' });
    assert.match(browser.shown.text, /switched off/);
    assert.equal(await loser.authenticators.verifyApp(loser.id, code()), false);
    assert.equal(await loser.tryPassword(goodPassword), 'second step', 'reporting opens nothing');
    assert.equal(loser.subjects(ann).at(-1), 'Something of your account was reported lost');
  });

  test('all of it or nothing: a step that fails leaves the account as it was, and can be done again', async () => {
    const loser = await createLoser(open);
    await loser.linkDevice('Kitchen TV');
    const browser = await loser.proveByMail();
    const rename = (from: string, to: string) =>
      sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(loser.database.query);
    for (const table of ['session_account', 'device', 'security_event']) {
      await browser.open('/recover/password');
      await rename(table, 'gone');
      const failed = await browser.submit({ new_password: newPassword }).catch(() => undefined);
      await rename('gone', table);
      assert.ok(failed === undefined || failed.status >= 500, table);
      assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false, table);
      assert.equal((await loser.devices.list(loser.id)).length, 1, table);
    }
    await browser.open('/recover/password');
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal((await loser.devices.list(loser.id)).length, 0);
  });

  test('E19: a process that dies after the act leaves the telling to the next one', async () => {
    const loser = await createLoser(open);
    const browser = await loser.proveByMail();
    await browser.submit({ new_password: newPassword });
    await loser.recovery.settled();
    const told = loser.subjects(ann).length;
    await sql`update recovery set told = null`.execute(loser.database.query);
    loser.clock.advance(minutes(1));
    await loser.tidy();
    assert.equal(loser.subjects(ann).length, told + 1);
    await loser.tidy();
    assert.equal(loser.subjects(ann).length, told + 1, 'once');
  });

  test('nothing of it outlives its use', async () => {
    const loser = await createLoser(open);
    await loser.begin('nobody@example.org');
    const browser = await loser.proveByMail();
    await browser.submit({ new_password: newPassword });
    const count = async (table: string) =>
      Number(
        (await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(loser.database.query)).rows[0]
          ?.n,
      );
    assert.deepEqual([await count('recovery'), await count('recovery_issued_code')], [2, 1]);
    loser.clock.advance(days(1) + hours(2));
    await loser.tidy();
    assert.deepEqual([await count('recovery'), await count('recovery_issued_code')], [1, 0]);
    loser.clock.advance(days(30));
    await loser.tidy();
    assert.equal(await count('recovery'), 0);
  });
});
