import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import { days, hours, minutes, seconds } from '../../src/clock.ts';
import type { ClientId, DeviceId } from '../../src/ids.ts';
import type { OpenDatabase } from './databases.ts';
import type { FormBrowser } from './form-browser.ts';
import { goodPassword, issuer } from './people.ts';
import { ann, createLoser, csrfOf, newPassword } from './recovering.ts';
import { createSoftwareAuthenticator } from './software-authenticator.ts';

export const planted = 'eve@planted.example';
const plantedPhone = '+4915199988877';
const thiefsPassword = 'eleven gravel lanterns sleeping';

/** What somebody who knows a password can add within a minute. */
export const plants = [
  'passkey',
  'key',
  'app',
  'address',
  'phone',
  'saved code',
  'password',
  'own address',
  'device',
] as const;
export type Plant = (typeof plants)[number];

/** Ann, who has had her account and her laptop for a while, and somebody who has learned her password since. */
export async function createTakeover(open: OpenDatabase) {
  const loser = await createLoser(open);
  const { clock, database, devices, journal, id } = loser;
  const laptop = await loser.signIn();
  clock.advance(days(40));
  const again = await signInAgain(laptop);
  assert.equal(again.shown.url, '/home');
  clock.advance(days(3));

  async function signInAgain(browser: FormBrowser, password = goodPassword): Promise<FormBrowser> {
    await browser.open('/signin?edit');
    await browser.submit({ email: ann });
    return browser.submit({ password }).then(() => browser);
  }

  const key = createSoftwareAuthenticator({ origin: issuer, securityKey: true });
  const passkey = createSoftwareAuthenticator({ origin: issuer });
  let saved = '';
  let appCode = (): string => '';
  let links = 0;
  const thief = await loser.signIn();
  assert.equal(thief.shown.url, '/home');
  const thiefsSession = loser.signIns.at(-1)?.sessionId;
  await loser.person.settled();

  const codeTo = async (browser: FormBrowser, to: string) => browser.submit({ code: loser.codeTo(to) });
  const plant: Record<Plant, (browser: FormBrowser) => Promise<unknown>> = {
    async passkey(browser) {
      await browser.open('/security/passkeys/new');
      await browser.submit({ credential: passkey.create(browser.passkeyOptions('create')) });
      assert.equal(browser.shown.url, '/security?done=passkeyAdded');
    },
    async key(browser) {
      await browser.open('/security/key/new');
      await browser.submit({ credential: key.create(browser.passkeyOptions('create')), name: 'My key' });
      assert.equal((await loser.authenticators.methodsOf(id)).keys, 1);
    },
    async app(browser) {
      await browser.open('/security/app');
      const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(browser.shown.text)?.[0].replaceAll(' ', '') ?? '';
      appCode = () => generateSync({ secret, epoch: Math.floor(clock.now() / 1000) });
      await browser.submit({ code: appCode() });
      assert.equal((await loser.authenticators.methodsOf(id)).app, true);
      clock.advance(seconds(30));
    },
    async address(browser) {
      await browser.open('/security/addresses/email/new');
      await browser.submit({ email: planted });
      clock.advance(1);
      await codeTo(browser, planted);
      assert.equal(browser.shown.url, '/security/addresses?done=emailAdded');
    },
    async phone(browser) {
      await browser.open('/security/addresses/phone/new');
      await browser.submit({ phone: plantedPhone });
      clock.advance(1);
      await browser.submit({ code: /#(\d{6})$/.exec(loser.texts.at(-1)?.text ?? '')?.[1] ?? '' });
      assert.equal(browser.shown.url, '/security/addresses?done=phoneAdded');
    },
    async 'saved code'(browser) {
      await browser.open('/security/saved-code');
      await browser.submit({});
      saved = /[0-9A-Z]{5}(-[0-9A-Z]{5,6}){4}/.exec(browser.shown.text)?.[0] ?? '';
      assert.notEqual(saved, '');
    },
    async password(browser) {
      await browser.open('/security/password');
      await browser.submit({ new_password: thiefsPassword, others: 'yes' });
      assert.equal(await loser.authenticators.verifyPassword(id, thiefsPassword), true);
    },
    async 'own address'(browser) {
      await browser.open('/security/email');
      await browser.submit({ email: planted });
      clock.advance(1);
      await codeTo(browser, planted);
      assert.equal((await loser.accounts.find(id))?.email, planted);
    },
    async device() {
      links += 1;
      const grant = { accountId: id, clientId: 'acme' as ClientId, grantId: `stolen-${links}`, scope: 'openid' };
      await database.transaction(async (trx) => {
        const { id: device } = await devices.link(
          { ...grant, name: 'Eve’s TV', type: 'tv', expiresAt: clock.now() + days(90) },
          trx,
        );
        const data = { device, client: 'acme', session: thiefsSession };
        await journal.append({ type: 'approved', accountId: id, data }, trx);
      });
    },
  };

  const linksTo = (to: string, part: RegExp): string[] =>
    [...loser.mails, ...loser.notices]
      .filter((mail) => mail.to === to)
      .flatMap(({ text }) => [...text.matchAll(/https?:\/\/\S+/g)].map(([url]) => new URL(url).pathname))
      .filter((path) => part.test(path));

  return {
    ...loser,
    laptop,
    thief,
    passkey,
    key,
    appCode: () => appCode(),
    saved: () => saved,
    plant: (...which: Plant[]) =>
      which.reduce(async (before, one) => {
        await before;
        await plant[one](thief);
      }, Promise.resolve()),
    /** The links of mails to an address that take something back, stop, finish or open it. */
    powers: (to: string) =>
      linksTo(to, /\/(undo|change|cancel|finish|link)\//).filter((path) => !/addresses\/link/.test(path)),
    linksTo,
    signInAgain,

    /** Presses the link of a mail, in a browser that nobody has signed in in. */
    async press(path: string): Promise<FormBrowser> {
      const browser = loser.newBrowser();
      const csrf = csrfOf(await browser.open('/signin').then(() => browser));
      await browser.open(path);
      await browser.post(path, { csrf });
      return browser;
    },

    /** Whatever a thief can do to keep somebody out who is waiting to get in. */
    async resist(): Promise<void> {
      const csrf = csrfOf(await thief.open('/activity').then(() => thief));
      await thief.post('/recover/cancel', { csrf });
      assert.doesNotMatch(thief.shown.text, /^Stopped/);
      await thief.post('/sessions', { csrf, action: 'others' });
      await thief.post('/security/password', { csrf, new_password: `${thiefsPassword} again`, others: 'yes' });
      for (const { id: row } of await journal.recent(id, 30, { types: ['recovery_begun'] })) {
        await thief.open(`/activity/${row}`);
        await thief.post(`/activity/${row}`, { csrf, action: 'disown' });
      }
      for (const one of await loser.addresses.list(id))
        await thief.post(`/security/addresses/${one.id}`, { csrf, action: 'remove' });
      for (const path of linksTo(planted, /\/recover\/cancel\//)) await this.press(path);
    },

    /** The last thing that a thief can do: it signs out everywhere, the thief too. */
    async closeAccount(): Promise<void> {
      const email = (await loser.accounts.find(id))?.email ?? '';
      const csrf = csrfOf(await thief.open('/activity').then(() => thief));
      await thief.post('/profile/close', { csrf, email });
      assert.notEqual((await loser.accounts.find(id))?.closingAt, undefined);
    },

    /** Proves the mailbox, waits if that is asked for, and gets back in with what the page has ticked. */
    async getBack(browser = loser.newBrowser(), meanwhile?: () => Promise<void>): Promise<FormBrowser> {
      const began = clock.now();
      await loser.proveByMail(ann, browser);
      if (browser.shown.url !== '/recover/password') {
        await browser.open('/recover/lost');
        await browser.submit({ action: 'wait' });
        assert.match(browser.shown.text, /The waiting time has begun/);
        await loser.recovery.settled();
        await meanwhile?.();
        clock.advance(hours(48));
        await loser.tidy();
        await browser.open('/recover/password');
      }
      assert.equal(browser.shown.url, '/recover/password');
      assert.ok(clock.now() - began <= hours(48) + minutes(5));
      await browser.submit({ new_password: newPassword });
      assert.equal(browser.shown.url, '/recover/done');
      await loser.recovery.settled();
      return browser;
    },

    /** The owner is in, and nothing of what the thief had does anything any more. */
    async assertWon(): Promise<void> {
      assert.equal((await loser.accounts.find(id))?.email, ann);
      assert.equal(await loser.tryPassword(newPassword), 'in');
      assert.match((await thief.open('/security')).url, /^\/signin/, 'the session');
      for (const password of [goodPassword, thiefsPassword, `${thiefsPassword} again`])
        assert.equal(await loser.tryPassword(password), 'refused', password);
      const browser = loser.newBrowser();
      await browser.open('/signin');
      const credential = passkey.credentialId ? passkey.get(browser.passkeyOptions('get')) : undefined;
      if (credential) assert.notEqual((await browser.submit({ credential })).url, '/home', 'the passkey');
      const methods = await loser.authenticators.methodsOf(id);
      assert.deepEqual(methods, { password: true, passkeys: 0, app: false, keys: 0, recoveryCodes: 0 });
      assert.deepEqual(await loser.addresses.list(id), []);
      assert.deepEqual(
        (await devices.list(id)).map(({ id: device }: { id: DeviceId }) => device),
        [],
      );
      if (saved) assert.equal(await loser.authenticators.savedCode.use(id, saved), undefined);
      assert.deepEqual(this.powers(planted), [], 'no link in any mail to the planted address');
      const before = loser.mailTo(planted).length;
      await loser.begin(ann).then((one) => one.submit({ way: 'email' }));
      assert.equal(loser.mailTo(planted).length, before, 'nothing is sent there any more');
    },
  };
}
