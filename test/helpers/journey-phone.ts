import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { giveKeyring, type Keyring } from './journey-keyring.ts';
import { watch } from './journey-watch.ts';
import type { Mailbox, ReceivedMail } from './mailbox.ts';
import { testPassword } from './test-app.ts';

/** A person with a browser. Every step finds its way by the names of fields and buttons, so it works in any language. */
export type Phone = {
  context: BrowserContext;
  tab: Tab;
  /** Where passkeys live, if the phone has any. */
  keyring: Keyring | undefined;
  open(path: string): Promise<void>;
  /** The path and query of the page. */
  at(): string;
  /** The words of the main part. */
  words(): Promise<string>;
  heading(): Promise<string>;
  fill(name: string, value: string): Promise<void>;
  /** Presses a button and waits for the page after it. */
  press(button: { name?: string; value?: string; form?: string; text?: string | RegExp }): Promise<void>;
  follow(href: string): Promise<void>;
  /** Creates an account from the sign-up page on: by passkey, or by password if there is no keyring or one is given. */
  signUp(email: string, password?: string): Promise<void>;
  signIn(email: string, password?: string): Promise<void>;
  typeCode(code: string): Promise<void>;
  /** Approves on the review page, proving who it is if asked. */
  approve(password?: string): Promise<void>;
  close(): Promise<void>;
};

type Outside = { browser: Browser; url: string; complaints: string[]; mailbox: Mailbox };
export type PhoneOptions = BrowserContextOptions & { passkeys?: boolean };

export const phoneLook: BrowserContextOptions = { viewport: { width: 390, height: 844 } };

export async function createPhone(outside: Outside, { passkeys, ...options }: PhoneOptions = {}): Promise<Phone> {
  const { browser, url, complaints, mailbox } = outside;
  const context = await browser.newContext({ ...phoneLook, ...options });
  watch(context, url, complaints);
  const tab = await context.newPage();
  const keyring = passkeys ? await giveKeyring(tab) : undefined;
  const main = () => tab.locator('main');

  /** Nothing is done before the page that a press leads to is there. */
  const leave = async (act: () => Promise<void>): Promise<void> => {
    const loaded = tab.waitForEvent('load');
    await Promise.all([loaded, act()]);
  };

  const phone: Phone = {
    context,
    tab,
    keyring,
    open: (path) => tab.goto(path.startsWith('/') ? url + path : path).then(() => {}),
    at: () => tab.url().slice(url.length),
    // biome-ignore lint/performance/useDomNodeTextContent: what is seen, not what the page holds
    words: () => main().innerText(),
    heading: async () => (await main().locator('h1').textContent()) ?? '',
    fill: (name, value) => main().locator(`input[name="${name}"]:visible`).fill(value),
    press: ({ name, value, form, text }) =>
      leave(async () => {
        const exact = main().locator(`form[action="${form}"]`);
        const near = (await exact.count()) > 0 ? exact : main().locator(`form[action^="${form}"]`);
        const scope = form === undefined ? main() : near;
        const wanted = `button[type=submit]${name ? `[name="${name}"]` : ''}${value ? `[value="${value}"]` : ''}:visible`;
        const buttons = scope.locator(wanted);
        await (text === undefined ? buttons : buttons.filter({ hasText: text })).first().click();
      }),
    follow: (href) => leave(() => main().locator(`a[href^="${href}"]`).first().click()),

    async signUp(email, password) {
      await phone.fill('email', email);
      await phone.press({ form: '/signup' });
      await phone.fill('code', codeIn(await mailbox.waitFor(email)));
      await phone.press({ form: '/signup/confirm' });
      assert.equal(phone.at(), '/signup/protect');
      if (keyring && password === undefined) {
        await leave(() => main().locator('[data-passkey=create] button').click());
        return;
      }
      await phone.fill('password', password ?? testPassword);
      await leave(() => main().locator('form:has(input[name=password]) button[type=submit]').click());
    },

    async signIn(email, password = testPassword) {
      await phone.fill('email', email);
      await phone.press({ form: '/signin' });
      await phone.fill('password', password);
      await phone.press({ form: '/signin/password' });
    },

    async typeCode(code) {
      await phone.fill('user_code', code);
      await phone.press({ form: '/link' });
    },

    async approve(password = testPassword) {
      await phone.press({ name: 'decision', value: 'approve' });
      if (!/\/prove$/.test(tab.url())) return;
      if (keyring && (await main().locator('[data-passkey=get] button').isVisible())) {
        await leave(() => main().locator('[data-passkey=get] button').click());
        return;
      }
      await phone.fill('password', password);
      await leave(() => main().locator('form:has(input[name=password]) button[type=submit]').click());
    },

    close: () => context.close(),
  };
  return phone;
}

/** The digits to type, from a mail that asks to confirm an address. */
export function codeIn(mail: ReceivedMail): string {
  const code = /^\s*(\d{4}[\s-]?\d{4})\s*$/m.exec(mail.text ?? '')?.[1];
  assert.ok(code, `no code in the mail "${mail.subject}":\n${mail.text}`);
  return code;
}

/** The one link of a mail that leads to a path, as a path. */
export function linkIn(mail: ReceivedMail, path: string): string {
  const link = [...(mail.text ?? '').matchAll(/https?:\/\/\S+/g)].map(([url]) => new URL(url).pathname);
  const found = link.find((each) => each.startsWith(path));
  assert.ok(found, `no link to ${path} in the mail "${mail.subject}":\n${mail.text}`);
  return found;
}
