import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateSync } from 'otplib';
import { requestCode } from '../helpers/device.ts';
import type { Phone } from '../helpers/journey-phone.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';
import { testPassword } from '../helpers/test-app.ts';

let place: Place;
before(async () => {
  place = await startPlace();
});
after(() => place?.close());

const newCode = async (): Promise<string> => (await requestCode(place.url, 'example-tv')).user_code;
/** The account that the page names in its header. */
const accountOn = async (phone: Phone): Promise<string> =>
  (await phone.tab.textContent('.account-email'))?.trim() ?? 'nobody';

describe('B3: a passkey and a password beside it', () => {
  let phone: Phone;
  before(async () => {
    phone = await place.phone({ passkeys: true });
    await phone.open('/signup');
    await phone.signUp('kim@example.org');
  });
  const signOut = async (): Promise<void> => {
    await phone.open('/signout');
    await phone.press({ form: '/signout' });
    assert.match(await phone.heading(), /You are signed out/);
  };

  test('an account that began with a passkey adds a password', async () => {
    assert.match(await phone.heading(), /^Hello/);
    await phone.open('/devices');
    assert.match(await phone.heading(), /Linked devices/);
    assert.match(await phone.words(), /No devices are linked yet/, 'A5: an empty page that helps');
    await phone.open('/security/password');
    await phone.fill('new_password', testPassword);
    await phone.press({ form: '/security/password' });
    assert.equal(phone.at(), '/security?done=passwordChanged');
    await signOut();
  });

  test('signing in by the password', async () => {
    await phone.keyring?.present(false);
    await phone.open('/signin');
    await phone.signIn('kim@example.org');
    assert.equal(await accountOn(phone), 'kim@example.org');
    await signOut();
  });

  test('signing in by the passkey, with nothing typed', async () => {
    await phone.keyring?.present(true);
    // As in a browser that offers no passkeys in autofill.
    await phone.tab.addInitScript(() => {
      if (location.hash === '#button') PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    });
    await phone.open('/signin#button');
    await phone.tab.click('main [data-passkey=get] button');
    await phone.tab.waitForURL(/\/account$/);
    assert.equal(await accountOn(phone), 'kim@example.org');
    await signOut();
  });

  test('signing in by the passkey that autofill offers', async () => {
    await phone.open('/signin');
    await phone.tab.waitForURL(/\/account$/);
    assert.equal(await accountOn(phone), 'kim@example.org');
  });
});

test('an authenticator app is a second step of the password, and of the proof before a link', async () => {
  const phone = await place.phone();
  await place.server.createAccount('alex@example.org');
  await phone.open('/signin');
  await phone.signIn('alex@example.org');
  await phone.open('/security/app');
  const secret = (await phone.tab.getAttribute('main [data-copy]', 'data-copy')) ?? '';
  const codeNow = () => generateSync({ secret, epoch: Math.floor(place.server.clock.now() / 1000) });
  await phone.fill('code', codeNow());
  await phone.press({ form: '/security/app' });
  assert.equal(phone.at(), '/security/recovery-codes?done=appAdded');
  await phone.open('/signout');
  await phone.press({ form: '/signout' });

  place.server.clock.advance(31_000);
  await phone.open('/signin');
  await phone.signIn('alex@example.org');
  assert.equal(phone.at(), '/signin/code');
  const used = codeNow();
  await phone.fill('code', used);
  await phone.press({ form: '/signin/code' });
  assert.equal(await accountOn(phone), 'alex@example.org');

  place.server.clock.advance(61_000);
  await phone.open('/link');
  await phone.typeCode(await newCode());
  await phone.press({ name: 'decision', value: 'approve' });
  await phone.fill('password', testPassword);
  await phone.fill('code', used);
  await phone.press({ form: phone.at() });
  assert.match(await phone.words(), /There is a problem/, 'E22: a code works once');
  await phone.fill('password', testPassword);
  await phone.fill('code', codeNow());
  await phone.press({ form: phone.at() });
  assert.match(await phone.heading(), /is now signed in/);
  await phone.close();
});

describe('A6, B1: several accounts in one browser', () => {
  let phone: Phone;
  before(async () => {
    phone = await place.phone({ viewport: { width: 1280, height: 800 } });
    for (const email of ['home@example.org', 'work@example.org']) {
      await place.server.createAccount(email);
      await phone.open('/signin');
      await phone.signIn(email);
    }
  });

  test('the chooser shows all, and one press goes on as another', async () => {
    await phone.open('/accounts');
    for (const email of ['home@example.org', 'work@example.org'])
      assert.ok((await phone.words()).includes(email), email);
    assert.equal(await accountOn(phone), 'work@example.org');
    await phone.tab.locator('main li', { hasText: 'home@example.org' }).locator('button[value=switch]').click();
    await phone.tab.waitForURL(/\/account$/);
    assert.equal(await accountOn(phone), 'home@example.org');
  });

  test('the review says whose account it is, and one press changes it and keeps the code', async () => {
    const code = await newCode();
    await phone.open('/link');
    await phone.typeCode(code);
    assert.match(await phone.words(), /home@example\.org/);
    await phone.press({ text: 'work@example.org' });
    assert.equal(await accountOn(phone), 'work@example.org');
    assert.match(phone.at(), /^\/link\/[\w.-]+$/);
    assert.ok((await phone.words()).includes(code), 'nothing typed again');
    await phone.approve();
    assert.match(await phone.heading(), /is now signed in as work/);
  });

  test('a code typed as one account goes on with another that signs in on the way', async () => {
    await place.server.createAccount('club@example.org');
    const code = await newCode();
    await phone.open('/link');
    await phone.typeCode(code);
    await phone.open('/signin');
    await phone.signIn('club@example.org');
    assert.ok((await phone.words()).includes(code));
    assert.equal(await accountOn(phone), 'club@example.org');
    await phone.press({ name: 'decision', value: 'decline' });
  });

  test('one is signed out and the others stay; then all', async () => {
    await phone.open('/accounts');
    await phone.tab.locator('main li', { hasText: 'club@example.org' }).locator('button[value=signout]').click();
    await phone.tab.waitForURL(/\/accounts$/);
    assert.ok(!(await phone.words()).includes('club@example.org'));
    assert.ok((await phone.words()).includes('home@example.org'));
    await phone.open('/signout');
    await phone.press({ form: '/signout', value: 'all' });
    assert.match(await phone.heading(), /You are signed out/);
    await phone.open('/devices');
    assert.equal(phone.at(), '/signin');
  });
});
