import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAddressesStore } from '../../src/addresses/addresses-store.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { days, hours, seconds } from '../../src/clock.ts';
import { type AccountId, type AddressId, newId } from '../../src/ids.ts';
import { systemRandom } from '../../src/random.ts';
import { createHttpBrowser } from '../helpers/http-browser.ts';
import { codeIn, linkIn, type Phone, type PhoneOptions } from '../helpers/journey-phone.ts';
import type { Place } from '../helpers/journey-place.ts';
import { look, mailTold, startPlaceWithTexts } from '../helpers/journey-texts.ts';
import type { SmsProvider } from '../helpers/sms-provider.ts';

const newPassword = 'seven lamps under the harbour';

let place: Place;
let provider: SmsProvider;
let close: () => Promise<void>;
before(async () => {
  ({ place, provider, close } = await startPlaceWithTexts());
});
after(() => close?.());

const told = (to: string, subject: string) => mailTold(place, to, subject);
const codeMail = (to: string) => told(to, 'Get back into your account');

/** With a password, and a second step if told so; and the number of a phone. */
async function somebody(email: string, has: { app?: boolean; phone?: string } = {}) {
  const { outside, clock, app, createAccount } = place.server;
  // For longer than a week: what is younger proves nothing here (fault A2).
  clock.advance(-days(8));
  const id = await createAccount(email);
  const accounts = createAccounts(outside);
  const authenticators = createAuthenticators({
    ...outside,
    userIdOf: (one: AccountId) => accounts.passkeyUserId(one),
  });
  const setup = authenticators.beginApp(id, email);
  const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
  if (has.app) assert.ok(await authenticators.finishApp(id, setup, code()));
  clock.advance(days(8) + seconds(30));
  const { phone: value } = has;
  if (value) {
    const row = {
      id: newId<AddressId>(systemRandom),
      account_id: id,
      kind: 'phone' as const,
      value,
      added_at: 1,
      reviewed_at: 1,
    };
    await outside.database.transaction((trx) =>
      createAddressesStore(outside.database)
        .insert(row, trx)
        .then(() => {}),
    );
  }
  const saved = async (): Promise<string> => {
    clock.advance(-days(8));
    const made = await authenticators.savedCode.make(id);
    clock.advance(days(8));
    return made;
  };
  return { id, email, code, saved, tidy: () => app.tidy() };
}

async function begin(email: string, options: PhoneOptions = {}): Promise<Phone> {
  const phone = await place.phone(options);
  await phone.open('/recover');
  await phone.fill('email', email);
  await phone.press({ form: '/recover' });
  assert.equal(phone.at(), '/recover/choose');
  return phone;
}

async function proveByMail(phone: Phone, email: string): Promise<void> {
  await phone.press({ name: 'way', value: 'email' });
  await phone.fill('code', codeIn(await codeMail(email)));
  await phone.press({ form: '/recover/code' });
}

async function choosePassword(phone: Phone): Promise<void> {
  await phone.fill('new_password', newPassword);
  await phone.press({ form: '/recover/password', text: /Save/ });
  assert.equal(phone.at(), '/recover/done');
}

/** Signs in from the page that says it is done; where that leads. */
async function signInAgain(phone: Phone, email: string): Promise<string> {
  await phone.follow('/signin');
  await phone.signIn(email, newPassword);
  return phone.at();
}

