import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateSync } from 'otplib';
import { days, hours, seconds } from '../../src/clock.ts';
import { poll, refresh, requestCode } from '../helpers/device.ts';
import { codeIn, linkIn, type Phone, type PhoneOptions } from '../helpers/journey-phone.ts';
import type { Place } from '../helpers/journey-place.ts';
import { look, mailTold, startPlaceWithTexts } from '../helpers/journey-texts.ts';
import { testPassword } from '../helpers/test-app.ts';

const newPassword = 'seven lamps under the harbour';
const planted = 'eve@planted.example';

let place: Place;
let close: () => Promise<void>;
let client: string;
before(async () => {
  ({ place, close } = await startPlaceWithTexts());
  client = (await place.server.createClient()).id;
});
after(() => close?.());

const told = (to: string, subject: string) => mailTold(place, to, subject);

async function signedIn(email: string, options: PhoneOptions = {}): Promise<Phone> {
  const phone = await place.phone(options);
  await phone.open('/signin');
  await phone.signIn(email);
  assert.equal(phone.at(), '/account');
  return phone;
}

/** Ann for a while, and then somebody who knows her password: a passkey, an address, a saved code and a television. */
async function takeOver(email: string) {
  const { clock } = place.server;
  await place.server.createAccount(email);
  const laptop = await signedIn(email);
  await laptop.close();
  clock.advance(days(40));

  const thief = await signedIn(email, { passkeys: true });
  await thief.open('/security/passkeys/new');
  const made = thief.tab.waitForURL(/done=passkeyAdded/);
  await thief.tab.click('main [data-passkey=create] button');
  await made;
  await thief.open('/security/addresses/email/new');
  await thief.fill('email', planted);
  await thief.press({ form: '/security/addresses/email/new' });
  await thief.fill('code', codeIn(await told(planted, 'Confirm this email address')));
  await thief.press({ form: '/security/addresses/confirm/' });
  assert.match(thief.at(), /done=emailAdded/);
  await thief.open('/security/saved-code');
  await thief.press({ form: '/security/saved-code' });
  assert.match(await thief.words(), /[0-9A-Z]{5}-[0-9A-Z]{5}/);

  const asked = await requestCode(place.url, client, { scope: 'openid offline_access' });
  await thief.open('/link');
  await thief.typeCode(asked.user_code);
  await thief.approve();
  clock.advance(seconds(6));
  const { body } = await poll(place.url, client, asked.device_code);
  assert.ok(body.refresh_token, 'the thief’s television is linked');
  return { thief, token: String(body.refresh_token) };
}

