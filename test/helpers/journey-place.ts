import type { Browser } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { createDatabasePlace } from './databases.ts';
import { emptyValkeyUrl } from './ephemerals.ts';
import { createPhone, type Phone, type PhoneOptions } from './journey-phone.ts';
import { createTv, type Tv, type TvOptions } from './journey-tv.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';
import { startTestApp, type TestApp } from './test-app.ts';

/** The two ways the whole product is run. */
export const setups = ['SQLite and memory', 'PostgreSQL and Valkey'] as const;
export type Setup = (typeof setups)[number];

/** A running server, a mail server, a browser, and the people and televisions in front of it. */
export type Place = {
  url: string;
  server: TestApp;
  mailbox: Mailbox;
  /** A person's browser, the size of a phone unless told otherwise. */
  phone(options?: PhoneOptions): Promise<Phone>;
  /** The television example in a browser of its own. */
  tv(options?: TvOptions): Promise<Tv>;
  /** Proves that no page broke a rule, then stops everything. */
  close(): Promise<void>;
};

export async function startPlace(
  setup: Setup = 'SQLite and memory',
  { env = {} }: { env?: Record<string, string> } = {},
): Promise<Place> {
  const mailbox = await startMailbox();
  const database = setup === 'PostgreSQL and Valkey' ? await createDatabasePlace('PostgreSQL') : undefined;
  const drivers = database?.databaseUrl
    ? { LATCHKEY_DATABASE_URL: database.databaseUrl, LATCHKEY_VALKEY_URL: await emptyValkeyUrl() }
    : {};
  const server = await startTestApp({ env: { LATCHKEY_SMTP_URL: mailbox.url, ...drivers, ...env } });
  const browser: Browser = await launchChromium();
  const complaints: string[] = [];
  const outside = { browser, url: server.url, complaints, mailbox, clock: server.clock };
  return {
    url: server.url,
    server,
    mailbox,
    phone: (options) => createPhone(outside, options),
    tv: (options) => createTv(outside, options),
    async close() {
      await browser.close();
      await server.stop();
      await mailbox.close();
      await database?.remove();
      if (complaints.length > 0) throw new Error(`Pages broke rules:\n${[...new Set(complaints)].join('\n')}`);
    },
  };
}
