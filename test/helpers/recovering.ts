import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import { createAddressesStore } from '../../src/addresses/addresses-store.ts';
import { days, hours, seconds } from '../../src/clock.ts';
import type { AccountId, AddressId, ClientId } from '../../src/ids.ts';
import type { OpenDatabase } from './databases.ts';
import type { FormBrowser } from './form-browser.ts';
import { createPeople, goodPassword, issuer } from './people.ts';
import { createSoftwareAuthenticator } from './software-authenticator.ts';

export const ann = 'ann@example.org';
export const newPassword = 'seven lamps under the harbour';

/** Somebody with an account who has lost something, and what they may still have. */
export async function createLoser(open: OpenDatabase) {
  const people = await createPeople(open);
  const { accounts, authenticators, clock, database, devices } = people;
  // What a test gives the account within this hour is as old as the account itself, and counts (fault A2).
  clock.advance(hours(1));
  const { id } = await people.addAccount(ann);
  clock.advance(-hours(1));
  let links = 0;

  const mailTo = (to: string) => people.mails.filter((mail) => mail.to === to);

  return {
    ...people,
    id,

    async addApp(accountId: AccountId = id): Promise<() => string> {
      const setup = authenticators.beginApp(accountId, ann);
      const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
      assert.equal(await authenticators.finishApp(accountId, setup, code()), true);
      clock.advance(seconds(30));
      return code;
    },

    async addAddress(kind: 'email' | 'phone', value: string): Promise<void> {
      const row = {
        id: value as AddressId,
        account_id: id,
        kind,
        value,
        added_at: clock.now(),
        reviewed_at: clock.now(),
      };
      await database.transaction((trx) =>
        createAddressesStore(database)
          .insert(row, trx)
          .then(() => {}),
      );
    },

    /** An account whose only way in is a passkey. */
    async addPasskeyAccount(email: string) {
      clock.advance(hours(1));
      const account = await accounts.create({ email });
      clock.advance(-hours(1));
      const device = createSoftwareAuthenticator({ origin: issuer });
      const userId = (await accounts.passkeyUserId(account.id)) ?? '';
      const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22), email, userId };
      const credential = device.create(await authenticators.passkeys.creationOptions(ask));
      const made = await authenticators.passkeys.verifyCreation({ ...ask, credential });
      assert.ok(made && (await authenticators.addPasskey(account.id, made.passkey)));
      return { id: account.id, device };
    },

    async linkDevice(name: string): Promise<void> {
      links += 1;
      const device = {
        ...{ accountId: id, clientId: 'acme' as ClientId, grantId: `grant-${links}`, name, scope: 'openid' },
        expiresAt: clock.now() + days(90),
      };
      await database.transaction((trx) => devices.link(device, trx));
    },

    async signIn(password = goodPassword): Promise<FormBrowser> {
      const browser = people.newBrowser();
      await browser.open('/signin');
      await browser.submit({ email: ann });
      await browser.submit({ password });
      return browser;
    },

    /** A browser that has typed the address. */
    async begin(email = ann, browser = people.newBrowser()): Promise<FormBrowser> {
      await browser.open('/recover');
      await browser.submit({ email });
      assert.equal(browser.shown.url, '/recover/choose');
      return browser;
    },

    /** And has asked for a mail, and typed its code. */
    async proveByMail(email = ann, browser?: FormBrowser): Promise<FormBrowser> {
      const here = await this.begin(email, browser);
      await here.submit({ way: 'email' });
      await here.submit({ code: this.codeTo(email) });
      return here;
    },

    mailTo,
    /** Of the newest mail to this address that has one: a notice that nobody waited for may come after it. */
    codeTo: (to: string): string => codesIn(mailTo(to).map(({ text }) => text)).at(-1) ?? '',
    linkTo: (to: string, path: string): string =>
      [...(mailTo(to).at(-1)?.text ?? '').matchAll(/https?:\/\/\S+/g)]
        .map(([url]) => new URL(url).pathname)
        .find((each) => each.startsWith(path)) ?? '',
    /** Whoever asks for a text does not wait for it. */
    async codeInText(): Promise<string> {
      await arrived(() => people.texts.length > 0);
      return /\d{8}/.exec(people.texts.at(-1)?.text ?? '')?.[0] ?? '';
    },
    subjects: (to: string) => mailTo(to).map(({ subject }) => subject),
    events: async (accountId: AccountId = id) =>
      (await people.journal.recent(accountId, 50)).map(({ type }) => type).reverse(),
    /** Whether this password signs in, and whether a second step is asked for after it. */
    async tryPassword(password: string): Promise<'in' | 'second step' | 'refused'> {
      const browser = await this.signIn(password);
      if (browser.shown.url === '/home') return 'in';
      return /\/signin\/(code|key)/.test(browser.shown.url) ? 'second step' : 'refused';
    },
  };
}

export type Loser = Awaited<ReturnType<typeof createLoser>>;

export const wrongCode = (code: string): string =>
  code.endsWith('0') ? code.replace(/0$/, '1') : code.replace(/.$/, '0');

export const csrfOf = (browser: FormBrowser): string =>
  browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';

/** Waits for what nobody waits for: the test's own deadline is the limit. */
export async function arrived(there: () => boolean): Promise<void> {
  while (!there()) await new Promise(setImmediate);
}

const codesIn = (texts: string[]): string[] => texts.flatMap((text) => /^\s+(\d{4} \d{4})$/m.exec(text)?.[1] ?? []);
