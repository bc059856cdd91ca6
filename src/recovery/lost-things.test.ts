import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { goodPassword, issuer } from '../../test/helpers/people.ts';
import { ann, createLoser, csrfOf, newPassword } from '../../test/helpers/recovering.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import type { CreationPurpose, RequestPurpose } from '../authenticators/passkey-rules.ts';
import { hours } from '../clock.ts';
import type { SessionId } from '../ids.ts';

const browserId = 'B'.repeat(22);
const phone = '+4917612345678';

/** Somebody with everything an account can have. */
async function createOwner(open: OpenDatabase) {
  const loser = await createLoser(open);
  const { authenticators, accounts, id } = loser;
  const { passkeys } = authenticators;
  const userId = (await accounts.passkeyUserId(id)) ?? '';
  const enrol = async (purpose: CreationPurpose) => {
    const device = createSoftwareAuthenticator({ origin: issuer, securityKey: purpose === 'add-key' });
    const ask = { purpose, browserId, email: ann, userId, accountId: id };
    const made = await passkeys.verifyCreation({
      ...ask,
      credential: device.create(await passkeys.creationOptions(ask)),
    });
    assert.ok(made && (await authenticators.addPasskey(id, made.passkey)));
    return { device, credential: made.passkey.credential_id };
  };
  const answers = async ({ device }: Awaited<ReturnType<typeof enrol>>, purpose: RequestPurpose) => {
    const options = await passkeys.requestOptions({ purpose, browserId, accountId: id });
    const credential = device.get(options, { userHandle: userId });
    return (await passkeys.verifyRequest({ purpose, browserId, credential, accountId: id })) !== undefined;
  };
  const own = { passkey: await enrol('add'), key: await enrol('add-key'), code: await loser.addApp() };
  await loser.addAddress('phone', phone);

  return {
    ...{ ...loser, ...own, enrol, answers },
    /** Ticks what is named and nothing else. */
    async report(browser: FormBrowser, lost: readonly string[], sessions = false) {
      await browser.open('/recover/report');
      const csrf = csrfOf(browser);
      const ticked = Object.fromEntries(lost.map((one) => [`lost-${one}`, 'yes']));
      return browser.post('/recover/report', { csrf, ...ticked, ...(sessions && { sessions: 'yes' }) });
    },
  };
}

const everyPurpose: readonly RequestPurpose[] = ['sign-in', 'prove', 'second-step', 'recover'];

