import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { generateSync } from 'otplib';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import type { AccountId } from '../../src/ids.ts';
import type { Phone } from '../helpers/journey-phone.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';
import { testPassword } from '../helpers/test-app.ts';

/** For whoever wants to look: a folder for pictures. */
const pictures = process.env.TEST_PICTURES;

let place: Place;
before(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  place = await startPlace();
});
after(() => place?.close());

const picture = async (phone: Phone, name: string): Promise<void> => {
  if (pictures) await phone.tab.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const codesOn = (phone: Phone): Promise<string[]> => phone.tab.locator('.sheet-codes bdi').allInnerTexts();

async function setUpApp(phone: Phone): Promise<() => string> {
  await phone.open('/security/app');
  const words = await phone.words();
  const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(words)?.[0].replaceAll(' ', '') ?? '';
  const codeNow = () => generateSync({ secret, epoch: Math.floor(place.server.clock.now() / 1000) });
  await picture(phone, 'app');
  await phone.fill('code', codeNow());
  await phone.press({ form: '/security/app' });
  assert.equal(phone.at(), '/security/recovery-codes?done=appAdded');
  return codeNow;
}

describe('E12: recovery codes, with scripts', () => {
  let phone: Phone;
  let id: AccountId;
  let codes: string[];
  before(async () => {
    phone = await place.phone({ acceptDownloads: true });
    id = await place.server.createAccount('ann@example.org');
    await phone.open('/signin');
    await phone.signIn('ann@example.org');
  });

  test('the app is set up, and codes are offered at once and shown once', async () => {
    await setUpApp(phone);
    await picture(phone, 'codes-offer');
    await phone.press({ form: '/security/recovery-codes' });
    codes = await codesOn(phone);
    assert.equal(new Set(codes).size, 10);
    await picture(phone, 'codes-fresh');
    assert.ok(!phone.tab.url().includes('?'));
  });

  test('on paper there are the codes, whose they are and what for, and nothing to press', async () => {
    await phone.tab.evaluate(() => {
      window.print = () => document.body.setAttribute('data-printed', 'yes');
    });
    await phone.tab.click('[data-print]');
    assert.equal(await phone.tab.getAttribute('body', 'data-printed'), 'yes');
    await phone.tab.emulateMedia({ media: 'print' });
    await picture(phone, 'codes-print');
    for (const code of codes) assert.ok(await phone.tab.getByText(code).isVisible(), code);
    assert.ok(await phone.tab.getByText('ann@example.org').last().isVisible());
    for (const hidden of ['.footer', '.nav', 'main button', 'main a.button'])
      for (const each of await phone.tab.locator(hidden).all()) assert.equal(await each.isVisible(), false, hidden);
    await phone.tab.emulateMedia({ media: 'screen' });
  });

  test('the file holds the same ten', async () => {
    const [download] = await Promise.all([
      phone.tab.waitForEvent('download'),
      phone.tab.click('form[action="/security/codes-file"] button'),
    ]);
    assert.equal(download.suggestedFilename(), 'latchkey-recovery-codes.txt');
    const text = readFileSync(await download.path(), 'utf8');
    for (const code of codes) assert.ok(text.includes(code), code);
    assert.match(text, /ann@example\.org/);
  });

  test('one signs in where the app is not at hand; with two left, the pages and a mail say so', async () => {
    await phone.follow('/security');
    assert.match(await phone.words(), /10 codes left/);
    await picture(phone, 'ways');
    const { recoveryCodes } = createAuthenticators({ ...place.server.outside, userIdOf: async () => undefined });
    for (const code of codes.slice(0, 7)) assert.ok(await recoveryCodes.use(id, code));
    await phone.open('/signout');
    await phone.press({ form: '/signout' });
    await phone.open('/signin');
    await phone.signIn('ann@example.org');
    assert.equal(phone.at(), '/signin/code');
    await phone.follow('/signin/other');
    await phone.follow('/signin/recovery-code');
    await phone.fill('code', codes[0] ?? '');
    await phone.press({ form: '/signin/recovery-code' });
    assert.match(await phone.words(), /There is a problem/, 'used before');
    await phone.fill('code', (codes[7] ?? '').replaceAll('-', ' ').toLowerCase());
    await phone.press({ form: '/signin/recovery-code' });
    assert.match(await phone.words(), /2 recovery codes are left/);
    await phone.open('/security');
    assert.match(await phone.words(), /Only 2 recovery codes are left/);
    await picture(phone, 'ways-few');
    const subjects: string[] = [];
    while (!subjects.includes('You have 2 recovery codes left'))
      subjects.push((await place.mailbox.waitFor('ann@example.org')).subject ?? '');
  });
});

test('codes are made and saved as a file with scripts off', async () => {
  const phone = await place.phone({ javaScriptEnabled: false, acceptDownloads: true });
  await place.server.createAccount('off@example.org');
  await phone.open('/signin');
  await phone.signIn('off@example.org');
  await phone.open('/security/saved-code');
  await phone.press({ form: '/security/saved-code' });
  const [code = ''] = await codesOn(phone);
  assert.match(code, /^([0-9A-Z]{5}-){4}[0-9A-Z]{6}$/);
  await picture(phone, 'saved-fresh');
  const [download] = await Promise.all([
    phone.tab.waitForEvent('download'),
    phone.tab.click('form[action="/security/codes-file"] button'),
  ]);
  assert.ok(readFileSync(await download.path(), 'utf8').includes(code));
  await phone.close();
});

describe('E4: the strength of a new password', () => {
  let phone: Phone;
  const asked: string[] = [];
  before(async () => {
    phone = await place.phone();
    phone.context.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await place.server.createAccount('new@example.org');
    await phone.open('/signin');
    await phone.signIn('new@example.org');
  });
  const said = () => phone.tab.locator('.strength [role=status]').textContent();
  const type = async (text: string, words: RegExp): Promise<void> => {
    await phone.fill('new_password', text);
    await phone.tab.locator('.strength [role=status]').getByText(words).waitFor();
  };

  test('is told in words while it is typed, and nothing typed is sent', async () => {
    assert.ok(!asked.some((each) => each.includes('meter')), 'only pages that need the rater load it');
    await phone.open('/security/password');
    asked.length = 0;
    await type('gravel', /Too short/);
    await type('passwordpassword', /Weak/);
    await picture(phone, 'password-weak');
    await type('plum tractor evening gravel', /Strong/);
    await picture(phone, 'password-strong');
    await phone.fill('new_password', '');
    await phone.tab.locator('.strength').waitFor({ state: 'hidden' });
    assert.equal(await said(), '');
    const sent = asked.filter((each) => !/icon/.test(each));
    assert.ok(sent.length === 1 && /^GET \/assets\/meter-\w+\.js$/.test(sent[0] ?? ''), sent.join());
  });

  test('decides nothing: the server does, and says why', async () => {
    await phone.fill('new_password', 'welcome-admin-2026');
    await phone.press({ form: '/security/password' });
    assert.match(await phone.words(), /made of words that many people use/);
    await picture(phone, 'password-refused');
    await phone.fill('new_password', `${testPassword} 2`);
    await phone.press({ form: '/security/password' });
    assert.equal(phone.at(), '/security?done=passwordChanged');
  });
});
