import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { minutes } from '../../src/clock.ts';
import { codeIn, linkIn, type Phone } from '../helpers/journey-phone.ts';
import type { Place } from '../helpers/journey-place.ts';
import { look, mailTold, startPlaceWithTexts } from '../helpers/journey-texts.ts';
import { type SmsProvider, unknownNumber } from '../helpers/sms-provider.ts';

let place: Place;
let provider: SmsProvider;
let close: () => Promise<void>;
before(async () => {
  ({ place, provider, close } = await startPlaceWithTexts());
});
after(() => close?.());

async function signedIn(email: string, options: Parameters<Place['phone']>[0] = {}): Promise<Phone> {
  const phone = await place.phone(options);
  await phone.open('/signin');
  await phone.signIn(email);
  return phone;
}
const told = (to: string, subject: string) => mailTold(place, to, subject);
const send = (phone: Phone) => phone.press({ form: '/security/' });
const wrong = (code: string): string => code.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10));
const codeOf = (text: string): string => /^@localhost #(\d{6})$/m.exec(text)?.[1] ?? assert.fail(text);

describe('another address', () => {
  const own = 'ann@example.org';
  const other = 'ann@home.example';
  let laptop: Phone;
  before(async () => {
    await place.server.createAccount(own);
    laptop = await signedIn(own);
  });

  test('is added by a link opened on the phone, while the laptop goes on by itself', async () => {
    await laptop.open('/security/addresses');
    await look(laptop, 'addresses-none');
    await laptop.follow('/security/addresses/email/new');
    await laptop.fill('email', other);
    await send(laptop);
    await look(laptop, 'email-confirm');
    const pocket = await place.phone();
    await pocket.open(linkIn(await place.mailbox.waitFor(other), '/security/addresses/link/'));
    await look(pocket, 'email-link');
    await send(pocket);
    await laptop.tab.waitForURL(/\?done=emailAdded$/);
    assert.match(await laptop.words(), /The email address is added/);
    await pocket.close();
    for (const to of [own, other]) await told(to, 'An email address was added to your account');
  });

  test('is removed, and hears of it', async () => {
    await laptop.tab.getByRole('link', { name: other }).click();
    await laptop.tab.waitForLoadState();
    await look(laptop, 'address-remove');
    await send(laptop);
    assert.equal(laptop.at(), '/security/addresses?done=emailRemoved');
    for (const to of [own, other]) await told(to, 'An email address was removed from your account');
  });
});

describe('a phone number, with scripts off', () => {
  const own = 'bob@example.org';
  let phone: Phone;
  before(async () => {
    await place.server.createAccount(own);
    phone = await signedIn(own, { javaScriptEnabled: false });
  });

  test('is refused where it cannot get texts, with words', async () => {
    await phone.open('/security/addresses/phone/new');
    for (const [number, words] of [
      ['+34 612 34 56 78', /numbers of that country/],
      ['+49 30 901820', /with its country code/],
      [unknownNumber, /could not be sent/],
    ] as const) {
      await phone.fill('phone', number);
      await send(phone);
      assert.match(await phone.words(), words, number);
    }
    assert.deepEqual(provider.texts(), []);
  });

  test('is added by the code of a text: not by a wrong one, and not ten minutes later', async () => {
    await phone.fill('phone', '0176 12345678');
    await send(phone);
    const first = codeOf((await provider.waitFor('+4917612345678')).text);
    await phone.fill('code', wrong(first));
    await phone.press({ form: '/security/addresses/confirm' });
    assert.match(await phone.words(), /That code is not right/);
    place.server.clock.advance(minutes(10));
    await phone.fill('code', first);
    await phone.press({ form: '/security/addresses/confirm' });
    assert.match(await phone.words(), /has run out/);
    await phone.press({ name: 'action', value: 'resend' });
    const { text, from } = await provider.waitFor('+4917612345678');
    assert.equal(from, provider.from);
    assert.doesNotMatch(text, /https?:/);
    await phone.fill('code', codeOf(text));
    await phone.press({ form: '/security/addresses/confirm' });
    assert.equal(phone.at(), '/security/addresses?done=phoneAdded');
    assert.match(await phone.words(), /\+49\s176\s12345678/);
    await told(own, 'A phone number was added to your account');
  });
});

describe('the own address', () => {
  const own = 'cem@example.org';
  const thiefs = 'eve@example.net';
  let owner: Phone;
  let thief: Phone;
  let undo: string;
  before(async () => {
    await place.server.createAccount(own);
    owner = await signedIn(own);
    thief = await signedIn(own);
  });

  test('is changed by whoever can prove to be the owner, and the old one is told', async () => {
    await thief.open('/security/email');
    await look(thief, 'own');
    await thief.fill('email', thiefs);
    await send(thief);
    await thief.fill('code', codeIn(await place.mailbox.waitFor(thiefs)));
    await thief.press({ form: '/security/addresses/confirm' });
    assert.equal(thief.at(), '/security/addresses?done=ownChanged');
    assert.match(await thief.words(), /eve@example\.net/);
    const mail = await told(own, 'The email address of your account was changed');
    undo = linkIn(mail, '/security/email/undo/');
  });

  test('is put back from the old mailbox, in whichever browser; everybody else is out', async () => {
    const library = await place.phone();
    await library.open(undo);
    await look(library, 'undo');
    await send(library);
    assert.match(await library.heading(), /Your old email address is back/);
    await look(library, 'undone');
    for (const phone of [thief, owner]) {
      await phone.open('/security/addresses');
      assert.equal(phone.at(), '/signin');
    }
    // Somebody else knew the password: it is off (fault A2), and only the mailbox leads to a new one.
    await owner.signIn(own);
    assert.equal(owner.at(), '/signin/password');
    await owner.open('/recover');
    await owner.fill('email', own);
    await owner.press({ form: '/recover' });
    await owner.press({ name: 'way', value: 'email' });
    await owner.fill('code', codeIn(await place.mailbox.waitFor(own, '/recover/link/')));
    await owner.press({ form: '/recover/code' });
    await owner.fill('new_password', 'seven lamps under the harbour');
    await owner.press({ form: '/recover/password' });
    await owner.open('/signin');
    await owner.signIn(own, 'seven lamps under the harbour');
    await owner.open('/security/addresses');
    assert.equal(owner.at(), '/security/addresses');
    await thief.fill('email', thiefs);
    await thief.press({ form: '/signin' });
    await thief.fill('password', 'correct horse battery staple');
    await thief.press({ form: '/signin/password' });
    assert.equal(thief.at(), '/signin/password', 'the other address is nobody’s');
    await library.close();
  });
});