forEachDatabase((_name, open) => {
  test('E30: what was on a stolen phone is off at once, each by its name; the rest works, and as much is asked for', async () => {
    const owner = await createOwner(open);
    const { passkey, key, id, authenticators } = owner;
    for (const purpose of everyPurpose) assert.equal(await owner.answers(passkey, purpose), true, purpose);
    const browser = await owner.proveByMail();
    await browser.open('/recover/report');
    const boxes = browser.shown.root.querySelectorAll('main input[type=checkbox]');
    assert.deepEqual(
      boxes.map((box) => [box.getAttribute('name'), box.hasAttribute('checked')]),
      [
        ['lost-app', false],
        [`lost-${passkey.credential}`, false],
        [`lost-${key.credential}`, false],
        [`lost-${phone}`, false],
        ['sessions', true],
      ],
    );
    assert.doesNotMatch(browser.shown.text, /12345678/);

    await owner.report(browser, ['app', passkey.credential, phone]);
    assert.match(browser.shown.text, /It is switched off/);
    for (const purpose of everyPurpose) assert.equal(await owner.answers(passkey, purpose), false, purpose);
    const options = await authenticators.passkeys.requestOptions({ purpose: 'recover', browserId, accountId: id });
    assert.equal(JSON.stringify(options).includes(passkey.credential), false, 'nor is it asked for');
    assert.equal(await authenticators.verifyApp(id, owner.code()), false);
    assert.equal(await owner.answers(key, 'second-step'), true);
    assert.equal(await owner.tryPassword(goodPassword), 'second step');
    await browser.open('/recover/choose');
    assert.equal(browser.shown.root.querySelector('a[href="/recover/code?way=app"]'), null);

    await owner.addAddress('phone', '+4917687654321');
    const texts = await owner.begin();
    for (const digits of ['5678', '4321'])
      await texts.post('/recover/choose', { csrf: csrfOf(texts), way: 'text', digits });
    await owner.codeInText();
    assert.deepEqual(
      owner.texts.map(({ to }) => to),
      ['+4917687654321'],
    );

    const mail = owner.mailTo(ann).at(-1);
    assert.equal(mail?.subject, 'Something of your account was reported lost');
    for (const words of ['Authenticator app', 'Passkey: ', '+49 ••• 78']) assert.ok(mail?.text.includes(words), words);
    assert.equal((await owner.events()).filter((type) => type === 'reported').length, 3);
    await browser.open('/recover/report');
    assert.equal(browser.shown.root.querySelectorAll('main input[type=checkbox]').length, 3, 'what is off is off');
  });

  test('E30: whoever has a password alone is told that nothing could be on a lost device, and may sign out everywhere', async () => {
    const loser = await createLoser(open);
    const browser = await loser.signIn();
    await browser.open('/recover/report');
    assert.match(browser.shown.text, /could be on a lost device/);
    assert.equal(browser.shown.root.querySelectorAll('main input[type=checkbox]').length, 0);
    await browser.submit({ sessions: '' });
    assert.equal(browser.shown.url, '/recover/report');
    await browser.submit({});
    assert.match(browser.shown.text, /^Signed out everywhere/);
    assert.equal((await browser.open('/security')).url, '/signin');
    assert.equal((await browser.open('/recover/report?done=nonsense')).status, 200);
  });

  test('E30: nothing ticked is an error, and what is not the account’s own is not looked at', async () => {
    const owner = await createOwner(open);
    const browser = await owner.signIn();
    await owner.proveByMail(ann, browser);
    const other = await owner.addPasskeyAccount('bob@example.org');
    const [bobs] = await owner.authenticators.listPasskeys(other.id);
    assert.equal((await owner.report(browser, [], true)).status, 422);
    assert.equal((await owner.report(browser, [bobs?.id ?? ''], true)).status, 422);
    assert.equal((await owner.authenticators.listPasskeys(other.id))[0]?.suspendedAt, undefined);
    assert.equal(await owner.authenticators.verifyApp(owner.id, owner.code()), true);
  });

  test('E30, E38: it counts again once its owner, with another proof, says that it is back', async () => {
    const owner = await createOwner(open);
    const { passkey, id } = owner;
    await owner.report(await owner.proveByMail(), [passkey.credential]);
    const browser = await owner.signIn();
    await browser.submit({ code: owner.code() });
    const page = `/security/passkeys/${passkey.credential}`;
    await browser.open('/security');
    assert.match(browser.shown.text, /Reported lost/);
    await browser.open(page);
    const csrf = csrfOf(browser);
    owner.clock.advance(hours(1));
    assert.match((await browser.post(page, { csrf, action: 'resume' })).url, /^\/prove/);
    assert.equal(await owner.answers(passkey, 'sign-in'), false);
    await browser.open(`/prove?next=${encodeURIComponent(page)}`);
    assert.equal(browser.shown.root.querySelector('[data-passkey="get"]'), null, 'it is not asked for');
    await browser.submit({ password: goodPassword, code: owner.code() });
    await browser.submit({ action: 'resume' });
    assert.match(browser.shown.text, /works again/);
    assert.equal(await owner.answers(passkey, 'sign-in'), true);
    assert.match(owner.subjects(ann).at(-1) ?? '', /switched on again/);
    assert.equal((await owner.journal.recent(id, 1))[0]?.data?.reason, 'resumed');

    await owner.report(await owner.proveByMail(), ['app', phone]);
    assert.equal(await owner.authenticators.resume(id, 'app'), true);
    assert.equal(await owner.authenticators.resume(id, 'app'), false);
    owner.clock.advance(60_000);
    assert.equal(await owner.authenticators.verifyApp(id, owner.code()), true);
    const [address] = await owner.addresses.list(id);
    assert.ok(address?.suspendedAt);
    assert.equal(await owner.addresses.resume(id, address.id, 'none' as SessionId), true);
    assert.equal((await owner.addresses.list(id))[0]?.suspendedAt, undefined);
  });

  test('E30, E20: with all of it lost the account is no weaker, and its owner is back in two days', async () => {
    const owner = await createOwner(open);
    const { passkey, key } = owner;
    const session = await owner.signIn();
    await session.submit({ code: owner.code() });
    const browser = await owner.proveByMail();
    await owner.report(browser, ['app', passkey.credential, key.credential, phone]);
    assert.equal(await owner.tryPassword(goodPassword), 'second step', 'the password alone is not enough');
    assert.equal((await owner.begin()).shown.url, '/recover/choose');
    owner.clock.advance(hours(1));
    await session.open('/prove?next=/security');
    assert.equal(session.shown.root.querySelector('main form'), null, 'there is nothing to prove it with');

    const again = await owner.proveByMail();
    assert.equal(again.shown.url, '/recover/choose', 'one proof is not enough');
    await again.open('/recover/lost');
    await again.submit({ action: 'wait' });
    owner.clock.advance(hours(49));
    await again.open('/recover/password');
    assert.ok(again.shown.root.querySelector('#drop')?.hasAttribute('checked'));
    await again.submit({ new_password: newPassword });
    assert.equal(await owner.tryPassword(newPassword), 'in');
    assert.equal(await owner.answers(passkey, 'sign-in'), false, 'a passkey in strange hands stays off');
  });

  test('E30: a recovery code goes on working beside the password', async () => {
    const owner = await createOwner(open);
    const [code = ''] = await owner.authenticators.recoveryCodes.make(owner.id);
    await owner.report(await owner.proveByMail(), ['app', owner.key.credential]);
    const browser = await owner.signIn();
    assert.equal(browser.shown.url, '/signin/recovery-code');
    await browser.submit({ code });
    assert.match(browser.shown.url, /^\/signin\/recovery-code\/left/);
  });

  test('E30: nobody removes the last thing that works while the others are lost', async () => {
    const owner = await createOwner(open);
    const { authenticators, id, key } = owner;
    await owner.report(await owner.proveByMail(), ['app']);
    assert.equal(await authenticators.secondStepMayGo(id, key.credential), 'others_lost');
    assert.equal(await authenticators.removePasskey(id, key.credential), false);
    assert.equal(await authenticators.removeApp(id), true, 'the lost one may go');
    assert.equal(await authenticators.removePasskey(id, key.credential), true, 'and then the password is enough');

    const bob = await owner.addPasskeyAccount('bob@example.org');
    const [first] = await authenticators.listPasskeys(bob.id);
    const second = { credential_id: 'second', public_key: 'x', counter: 0, transports: '[]', backup_eligible: 0 };
    const rest = { synced: 0, name: 'Second', second_step_only: 0, uv_initialized: 1 };
    await authenticators.addPasskey(bob.id, { ...second, ...rest });
    await owner.database.transaction((trx) =>
      authenticators.suspendLost(bob.id, { app: false, credentials: [first?.id ?? ''] }, trx),
    );
    assert.equal(await authenticators.removePasskey(bob.id, 'second'), false);
    assert.equal(await authenticators.removePasskey(bob.id, first?.id ?? ''), true);
  });
});
