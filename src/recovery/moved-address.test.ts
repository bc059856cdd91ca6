import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { goodPassword } from '../../test/helpers/people.ts';
import { ann, createLoser, csrfOf, type Loser, newPassword } from '../../test/helpers/recovering.ts';
import { hours } from '../clock.ts';

const moved = 'ann@new.example';

/** With a session and a fresh proof; gives the link that takes it back, which the old mailbox has. */
async function moveAddress(loser: Loser, browser: FormBrowser, to = moved): Promise<string> {
  await browser.open('/security/email');
  await browser.submit({ email: to });
  await browser.submit({ code: loser.codeTo(to) });
  assert.equal((await loser.accounts.find(loser.id))?.email, to);
  return loser.linkTo(ann, '/security/email/undo/');
}

/** With nothing but the link. */
async function takeBack(loser: Loser, link: string): Promise<FormBrowser> {
  const browser = loser.newBrowser();
  await browser.open(link);
  await browser.submit({}, link);
  assert.equal((await loser.accounts.find(loser.id))?.email, ann);
  return browser;
}

forEachDatabase((_name, open) => {
  test('E17, E18: the old mailbox alone takes an address back, and no account with a second step or a passkey', async () => {
    const loser = await createLoser(open);
    const owner = await loser.signIn();
    const link = await moveAddress(loser, owner);
    await loser.addApp();
    const made = { credential_id: 'own', public_key: 'x', counter: 0, transports: '[]', backup_eligible: 0, synced: 0 };
    const passkey = { ...made, name: 'Own', second_step_only: 0, uv_initialized: 1 };
    assert.ok(await loser.authenticators.addPasskey(loser.id, passkey));

    const thief = await takeBack(loser, link);
    for (const path of ['/security', '/account', '/profile'])
      assert.match((await thief.open(path)).url, /^\/signin/, `nobody is signed in by it: ${path}`);
    const { password, app, passkeys } = await loser.authenticators.methodsOf(loser.id);
    assert.deepEqual({ password, app, passkeys }, { password: true, app: true, passkeys: 1 });

    await loser.proveByMail(ann, thief);
    assert.equal(thief.shown.url, '/recover/choose', 'a second kind of proof is asked for');
    const fields = { csrf: csrfOf(thief), new_password: newPassword, drop: 'yes' };
    assert.equal((await thief.post('/recover/password', fields)).url, '/recover/choose');
    await thief.open('/recover/lost');
    await thief.submit({ action: 'wait' });
    loser.clock.advance(hours(47));
    await thief.post('/recover/password', fields);
    assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false);
    assert.equal(await loser.tryPassword(goodPassword), 'second step', 'the owner gets in as ever, and stops it');
    assert.equal(await loser.recovery.cancel(loser.id, 'mailbox'), 1);
    loser.clock.advance(hours(2));
    await thief.post('/recover/password', fields);
    assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false);
    assert.deepEqual(loser.subjects(moved).at(-1), 'The old email address of your account is back');
  });
});
