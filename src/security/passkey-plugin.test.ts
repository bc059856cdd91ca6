import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator, flag } from '../../test/helpers/software-authenticator.ts';
import { days, minutes } from '../clock.ts';

const email = 'ann@example.org';

async function signIn(people: People): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email });
  await browser.submit({ password: goodPassword });
  return browser;
}

/** Options as JSON, or undefined where there is nothing to do; then what the browser made of them. */
async function upgrade(browser: FormBrowser, device: ReturnType<typeof createSoftwareAuthenticator>) {
  await browser.open('/security');
  const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
  const answer = await browser.post('/security/passkeys/upgrade', { csrf });
  if (answer.status !== 200) return undefined;
  const options = JSON.parse(answer.body) as { [name: string]: unknown };
  const credential = device.create(options, { flags: flag.attested });
  assert.equal((await browser.post('/security/passkeys/upgrade', { csrf, credential })).status, 204);
  return options;
}

forEachDatabase((_name, open) => {
  test('G20: a security key is a second step for a password, gets a name, and goes after a second thought', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    const key = createSoftwareAuthenticator({ origin: issuer, securityKey: true });
    await browser.open('/security/key/new');
    const options = browser.passkeyOptions('create') as { [name: string]: unknown };
    assert.deepEqual(options.hints, ['security-key']);
    await browser.submit({ credential: key.create(options), name: 'On my key ring' });
    assert.match(browser.shown.text, /also asks for your security key/);
    assert.match((await browser.open('/security')).text, /On my key ring/);
    assert.equal((await people.authenticators.methodsOf(id)).keys, 1);
    assert.equal(people.mails[0]?.subject, 'A security key was added to your account');

    await browser.open(`/security/keys/${key.credentialId}`);
    await browser.submit({ name: 'In the drawer', action: 'rename' });
    assert.match(browser.shown.text, /In the drawer/);
    assert.equal((await browser.open(`/security/passkeys/${key.credentialId}`)).status, 404);
    await browser.open(`/security/keys/${key.credentialId}`);
    assert.equal((await browser.submit({ action: 'remove' })).status, 422, 'G20: the last thing no false page can use');
    await browser.submit({ action: 'remove', sure: 'yes' });
    assert.match(browser.shown.text, /not asked for any more/);
    assert.equal((await people.authenticators.methodsOf(id)).keys, 0);
    assert.equal(people.mails[1]?.subject, 'A security key was removed from your account');
  });

  test('an account with passkeys only: no key as a second step, and the last passkey stays', async () => {
    const people = await createPeople(open);
    const account = await people.accounts.create({ email });
    const device = createSoftwareAuthenticator({ origin: issuer });
    const userId = (await people.accounts.passkeyUserId(account.id)) ?? '';
    const ask = { purpose: 'add' as const, browserId: 'x'.repeat(22) };
    const options = await people.authenticators.passkeys.creationOptions({ ...ask, email, userId });
    const made = await people.authenticators.passkeys.verifyCreation({ ...ask, credential: device.create(options) });
    assert.ok(made && (await people.authenticators.addPasskey(account.id, made.passkey)));

    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.equal((await browser.open('/security/key/new')).url, '/security');
    assert.doesNotMatch(browser.shown.text, /security key/);
    await browser.open(`/security/passkeys/${device.credentialId}`);
    assert.match(browser.shown.text, /your only way to sign in/);
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const remove = { csrf, action: 'remove', sure: 'yes' };
    assert.equal((await browser.post(`/security/passkeys/${device.credentialId}`, remove)).status, 422);
    assert.equal((await people.authenticators.methodsOf(account.id)).passkeys, 1);
  });

  test('G14: the list page carries every credential of its owner, and no other page or person does', async () => {
    const people = await createPeople(open);
    const account = await people.addAccount(email);
    const browser = await signIn(people);
    const devices = [false, true].map((securityKey) => createSoftwareAuthenticator({ origin: issuer, securityKey }));
    for (const [index, device] of devices.entries()) {
      await browser.open(index === 0 ? '/security/passkeys/new' : '/security/key/new');
      await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    }
    await browser.open('/security');
    const carried = browser.shown.root.querySelector('[data-passkey-signals]')?.getAttribute('data-passkey-signals');
    const { current } = JSON.parse(carried ?? '') as { current: { [name: string]: unknown } };
    assert.deepEqual(
      new Set(current.allAcceptedCredentialIds as string[]),
      new Set(devices.map((d) => d.credentialId)),
    );
    assert.deepEqual(
      { ...current, allAcceptedCredentialIds: [] },
      {
        ...{ rpId: 'localhost', userId: await people.accounts.passkeyUserId(account.id) },
        ...{ allAcceptedCredentialIds: [], name: email, displayName: 'ann' },
      },
    );
  });

  test('G13, G6: after a password a browser may make a passkey by itself; it counts once its owner confirms it', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const early = await signIn(people);
    const device = createSoftwareAuthenticator({ origin: issuer });
    assert.equal(await upgrade(early, device), undefined, 'the password is as new as one set in a recovery');

    people.clock.advance(days(2));
    const browser = await signIn(people);
    assert.ok((await browser.open('/security')).root.querySelector('[data-passkey-upgrade]'));
    const options = await upgrade(browser, device);
    assert.ok(options);
    assert.equal((options.authenticatorSelection as { [name: string]: unknown }).userVerification, 'preferred');
    assert.equal(people.mails.at(-1)?.subject, 'Your browser saved a passkey for your account');
    assert.equal((await people.authenticators.methodsOf(id)).passkeys, 0);
    assert.match((await browser.open('/security')).text, /Not confirmed yet/);
    assert.equal(browser.shown.root.querySelector('[data-passkey-upgrade]'), null, 'one is enough');
    assert.equal(await upgrade(browser, createSoftwareAuthenticator({ origin: issuer })), undefined);

    const path = `/security/passkeys/${device.credentialId}`;
    const verified = { flags: flag.userPresent | flag.userVerified };
    await browser.open(path);
    const touched = device.get(browser.passkeyOptions('get'), { flags: flag.userPresent });
    assert.equal((await browser.submit({ credential: touched })).status, 422, 'without user verification');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get'), verified) });
    assert.match(browser.shown.text, /ready to use/);
    assert.equal((await people.authenticators.methodsOf(id)).passkeys, 1);
  });

  test('G13: never later than two minutes after the password, and never after a passkey', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    people.clock.advance(days(2));
    const device = createSoftwareAuthenticator({ origin: issuer });
    const late = await signIn(people);
    people.clock.advance(minutes(3));
    assert.equal(await upgrade(late, device), undefined);

    const browser = await signIn(people);
    await browser.open('/security/passkeys/new');
    await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    await browser.open(`/security/passkeys/${device.credentialId}`);
    const other = people.newBrowser();
    await other.open('/signin');
    await other.submit({ credential: device.get(other.passkeyOptions('get')) });
    await browser.submit({ action: 'remove', sure: 'yes' });
    assert.equal(await upgrade(other, device), undefined);
    const nobody = people.newBrowser();
    await nobody.open('/signin');
    const csrf = nobody.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.equal((await nobody.post('/security/passkeys/upgrade', { csrf })).status, 204);
  });
});
