import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { goodPassword } from '../../test/helpers/people.ts';
import { ann, createLoser, csrfOf, type Loser, newPassword, wrongCode } from '../../test/helpers/recovering.ts';
import { days, hours, minutes } from '../clock.ts';

/** The page for a new password is closed to this browser, by looking and by posting alike. */
async function assertOut(loser: Loser, browser: FormBrowser): Promise<void> {
  assert.notEqual((await browser.open('/recover/password')).url, '/recover/password');
  const csrf = csrfOf(await browser.open('/recover').then(() => browser));
  await browser.post('/recover/password', { csrf, new_password: newPassword, sessions: 'yes', drop: 'yes' });
  assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false);
  assert.equal(await loser.authenticators.verifyPassword(loser.id, goodPassword), true);
}

forEachDatabase((_name, open) => {
  test('a new password without any proof', async () => {
    const loser = await createLoser(open);
    await assertOut(loser, await loser.begin());
    await assertOut(loser, loser.newBrowser());
  });

  test('a wrong code; the right one after five wrong ones', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const code = loser.codeTo(ann);
    for (let i = 0; i < 4; i += 1) {
      assert.equal((await browser.submit({ code: wrongCode(code) })).status, 422);
      assert.match(browser.shown.text, /That code is not right/);
    }
    await browser.submit({ code: wrongCode(code) });
    assert.match(browser.shown.text, /Too many wrong codes/);
    await browser.submit({ code });
    assert.match(browser.shown.text, /Too many wrong codes/);
    await assertOut(loser, browser);
    assert.equal((await loser.events()).filter((type) => type === 'proof_failed').length, 6);
  });

  test('ten guesses at once are five tries', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const attempt = await loser.recovery.current(browser.cookies.get('latchkey-browser') ?? '');
    assert.ok(attempt);
    const from = { browserId: browser.cookies.get('latchkey-browser') ?? '', network: 'x' };
    const wrong = wrongCode(loser.codeTo(ann));
    await Promise.all(Array.from({ length: 10 }, () => loser.recovery.prove(attempt, 'email', wrong, from)));
    const late = await loser.recovery.prove(attempt, 'email', loser.codeTo(ann), from);
    assert.deepEqual(late, { ok: false, reason: 'no-tries-left' });
  });

  test('E15: a code by mail after an hour, a code by text after ten minutes', async () => {
    const loser = await createLoser(open);
    await loser.addAddress('phone', '+4915112345678');
    const browser = await loser.begin();
    await browser.open('/recover/code?way=text');
    await browser.submit({ digits: '5678' });
    loser.clock.advance(minutes(10));
    await browser.submit({ code: await loser.codeInText() });
    assert.match(browser.shown.text, /has run out/);
    await browser.open('/recover/choose');
    await browser.submit({ way: 'email' });
    const link = loser.linkTo(ann, '/recover/link/');
    loser.clock.advance(hours(1));
    await browser.submit({ code: loser.codeTo(ann) });
    assert.match(browser.shown.text, /has run out/);
    assert.equal((await browser.open(link)).status, 404);
    await assertOut(loser, browser);
  });

  test('a code and a link that a newer mail has replaced', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const [code, link] = [loser.codeTo(ann), loser.linkTo(ann, '/recover/link/')];
    await browser.submit({ way: 'email' });
    if (code !== loser.codeTo(ann)) await browser.submit({ code });
    assert.match(browser.shown.text, /not right/);
    assert.equal((await browser.open(link)).status, 404);
    await assertOut(loser, browser);
  });

  test('a code in another browser than the one that asked for it', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const code = loser.codeTo(ann);
    const stranger = await loser.begin();
    await stranger.open('/recover/code?way=email');
    await stranger.submit({ code });
    assert.equal(stranger.shown.status, 422);
    await assertOut(loser, stranger);
  });

  test('a code of another account, another account’s operator code, and a code of an operator used twice', async () => {
    const loser = await createLoser(open);
    const { id: bob } = await loser.addAccount('bob@example.org');
    const forBob = await loser.recovery.issueByOperator(bob, hours(24));
    const browser = await loser.begin();
    await browser.open('/recover/code?way=operator');
    assert.equal((await browser.submit({ code: forBob })).status, 422);
    const before = await loser.recovery.issueByOperator(loser.id, hours(24));
    const code = await loser.recovery.issueByOperator(loser.id, hours(24));
    assert.equal((await browser.submit({ code: before })).status, 422, 'a newer one replaces it');
    loser.clock.advance(hours(1));
    await browser.submit({ code });
    assert.equal(browser.shown.url, '/recover/password');
    const again = await loser.begin();
    await again.open('/recover/code?way=operator');
    assert.equal((await again.submit({ code })).status, 422);
    const late = await loser.recovery.issueByOperator(loser.id, hours(24));
    loser.clock.advance(hours(24));
    const third = await loser.begin();
    await third.open('/recover/code?way=operator');
    assert.equal((await third.submit({ code: late })).status, 422);
    await assertOut(loser, third);
  });

  test('E17: a mail and a text message on an account with two steps: one kind, and no way to the password', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    await loser.addAddress('phone', '+4915112345678');
    const browser = await loser.proveByMail();
    assert.doesNotMatch(browser.shown.text, /Send a text message/, 'not offered');
    assert.equal((await browser.open('/recover/code?way=text')).status, 404);
    await browser.post('/recover/choose', { csrf: csrfOf(await loser.begin()), way: 'text', digits: '5678' });
    assert.equal(loser.texts.length, 0);
    await assertOut(loser, browser);
  });

  test('E10: an authenticator app and recovery codes cannot be tried, and so not used up, before a first proof', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const [paper = ''] = await loser.authenticators.recoveryCodes.make(loser.id);
    const browser = await loser.begin();
    const csrf = csrfOf(browser);
    for (const [way, typed] of [
      ['app', code()],
      ['paper', paper],
      ['key', '{}'],
    ] as const) {
      assert.equal((await browser.open(`/recover/code?way=${way}`)).status, 404);
      assert.equal(
        (await browser.post(`/recover/code?way=${way}`, { csrf, code: typed, credential: typed })).status,
        404,
      );
    }
    assert.equal(await loser.authenticators.verifyApp(loser.id, code()), true);
    assert.deepEqual(await loser.authenticators.recoveryCodes.use(loser.id, paper), { left: 9 });
    await assertOut(loser, browser);
  });

  test('a wrong saved code, and one of somebody else', async () => {
    const loser = await createLoser(open);
    const { id: bob } = await loser.addAccount('bob@example.org');
    await loser.authenticators.savedCode.make(loser.id);
    const forBob = await loser.authenticators.savedCode.make(bob);
    const browser = await loser.begin();
    await browser.open('/recover/code?way=saved');
    for (const code of [forBob, 'nonsense', '0'.repeat(26)]) assert.equal((await browser.submit({ code })).status, 422);
    await assertOut(loser, browser);
  });

  test('a passkey of another account beside a mail', async () => {
    const loser = await createLoser(open);
    await loser.addPasskeyAccount('kim@example.org');
    const { device } = await loser.addPasskeyAccount('lee@example.org');
    const browser = await loser.proveByMail('kim@example.org');
    const options = browser.passkeyOptions('get');
    assert.equal((await browser.submit({ credential: device.get(options) })).status, 422);
    assert.equal((await browser.open('/recover/choose')).url, '/recover/choose');
  });

  test('E3, E4: a new password that is short, common, a pattern, or made of the address, each with its reason', async () => {
    const loser = await createLoser(open);
    const browser = await loser.proveByMail();
    for (const bad of ['', 'gravel', 'aaaaaaaaaaaaaaaa', 'password1password1', 'ann-example-ann-example']) {
      assert.equal((await browser.submit({ new_password: bad })).status, 422, bad);
      assert.notEqual(browser.shown.root.querySelector('#new_password-error')?.text.trim() ?? '', '');
    }
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
  });

  test('E21: a mail scanner that opens every link uses nothing up', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const link = loser.linkTo(ann, '/recover/link/');
    const scanner = loser.newBrowser({ userAgent: 'scanner' });
    for (let i = 0; i < 5; i += 1) assert.equal((await scanner.open(link)).status, 200);
    await assertOut(loser, scanner);
    await browser.open(link);
    await browser.submit({}, link);
    assert.equal(browser.shown.url, '/recover/password');
  });

  test('a link opened elsewhere goes on there, once, and brings nothing to where it began', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    await browser.submit({ way: 'email' });
    const link = loser.linkTo(ann, '/recover/link/');
    const phone = loser.newBrowser();
    await phone.open(link);
    assert.match(phone.shown.text, /another browser/);
    await phone.submit({}, link);
    assert.equal(phone.shown.url, '/recover/password');
    await assertOut(loser, browser);
    const third = loser.newBrowser();
    assert.equal((await third.open(link)).status, 404);
    await third.post(link, { csrf: csrfOf(await loser.begin(ann, third)) });
    await assertOut(loser, third);
    assert.notEqual((await phone.open('/recover/password')).url, '/recover/choose');
    await phone.submit({ new_password: newPassword });
    assert.equal(phone.shown.url, '/recover/done');
  });

  test('a link opened elsewhere carries no proof but its own: a read mailbox does not inherit the saved code', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const saved = await loser.authenticators.savedCode.make(loser.id);
    const owner = await loser.begin();
    await owner.open('/recover/code?way=saved');
    await owner.submit({ code: saved });
    await owner.submit({ way: 'email' });
    const link = loser.linkTo(ann, '/recover/link/');
    const thief = loser.newBrowser();
    await thief.open(link);
    await thief.submit({}, link);
    await assertOut(loser, thief);
  });

  test('an attempt that took longer than two hours', async () => {
    const loser = await createLoser(open);
    const browser = await loser.proveByMail();
    loser.clock.advance(hours(2));
    await assertOut(loser, browser);
  });

  test('another attempt after one is done', async () => {
    const loser = await createLoser(open);
    const [one, two] = [await loser.proveByMail(), await loser.proveByMail()];
    await two.open('/recover/password');
    await one.submit({ new_password: 'eleven boats behind a small hill' });
    await two.submit({ new_password: newPassword });
    assert.notEqual(two.shown.url, '/recover/done');
    assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false);
    assert.equal(await loser.authenticators.verifyPassword(loser.id, 'eleven boats behind a small hill'), true);
  });

  test('two attempts that finish at once: one does', async () => {
    const loser = await createLoser(open);
    const browsers = [await loser.proveByMail(), await loser.proveByMail(), await loser.proveByMail()];
    const passwords = ['one', 'two', 'three'].map((word) => `${word} seven lamps under the harbour`);
    const shown = await Promise.all(browsers.map((browser, i) => browser.submit({ new_password: passwords[i] ?? '' })));
    assert.equal(shown.filter(({ url }) => url === '/recover/done').length, 1);
    assert.ok(shown.every(({ status }) => status < 500));
    const winner = shown.findIndex(({ url }) => url === '/recover/done');
    for (const [i, password] of passwords.entries())
      assert.equal(await loser.authenticators.verifyPassword(loser.id, password), i === winner);
  });

  test('waiting without a proof, waiting cut short, waiting that was stopped, and a finish after its seven days', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const unproven = await loser.begin();
    await unproven.post('/recover/lost', { csrf: csrfOf(unproven), action: 'wait' });
    assert.equal(await loser.recovery.pending(loser.id), undefined);

    const browser = await loser.proveByMail();
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    loser.clock.advance(hours(48) - 1);
    await loser.tidy();
    await assertOut(loser, browser);
    loser.clock.advance(1);
    await loser.tidy();
    await loser.recovery.settled();
    const link = loser.linkTo(ann, '/recover/finish/');
    loser.clock.advance(days(7));
    const late = loser.newBrowser();
    await late.post(link, { csrf: csrfOf(await loser.begin(ann, late)) });
    await assertOut(loser, late);
    await assertOut(loser, browser);

    const second = await loser.proveByMail();
    await second.open('/recover/lost');
    await second.submit({ action: 'wait' });
    const pending = await loser.recovery.pending(loser.id);
    loser.clock.advance(hours(48));
    assert.equal(await loser.recovery.cancel(loser.id, 'mailbox', pending?.id), 1, 'also when the time is over');
    await assertOut(loser, second);
  });

  test('the waiting time of somebody else’s account is not theirs to stop', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const { id: bob } = await loser.addAccount('bob@example.org');
    const browser = await loser.proveByMail();
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    const pending = await loser.recovery.pending(loser.id);
    assert.equal(await loser.recovery.cancel(bob, 'mailbox', pending?.id), 0);
    const stranger = loser.newBrowser();
    await stranger.open('/signin');
    await stranger.submit({ email: 'bob@example.org' });
    await stranger.submit({ password: goodPassword });
    await stranger.post('/recover/cancel', { csrf: csrfOf(await loser.begin(ann, stranger)) });
    assert.equal((await stranger.open('/recover/cancel/not-a-token')).status, 404);
    assert.ok(await loser.recovery.pending(loser.id));
  });

  test('the waiting time is started three times a week at most', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    for (let i = 0; i < 4; i += 1) {
      const browser = await loser.proveByMail();
      await browser.open('/recover/lost');
      await browser.submit({ action: 'wait' });
      assert.equal(browser.shown.status, i < 3 ? 200 : 429);
      await loser.recovery.cancel(loser.id, 'mailbox');
      loser.clock.advance(hours(2));
    }
    assert.equal(await loser.recovery.pending(loser.id), undefined);
  });

  test('F20: nor more often when it is started in several browsers at once', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const attempts = [];
    for (let i = 0; i < 4; i += 1) {
      const browser = await loser.proveByMail();
      attempts.push(await loser.recovery.current(browser.cookies.get('latchkey-browser') ?? ''));
    }
    await loser.manyConnections();
    const started = await Promise.all(attempts.map((attempt) => attempt && loser.recovery.wait(attempt)));
    assert.equal(started.filter((one) => one !== undefined).length, 3);
  });

  test('E30: reporting without a proof', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const browser = await loser.begin();
    await browser.open('/recover/report');
    await browser.post('/recover/report', {
      csrf: csrfOf(await loser.begin(ann, browser)),
      'lost-app': 'yes',
      sessions: 'yes',
    });
    assert.equal(await loser.authenticators.verifyApp(loser.id, code()), true);
  });

  test('taking off a second step that was just used, or in an attempt that has not the right to', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const browser = await loser.proveByMail();
    await browser.open('/recover/code?way=app');
    await browser.submit({ code: code() });
    const csrf = csrfOf(browser);
    await browser.post('/recover/password', { csrf, new_password: newPassword, drop: 'yes' });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal(await loser.tryPassword(newPassword), 'second step');
  });

  test('F33: a mail that cannot be sent opens nothing', async () => {
    const loser = await createLoser(open);
    const browser = await loser.begin();
    loser.breakMail();
    await browser.submit({ way: 'email' });
    assert.equal(browser.shown.status, 503);
    await assertOut(loser, browser);
  });
});
