import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Phone } from './journey-phone.ts';
import { type Place, startPlace } from './journey-place.ts';
import type { ReceivedMail } from './mailbox.ts';
import { type SmsProvider, startSmsProvider } from './sms-provider.ts';

/** For whoever wants to look: a folder for pictures. */
const pictures = process.env.TEST_PICTURES;

/** A place whose server also sends texts, by a provider that the test can read. */
export async function startPlaceWithTexts(): Promise<{ place: Place; provider: SmsProvider; close(): Promise<void> }> {
  const provider = await startSmsProvider();
  const env = { LATCHKEY_SMS_URL: provider.url, LATCHKEY_SMS_FROM: provider.from, LATCHKEY_SMS_COUNTRIES: 'DE' };
  const place = await startPlace('PostgreSQL and Valkey', { env });
  return {
    place,
    provider,
    async close() {
      await place.close();
      await provider.close();
    },
  };
}

/** Looks at the page with axe, and keeps a picture if anybody wants one. */
export async function look(phone: Phone, name: string): Promise<void> {
  if (pictures) {
    mkdirSync(pictures, { recursive: true });
    await phone.tab.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  }
  const { violations } = await new AxeBuilder({ page: phone.tab as never }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
    [],
    name,
  );
}

/** Waits for a mail by its subject: others, such as about new browsers, come in between. */
export async function mailTold(
  { mailbox }: Pick<Place, 'mailbox'>,
  to: string,
  subject: string,
): Promise<ReceivedMail> {
  for (;;) {
    const mail = await mailbox.waitFor(to);
    if (mail.subject === subject) return mail;
  }
}