describe('a forgotten password', () => {
  const email = 'ann@example.org';
  before(() => somebody(email).then(() => {}));

  test('is replaced with the code of a mail; other browsers are signed out', async () => {
    const elsewhere = await place.phone();
    await elsewhere.open('/signin');
    await elsewhere.signIn(email);
    const phone = await place.phone();
    await phone.open('/recover');
    await look(phone, 'start');
    await phone.fill('email', email);
    await phone.press({ form: '/recover' });
    await look(phone, 'choose');
    await phone.press({ name: 'way', value: 'email' });
    await look(phone, 'code');
    await phone.fill('code', '0000 0000');
    await phone.press({ form: '/recover/code' });
    await look(phone, 'code-wrong');
    await phone.fill('code', codeIn(await codeMail(email)));
    await phone.press({ form: '/recover/code' });
    await look(phone, 'password');
    await phone.fill('new_password', 'password password');
    await phone.press({ form: '/recover/password', text: /Save/ });
    await look(phone, 'password-refused');
    await choosePassword(phone);
    await look(phone, 'done');
    await told(email, 'Somebody got back into your account');
    assert.equal(await signInAgain(phone, email), '/account');
    await elsewhere.open('/security');
    assert.equal(elsewhere.at(), '/signin');
    await elsewhere.close();
    await phone.close();
  });

  test('with scripts off, by the link of the mail, opened by a scanner first', async () => {
    const phone = await begin(email, { javaScriptEnabled: false });
    await phone.press({ name: 'way', value: 'email' });
    const link = linkIn(await codeMail(email), '/recover/link/');
    const scanner = createHttpBrowser(place.url, { 'user-agent': 'mail scanner' });
    for (let i = 0; i < 3; i += 1) assert.equal((await scanner.open(link)).status, 200);
    await phone.open(link);
    await phone.press({ form: '/recover/link/' });
    await choosePassword(phone);
    await phone.close();
  });

  test('by a link opened on another device, which goes on there', async () => {
    const laptop = await begin(email);
    await laptop.press({ name: 'way', value: 'email' });
    const pocket = await place.phone();
    const mail = await codeMail(email);
    await pocket.open(linkIn(mail, '/recover/link/'));
    await look(pocket, 'link-elsewhere');
    await pocket.press({ form: '/recover/link/' });
    assert.equal(pocket.at(), '/recover/password');
    await laptop.fill('code', codeIn(mail));
    await laptop.press({ form: '/recover/code' });
    assert.match(await laptop.words(), /has run out/, 'one of the two, not both');
    await choosePassword(pocket);
    await laptop.close();
    await pocket.close();
  });
});

