import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { goodPassword, issuer } from '../../test/helpers/people.ts';
import { ann, createLoser, csrfOf, type Loser, newPassword } from '../../test/helpers/recovering.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { days, hours } from '../clock.ts';

const other = 'ann@elsewhere.example';

/** Moves the account to another address, as its page does. */
async function changeEmail(loser: Loser, to: string): Promise<void> {
  await loser.signIn();
  const sessionId = loser.signIns.at(-1)?.sessionId;
  assert.ok(sessionId);
  const asker = { accountId: loser.id, sessionId };
  const { id, code } = await loser.addresses.confirmations.begin(asker, { purpose: 'own', value: to });
  const pending = await loser.addresses.confirmations.find(id, asker);
  assert.ok(pending);
  assert.equal(await loser.addresses.confirmations.confirmByCode(pending, code), 'confirmed');
}

/** No step of this attempt leads to a new password any more, and no further code is sent for it. */
async function assertOver(loser: Loser, browser: FormBrowser): Promise<void> {
  const before = loser.mails.length;
  const csrf = csrfOf(await browser.open('/recover').then(() => browser));
  await browser.post('/recover/choose', { csrf, way: 'email' });
  await browser.post('/recover/password', { csrf, new_password: newPassword, sessions: 'yes' });
  assert.deepEqual(loser.subjects(ann).slice(loser.subjects(ann).length - (loser.mails.length - before)), []);
  assert.equal(await loser.authenticators.verifyPassword(loser.id, newPassword), false);
}

forEachDatabase((_name, open) => {
  test('an address that the account has given up gets no more codes, and those it got are for nothing', async () => {
    const loser = await createLoser(open);
    const proven = await loser.proveByMail();
    const asked = await loser.begin();
    await asked.submit({ way: 'email' });
    const code = loser.codeTo(ann);
    const begun = await loser.begin();
    await changeEmail(loser, other);

    await assertOver(loser, proven);
    await assertOver(loser, begun);
    await asked.open('/recover');
    await asked.post('/recover/code?way=email', { csrf: csrfOf(asked), code });
    await assertOver(loser, asked);
  });

  test('whoever had moved the account to an address of theirs gets no more codes there once it is moved back', async () => {
    const loser = await createLoser(open);
    await changeEmail(loser, other);
    const thief = await loser.proveByMail(other);
    const waiting = await loser.begin(other);
    const link = /\/security\/email\/undo\/([\w-]+)/.exec(loser.mailTo(ann).at(-1)?.text ?? '')?.[1] ?? '';
    assert.ok(await loser.addresses.undoEmail(link, 'mailbox'));

    const before = loser.mailTo(other).length;
    await assertOver(loser, thief);
    await assertOver(loser, waiting);
    assert.equal(loser.mailTo(other).length, before);
  });

  test('a code to an address that was removed since', async () => {
    const loser = await createLoser(open);
    await loser.addAddress('email', other);
    const proven = await loser.proveByMail();
    const [address] = await loser.addresses.list(loser.id);
    await loser.signIn();
    const by = loser.signIns.at(-1)?.sessionId ?? assert.fail('nobody');
    assert.ok(address && (await loser.addresses.remove(loser.id, address.id, by)));
    await assertOver(loser, proven);
  });

  test('an owner who changes the password, or signs everybody else out, has ended what a stranger had proven', async () => {
    const loser = await createLoser(open);
    const first = await loser.proveByMail();
    const owner = await loser.signIn();
    await owner.open('/security/password');
    await owner.post('/security/password', { csrf: csrfOf(owner), new_password: `${goodPassword} again` });
    assert.equal(await loser.authenticators.verifyPassword(loser.id, `${goodPassword} again`), true);
    await assertOver(loser, first);

    const second = await loser.proveByMail();
    await owner.open('/sessions');
    await owner.post('/sessions', { csrf: csrfOf(owner), action: 'others' });
    await assertOver(loser, second);
  });

  test('the waiting period ends with the address it was begun with, and its owner is told', async () => {
    const loser = await createLoser(open);
    const code = await loser.addApp();
    const browser = await loser.proveByMail();
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    assert.ok(await loser.recovery.pending(loser.id));
    const owner = await loser.signIn();
    await owner.submit({ code: code() });
    await owner.open('/sessions');
    await owner.post('/sessions', { csrf: csrfOf(owner), action: 'others' });
    assert.equal(await loser.recovery.pending(loser.id), undefined);
    assert.ok((await loser.events()).includes('recovery_cancelled'));
    loser.clock.advance(60_000);
    await loser.tidy();
    assert.match(loser.subjects(ann).at(-1) ?? '', /stopped|cancel/i);
  });

  test('"this was not me" about a recovery ends what came of it: the passkey it was done with, a device; a second step stays', async () => {
    const loser = await createLoser(open);
    const { id, device } = await loser.addPasskeyAccount('pat@example.org');
    loser.clock.advance(days(31));
    const browser = await loser.proveByMail('pat@example.org');
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    loser.clock.advance(hours(48));
    await browser.open('/recover/password');
    const thief = createSoftwareAuthenticator({ origin: issuer });
    await browser.submit({ credential: thief.create(browser.passkeyOptions('create')), sessions: 'yes' });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal((await loser.authenticators.listPasskeys(id)).length, 2);
    await loser.recovery.settled();

    const link = loser.linkTo('pat@example.org', '/recover/cancel/');
    const owner = loser.newBrowser();
    await owner.open(link);
    await owner.submit({});
    assert.match(owner.shown.text, /Switched off/);
    const left = await loser.authenticators.listPasskeys(id);
    assert.deepEqual(
      left.map((passkey) => passkey.id),
      [device.credentialId],
    );
  });

  test('E17: a stranger who had taken off the second step, and was put out again, does not come back by one kind of proof', async () => {
    const loser = await createLoser(open);
    await loser.addApp();
    const thief = await loser.proveByMail();
    await thief.open('/recover/lost');
    await thief.submit({ action: 'wait' });
    loser.clock.advance(hours(48));
    await thief.open('/recover/password');
    await thief.submit({ new_password: newPassword, drop: 'yes' });
    await loser.recovery.settled();
    assert.equal((await loser.authenticators.methodsOf(loser.id)).app, false);

    const owner = loser.newBrowser();
    await owner.open(loser.linkTo(ann, '/recover/cancel/'));
    await owner.submit({});
    assert.match(owner.shown.text, /Switched off/);
    const again = await loser.proveByMail();
    assert.equal(again.shown.url, '/recover/choose', 'one kind is not enough');
    const code = await loser.recovery.issueByOperator(loser.id, hours(1));
    await again.open('/recover/code?way=operator');
    await again.submit({ code });
    assert.equal(again.shown.url, '/recover/password', 'two are');
  });
});
