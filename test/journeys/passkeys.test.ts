import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { days } from '../../src/clock.ts';
import { giveKeyring, type Keyring } from '../helpers/journey-keyring.ts';
import type { Phone } from '../helpers/journey-phone.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';

let place: Place;
before(async () => {
  place = await startPlace();
});
after(() => place?.close());

const signOut = async (phone: Phone): Promise<void> => {
  await phone.open('/signout');
  await phone.press({ form: '/signout' });
};
const accountOn = async (phone: Phone): Promise<string | undefined> =>
  (await phone.tab.textContent('.account-email'))?.trim();
const failedWords = (phone: Phone) => phone.tab.locator('main .passkey-failed');

type Told = { [what: string]: { [name: string]: unknown } };
/** What the browser has been told about passkeys since it was last looked at. */
async function listenToSignals(phone: Phone): Promise<() => Told> {
  let told: Told = {};
  await phone.tab.exposeFunction('heard', (what: string, options: Told[string]) => {
    told[what] = options;
  });
  await phone.tab.addInitScript(() => {
    const names = ['signalAllAcceptedCredentials', 'signalUnknownCredential', 'signalCurrentUserDetails'];
    const { heard } = window as unknown as { heard(what: string, options: unknown): void };
    for (const name of names) Object.assign(PublicKeyCredential, { [name]: async (o: unknown) => heard(name, o) });
  });
  return () => {
    const before = told;
    told = {};
    return before;
  };
}