/** With the thief's own session, passkey and television. */
async function assertNothing(email: string, { thief, token }: Awaited<ReturnType<typeof takeOver>>): Promise<void> {
  await thief.open('/security');
  assert.match(thief.at(), /^\/signin/);
  // The browser offers the passkey by itself.
  const answered = thief.tab.waitForResponse((answer) => answer.url().endsWith('/signin/passkey'));
  await thief.open('/signin?edit');
  assert.notEqual((await answered).status(), 303, 'the passkey');
  const beside = await thief.context.newPage();
  await beside.goto(`${place.url}/account`);
  assert.match(beside.url(), /\/signin/);
  const again = await place.phone();
  await again.open('/signin');
  await again.signIn(email, testPassword);
  assert.match(again.at(), /^\/signin/, 'the password');
  await again.close();
  assert.notEqual((await refresh(place.url, client, token)).status, 200, 'the television');
  for (;;) {
    const mail = await place.mailbox.waitFor(planted);
    assert.doesNotMatch(mail.text ?? '', /\/(undo|change|cancel|finish)\//, mail.subject ?? '');
    if (mail.subject !== 'Confirm this email address') break;
  }
  await thief.close();
}

async function proveByMail(email: string, options: PhoneOptions = {}): Promise<Phone> {
  const owner = await place.phone(options);
  await owner.open('/recover');
  await owner.fill('email', email);
  await owner.press({ form: '/recover' });
  await owner.press({ name: 'way', value: 'email' });
  await owner.fill('code', codeIn(await told(email, 'Get back into your account')));
  await owner.press({ form: '/recover/code' });
  return owner;
}

describe('fault A2: taken over with a stolen password, and taken back', () => {
  const email = 'ann@example.org';

  test('the link of a mail ends it without signing in and without scripts; a code to the mailbox does the rest', async () => {
    const stolen = await takeOver(email);
    const link = linkIn(await told(email, 'A passkey was added to your account'), '/activity/change/');
    const seen = await place.phone();
    await seen.open(link);
    await look(seen, 'take-back');
    const pocket = await place.phone({ javaScriptEnabled: false });
    await pocket.open(link);
    await pocket.press({ form: '/activity/change/' });
    assert.equal(await pocket.heading(), 'That is taken back');
    await seen.open(link);
    await look(seen, 'taken-back');
    await seen.close();
    await pocket.close();
    const owner = await proveByMail(email, { javaScriptEnabled: false });
    assert.equal(owner.at(), '/recover/password');
    await owner.fill('new_password', newPassword);
    await owner.press({ form: '/recover/password', text: /Save/ });
    assert.equal(owner.at(), '/recover/done');
    await assertNothing(email, stolen);
    await owner.follow('/signin');
    await owner.signIn(email, newPassword);
    assert.equal(owner.at(), '/account');
    await owner.close();
  });
});

describe('fault A3: the end of a recovery shows who else can get in', () => {
  const email = 'bea@example.org';

  test('each with its date, the new ticked, in every language and width; what is ticked goes', async () => {
    const stolen = await takeOver(email);
    await stolen.thief.open('/activity');
    const owner = await proveByMail(email);
    assert.equal(owner.at(), '/recover/password');
    const ticked = () => owner.tab.locator('main .card input[type=checkbox]:checked').count();
    assert.equal(await ticked(), 3, 'a passkey, an address and a television');
    await look(owner, 'belongings');
    for (const [language, width, scheme] of [
      ['de', 320, 'dark'],
      ['es', 390, 'light'],
      ['ar', 320, 'light'],
      ['en', 1280, 'light'],
    ] as const) {
      await owner.tab.setViewportSize({ width, height: 800 });
      await owner.tab.emulateMedia({ colorScheme: scheme });
      await owner.context.setExtraHTTPHeaders({ 'accept-language': language });
      await owner.open('/recover/password');
      assert.equal(await owner.tab.getAttribute('html', 'lang'), language);
      assert.equal(await owner.tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, language);
      await look(owner, `belongings-${language}`);
    }
    await owner.open('/recover/password');
    assert.equal(await ticked(), 3);
    await owner.tab.locator('main .card label').first().click();
    assert.equal(await ticked(), 2, 'by its words, too');
    await owner.tab.locator('main .card label').first().click();
    await owner.fill('new_password', newPassword);
    await owner.press({ form: '/recover/password' });
    assert.equal(owner.at(), '/recover/done');
    await look(owner, 'belongings-done');
    await assertNothing(email, stolen);
    await owner.close();
  });

  test('fault A2: with a second step of the thief’s it takes 48 hours, which the thief cannot stop', async () => {
    const late = 'cat@example.org';
    await place.server.createAccount(late);
    const laptop = await signedIn(late);
    place.server.clock.advance(days(40));
    const keeper = await signedIn(late);
    await keeper.open('/security/app');
    const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(await keeper.words())?.[0].replaceAll(' ', '') ?? '';
    await keeper.fill('code', generateSync({ secret, epoch: Math.floor(place.server.clock.now() / 1000) }));
    await keeper.press({ form: '/security/app' });
    assert.match(keeper.at(), /done=appAdded/);
    const owner = await proveByMail(late);
    assert.equal(owner.at(), '/recover/choose');
    await owner.open('/recover/lost');
    await owner.press({ name: 'action', value: 'wait' });
    await keeper.open('/activity');
    await keeper.tab.locator('form[action="/recover/cancel"] button').click();
    await keeper.tab.waitForLoadState();
    assert.equal(await keeper.heading(), 'This browser cannot stop it');
    await look(keeper, 'too-young');
    place.server.clock.advance(hours(48));
    await place.server.app.tidy();
    await owner.open('/recover/password');
    assert.equal(owner.at(), '/recover/password');
    await owner.fill('new_password', newPassword);
    await owner.press({ form: '/recover/password' });
    assert.equal(owner.at(), '/recover/done');
    await keeper.open('/security');
    assert.match(keeper.at(), /^\/signin/);
    await laptop.close();
    await keeper.close();
    await owner.close();
  });
});