describe('with two-step verification', () => {
  const email = 'bob@example.org';
  let bob: Awaited<ReturnType<typeof somebody>>;
  before(async () => {
    bob = await somebody(email, { app: true, phone: '+4917612345678' });
  });

  test('E17, E18: a text and a code of the app make a new password, and the app is asked for as ever', async () => {
    const phone = await begin(email);
    await phone.follow('/recover/code?way=text');
    await look(phone, 'text');
    await phone.fill('digits', '5678');
    await phone.press({ form: '/recover/choose' });
    await look(phone, 'text-code');
    const { text } = await provider.waitFor('+4917612345678');
    assert.match(text, /\n\n@localhost #\d{8}$/);
    await phone.fill('code', /\d{8}/.exec(text)?.[0] ?? '');
    await phone.press({ form: '/recover/code' });
    await look(phone, 'one-more');
    assert.doesNotMatch(await phone.words(), /Send an email/);
    await phone.follow('/recover/code?way=app');
    await phone.fill('code', bob.code());
    await phone.press({ form: '/recover/code' });
    await look(phone, 'password-app');
    await choosePassword(phone);
    place.server.clock.advance(seconds(30));
    assert.match(await signInAgain(phone, email), /^\/signin\/code/);
    await phone.close();
  });

  test('E13: a saved code and a mail take the lost app off, and there is a new saved code', async () => {
    const saved = await bob.saved();
    const phone = await begin(email);
    await phone.follow('/recover/code?way=saved');
    await phone.fill('code', saved);
    await phone.press({ form: '/recover/code' });
    await proveByMail(phone, email);
    await phone.tab.check('#drop');
    await look(phone, 'password-drop');
    await choosePassword(phone);
    await look(phone, 'done-saved');
    assert.equal(await signInAgain(phone, email), '/account');
    await phone.close();
  });
});

describe('E20: nearly everything lost', () => {
  const email = 'cem@example.org';
  before(() => somebody(email, { app: true }).then(() => {}));

  async function waiting(options: PhoneOptions = {}): Promise<Phone> {
    const phone = await begin(email, options);
    await proveByMail(phone, email);
    await phone.follow('/recover/lost');
    await look(phone, `lost${options.locale ?? ''}`);
    await phone.press({ name: 'action', value: 'wait' });
    return phone;
  }

  test('two days of waiting, seen by whoever is signed in, and finished by a mail, with scripts off', async () => {
    const owner = await somebody('dee@example.org', { app: true });
    const inside = await place.phone();
    await inside.open('/signin');
    await inside.signIn(owner.email);
    await inside.fill('code', owner.code());
    await inside.press({ form: '/signin/code' });
    const phone = await begin(owner.email, { javaScriptEnabled: false });
    await proveByMail(phone, owner.email);
    await phone.follow('/recover/lost');
    await phone.press({ name: 'action', value: 'wait' });
    await told(owner.email, 'Somebody is waiting to get into your account');
    await inside.open('/security');
    await look(inside, 'banner');
    assert.match((await inside.tab.locator('.banner').textContent()) ?? '', /waiting to get into this account/);
    place.server.clock.advance(hours(48));
    await owner.tidy();
    const link = linkIn(await told(owner.email, 'You can get back into your account now'), '/recover/finish/');
    const other = await place.phone({ javaScriptEnabled: false });
    await other.open(link);
    await other.press({ form: '/recover/finish/' });
    await choosePassword(other);
    assert.equal(await signInAgain(other, owner.email), '/account', 'the second step is off');
    await Promise.all([inside.close(), phone.close(), other.close()]);
  });

  test('stopped by the mail', async () => {
    const phone = await waiting();
    await look(phone, 'waiting');
    const owner = await place.phone();
    await owner.open(linkIn(await told(email, 'Somebody is waiting to get into your account'), '/recover/cancel/'));
    await look(owner, 'cancel');
    await owner.press({ form: '/recover/cancel/' });
    await look(owner, 'cancelled');
    await told(email, 'Getting into your account was stopped');
    await phone.open('/recover/lost');
    await look(phone, 'stopped');
    await Promise.all([phone.close(), owner.close()]);
  });

  test('in Arabic, on a small screen, in the dark', async () => {
    const small = { locale: 'ar', colorScheme: 'dark' as const, viewport: { width: 320, height: 640 } };
    const phone = await begin(email, small);
    await look(phone, 'choose-ar');
    await phone.press({ name: 'way', value: 'email' });
    await look(phone, 'code-ar');
    await phone.fill('code', codeIn(await told(email, 'استعادة الدخول إلى حسابك')));
    await phone.press({ form: '/recover/code' });
    await look(phone, 'one-more-ar');
    await phone.follow('/recover/lost');
    await look(phone, 'lost-ar');
    await phone.press({ name: 'action', value: 'wait' });
    await look(phone, 'waiting-ar');
    for (const path of ['/recover/choose', '/recover/report'])
      assert.equal(await phone.open(path).then(() => overflows(phone)), false, path);
    await phone.close();
  });

  test('E30: what was on a stolen phone is switched off with one proof, and on again when it turns up', async () => {
    const stolen = await somebody('lost@example.org', { app: true, phone: '+4917687654321' });
    const { outside } = place.server;
    const authenticators = createAuthenticators({ ...outside, userIdOf: async () => undefined });
    const made = {
      credential_id: 'pocket',
      public_key: 'x',
      counter: 0,
      transports: '[]',
      backup_eligible: 0,
      synced: 0,
    };
    const passkey = { ...made, name: 'Phone in my pocket', second_step_only: 0, uv_initialized: 1 };
    assert.ok(await authenticators.addPasskey(stolen.id, passkey));
    const phone = await begin(stolen.email);
    await proveByMail(phone, stolen.email);
    await phone.open('/recover/report');
    await phone.press({ form: '/recover/report' });
    await look(phone, 'report-nothing');
    await phone.tab.click('label[for="lost-1"]');
    await look(phone, 'report');
    await phone.press({ form: '/recover/report' });
    await look(phone, 'reported');
    await told(stolen.email, 'Something of your account was reported lost');

    await phone.open('/signin');
    await phone.signIn(stolen.email);
    assert.equal(phone.at(), '/signin/code');
    await phone.fill('code', stolen.code());
    await phone.press({ form: '/signin/code' });
    await phone.open('/security');
    await look(phone, 'lost-ways');
    await phone.open('/security/passkeys/pocket');
    await look(phone, 'lost-passkey');
    await phone.press({ name: 'action', value: 'resume' });
    assert.match(await phone.words(), /works again/);
    await phone.close();

    const arabic = await begin(stolen.email, { colorScheme: 'dark', viewport: { width: 320, height: 800 } });
    await proveByMail(arabic, stolen.email);
    await arabic.context.addCookies([{ name: 'latchkey-locale', value: 'ar', url: place.url }]);
    await arabic.open('/recover/report');
    await look(arabic, 'report-ar');
    assert.equal(await overflows(arabic), false);
    await arabic.close();
  });
});

const overflows = (phone: Phone): Promise<boolean> =>
  phone.tab.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
