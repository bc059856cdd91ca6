import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnn } from '../../test/helpers/activity-bench.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { goodPassword } from '../../test/helpers/people.ts';
import { days, minutes } from '../clock.ts';

const undoIn = (text = ''): string =>
  /http:\/\/localhost:3000(\/activity\/undo\/[\w-]{43})/.exec(text)?.[1] ?? assert.fail('no link');

forEachDatabase((_name, open) => {
  test('F4: a sign-in in a new browser is told to every address, once; its link ends it without signing in', async () => {
    const people = await createAnn(open);
    const theirs = await people.signIn('iPhone');
    const laptop = await people.signIn('laptop');
    assert.equal(people.notices.length, 2);
    const [mail] = people.notices;
    assert.equal(mail?.to, 'ann@example.org');
    for (const part of ['ann@example.org', 'Safari on iPhone', 'UTC', 'Not known'])
      assert.ok(mail?.text.includes(part), part);
    const row = /http:\/\/localhost:3000(\/activity\/[\w-]+)$/m.exec(mail?.text ?? '')?.[1] ?? '';
    assert.match((await laptop.open(row)).text, /Safari on iPhone/, 'the row through sign-in');

    const undo = undoIn(mail?.text);
    const scanner = people.newBrowser();
    for (let visits = 0; visits < 3; visits++) assert.match((await scanner.open(undo)).text, /End this sign-in\?/);
    assert.ok(await people.isSignedIn(theirs), 'GET changes nothing');
    const done = await scanner.submit({ action: 'end' }, undo);
    assert.match(done.text, /That sign-in is ended/);
    assert.equal(await people.isSignedIn(theirs), false);
    assert.ok(await people.isSignedIn(laptop), 'and nothing else');
    assert.equal(people.mails.at(-1)?.subject, 'A sign-in to your account was ended');

    const count = people.mails.length;
    const csrf = scanner.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.match((await scanner.post(undo, { csrf })).text, /That sign-in is ended/, 'a second press');
    assert.equal(people.mails.length, count);
    assert.equal((await people.journal.recent(people.ann, 9, { types: ['disowned'] })).length, 1);
    assert.match((await laptop.open(row)).text, /1 browser was signed out/);
  });

  test('the same browser again is no news, nor is the one in which the account was made', async () => {
    const people = await createAnn(open);
    const laptop = await people.signIn('laptop');
    await laptop.open('/signin');
    await laptop.submit({ email: 'ann@example.org' });
    await laptop.submit({ password: goodPassword });
    await people.activity.notices.settled();
    assert.equal(people.notices.length, 1);

    const browser = people.newBrowser();
    await browser.open('/signup');
    await browser.submit({ email: 'new@example.org' });
    const code = /^ {4}(\d{4} \d{4})$/m.exec(people.mails.at(-1)?.text ?? '')?.[1] ?? '';
    await browser.submit({ code });
    await browser.submit({ password: 'gravel evening tractor plum' });
    await people.activity.notices.settled();
    assert.ok(await people.isSignedIn(browser));
    assert.equal(people.notices.length, 1);
  });

  test('the link works for seven days, an invented one never, and only its hash is kept', async () => {
    const people = await createAnn(open);
    await people.signIn('iPhone');
    const undo = undoIn(people.notices[0]?.text);
    const rows = await people.database.query
      .withTables<{ sign_in_notice: object }>()
      .selectFrom('sign_in_notice')
      .selectAll()
      .execute();
    assert.equal(rows.length, 1);
    assert.ok(!JSON.stringify(rows).includes(undo.split('/').at(-1) ?? ''));
    const browser = people.newBrowser();
    assert.equal((await browser.open('/activity/undo/nothing')).status, 404);
    people.clock.advance(days(7) - 1);
    assert.equal((await browser.open(undo)).status, 200);
    people.clock.advance(1);
    assert.equal((await browser.open(undo)).status, 404);
    await people.activity.tidy();
    assert.equal(
      (
        await people.database.query
          .withTables<{ sign_in_notice: object }>()
          .selectFrom('sign_in_notice')
          .selectAll()
          .execute()
      ).length,
      0,
    );
  });

  test('somebody who signs in in new browsers all day does not flood the mailbox', async () => {
    const people = await createAnn(open);
    for (let n = 0; n < 12; n++) await people.signIn('iPhone');
    assert.equal(people.notices.length, 10);
    people.clock.advance(days(1));
    await people.signIn('iPhone');
    assert.equal(people.notices.length, 11);
  });

  test('F33: a mail that was refused is tried again, with the same link', async () => {
    const people = await createAnn(open);
    people.breakMail();
    const theirs = await people.signIn('iPhone');
    assert.ok(await people.isSignedIn(theirs), 'signing in does not wait for mail');
    assert.equal(people.notices.length, 0);
    people.breakMail(false);
    people.clock.advance(minutes(2));
    await people.activity.tidy();
    assert.equal(people.notices.length, 1);
    await people.activity.tidy();
    assert.equal(people.notices.length, 1);
    assert.equal((await people.newBrowser().open(undoIn(people.notices[0]?.text))).status, 200);
  });
});