describe('B2, G12: an account with passkeys only', () => {
  let phone: Phone;
  let keyring: Keyring;
  before(async () => {
    phone = await place.phone({ passkeys: true });
    assert.ok(phone.keyring);
    keyring = phone.keyring;
    await phone.open('/signup');
    await phone.signUp('lea@example.org');
  });

  test('it signs in from autofill, with nothing typed and nothing pressed', async () => {
    await signOut(phone);
    await phone.open('/signin');
    await phone.tab.waitForURL(/\/account$/);
    assert.equal(await accountOn(phone), 'lea@example.org');
  });

  test('it has a way in that cannot be removed, and nothing that asks for a password', async () => {
    await phone.open('/security');
    assert.match(await phone.words(), /Synced|On one device/);
    assert.doesNotMatch(await phone.words(), /Authenticator app|Security keys/);
    await phone.follow('/security/passkeys/');
    await phone.open('/security');
    await phone.tab.locator('main .card a').first().click();
    await phone.tab.waitForURL(/\/security\/passkeys\//);
    assert.match(await phone.words(), /your only way to sign in/);
  });

  test('G11: the same device is told that it has a passkey already', async () => {
    await phone.open('/security/passkeys/new');
    await phone.tab.click('main [data-passkey=create] button');
    await failedWords(phone).waitFor();
    assert.match(String(await failedWords(phone).textContent()), /has a passkey for this account already/);
  });

  test('refused without user verification, with a way forward that is no dead end', async () => {
    await signOut(phone);
    await phone.tab.addInitScript(() => {
      if (location.hash === '#button') PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    });
    await keyring.verified(false);
    await phone.open('/signin#button');
    await phone.tab.click('main [data-passkey=get] button');
    await failedWords(phone).waitFor();
    await phone.follow('/help/passkey');
    assert.match(await phone.heading(), /When a passkey does not work/);
    await keyring.verified(true);
    await keyring.present(false);
    await phone.follow('/signin');
    assert.equal(phone.at(), '/signin');
  });

  test('G12: going on by e-mail ends the waiting autofill', async () => {
    await phone.open('/signin');
    await phone.fill('email', 'lea@example.org');
    await phone.press({ form: '/signin' });
    assert.equal(phone.at(), '/signin/passkey', 'what the account has, in a browser it knows');
    await keyring.present(true);
    await phone.open('/signin');
    await phone.tab.waitForURL(/\/account$/);
    await phone.close();
  });
});

describe('G14, G20: a passkey is removed', () => {
  let phone: Phone;
  let told: () => Told;
  before(async () => {
    phone = await place.phone({ passkeys: true });
    told = await listenToSignals(phone);
    await phone.open('/signup');
    await phone.signUp('noa@example.org', 'plum tractor evening gravel');
    await phone.open('/security/passkeys/new');
    const added = phone.tab.waitForURL(/done=passkeyAdded/);
    await phone.tab.click('main [data-passkey=create] button');
    await added;
  });

  test('the list page tells the browser what works and what the account is called', async () => {
    await phone.tab.waitForFunction(() => document.readyState === 'complete');
    const { signalAllAcceptedCredentials: all, signalCurrentUserDetails: details } = told();
    assert.ok(all);
    assert.equal((all.allAcceptedCredentialIds as string[]).length, 1);
    assert.equal(all.rpId, 'localhost');
    assert.equal(details?.name, 'noa@example.org');
  });

  test('the last one that no false page can use goes only after a second thought', async () => {
    await phone.tab.locator('main .card a').first().click();
    await phone.tab.waitForURL(/\/security\/passkeys\//);
    await phone.press({ name: 'action', value: 'remove' });
    assert.match(await phone.words(), /Nothing else on your account is safe from a fake page/);
    await phone.tab.check('main input[name=sure]');
    await phone.press({ name: 'action', value: 'remove' });
    assert.equal(phone.at(), '/security?done=passkeyRemoved');
    await phone.tab.waitForLoadState('networkidle');
    assert.deepEqual(told().signalAllAcceptedCredentials?.allAcceptedCredentialIds, []);
  });

  test('refused afterwards, and the browser is told that nobody knows it', async () => {
    await signOut(phone);
    const answered = phone.tab.waitForURL(/\/signin\/passkey$/);
    await phone.open('/signin');
    await answered;
    assert.match(await phone.words(), /That passkey did not work here/);
    await phone.keyring?.present(false);
    await phone.tab.waitForLoadState('networkidle');
    const { signalUnknownCredential: unknown } = told();
    assert.equal(unknown?.rpId, 'localhost');
    assert.match(String(unknown?.credentialId), /^[\w-]{20,}$/);
    await phone.close();
  });
});

test('refused: the passkey of another account, where one account has to prove itself', async () => {
  const phone = await place.phone({ passkeys: true });
  await phone.open('/signup');
  await phone.signUp('ola@example.org');
  await phone.keyring?.lose();
  const other = await giveKeyring(phone.tab);
  await phone.open('/signup');
  await phone.signUp('pia@example.org', 'plum tractor evening gravel');
  await phone.open('/security/passkeys/new');
  const added = phone.tab.waitForURL(/done=passkeyAdded/);
  await phone.tab.click('main [data-passkey=create] button');
  await added;
  assert.equal(await other.count(), 1);
  await phone.open('/accounts');
  await phone.tab.locator('main form', { hasText: 'Use this one' }).nth(1).locator('button').first().click();
  await phone.tab.waitForLoadState();
  place.server.clock.advance(6 * 60_000);
  await phone.open('/security/passkeys/new');
  assert.match(phone.at(), /^\/prove/);
  // The browser itself has none of those asked for; as a page would ask that hopes for any.
  await phone.tab.evaluate(() => {
    const { get } = CredentialsContainer.prototype;
    navigator.credentials.get = (asked) => {
      if (asked?.publicKey) asked.publicKey.allowCredentials = [];
      return get.call(navigator.credentials, asked);
    };
  });
  await phone.press({ form: '/prove', text: /passkey/ });
  assert.match(await phone.words(), /There is a problem[\s\S]*That passkey did not work here/);
  assert.match(phone.at(), /^\/prove/);
  await phone.close();
});

test('B2, E27: a security key that knows no user is the second step of a password, and signs in with it', async () => {
  const phone = await place.phone();
  await phone.open('/signup');
  await phone.signUp('quin@example.org', 'plum tractor evening gravel');
  const key = await giveKeyring(phone.tab, 'securityKey');
  await phone.open('/security/key/new');
  await phone.fill('name', 'On my key ring');
  const added = phone.tab.waitForURL(/done=keyAdded/);
  await phone.tab.click('main [data-passkey=create] button');
  await added;
  assert.equal(await key.count(), 1);
  await phone.open('/security');
  assert.match(await phone.words(), /On my key ring/);

  await signOut(phone);
  await phone.open('/signin');
  await phone.signIn('quin@example.org', 'plum tractor evening gravel');
  assert.equal(phone.at(), '/signin/key');
  const signedIn = phone.tab.waitForURL((url) => !url.pathname.startsWith('/signin'));
  await phone.tab.click('main [data-passkey=get] button');
  await signedIn;
  assert.equal(await accountOn(phone), 'quin@example.org');
  await phone.close();
});

test('G13: after a password, a browser that makes passkeys by itself makes one, and its owner confirms it', async () => {
  const phone = await place.phone();
  await phone.open('/signup');
  await phone.signUp('rae@example.org', 'plum tractor evening gravel');
  await signOut(phone);
  place.server.clock.advance(days(2));
  const keyring = await giveKeyring(phone.tab, 'open');
  // As in a browser that keeps passwords and passkeys together.
  await phone.tab.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    Object.assign(PublicKeyCredential, { getClientCapabilities: async () => ({ conditionalCreate: true }) });
    navigator.credentials.create = ({
      mediation,
      ...options
    }: CredentialCreationOptions & { mediation?: string } = {}) =>
      mediation === 'conditional' ? create(options) : Promise.reject(new Error('asked aloud'));
  });
  await keyring.present(false);
  await phone.open('/signin');
  await keyring.present(true);
  const saved = phone.tab.waitForResponse((r) => r.url().endsWith('/security/passkeys/upgrade') && r.status() === 204);
  await phone.signIn('rae@example.org', 'plum tractor evening gravel');
  await saved;
  await phone.open('/security');
  assert.match(await phone.words(), /Not confirmed yet/);
  const mails = place.mailbox.messages().filter(({ envelopeTo }) => String(envelopeTo).includes('rae@example.org'));
  assert.ok(mails.some(({ subject }) => subject === 'Your browser saved a passkey for your account'));
  await keyring.become('phone');
  await phone.tab.locator('main .card a').first().click();
  await phone.tab.waitForURL(/\/security\/passkeys\//);
  const confirmed = phone.tab.waitForURL(/done=passkeyAdded/);
  await phone.tab.click('main [data-passkey=get] button');
  await confirmed;
  assert.doesNotMatch(await phone.words(), /Not confirmed yet/);
  await signOut(phone);
  await phone.open('/signin');
  await phone.tab.waitForURL((url) => !url.pathname.startsWith('/signin'));
  assert.equal(await accountOn(phone), 'rae@example.org', 'from now on by the passkey alone');
  await phone.close();
});
