import { dateInMail, type MailContent, renderMail } from '../web/mail-layout.tsx';
import { fitForMail } from './device-text.ts';
import type { DeviceRow } from './devices-store.ts';

/** For whom the mail is written: `issuer` has no trailing slash. */
export type Reader = Pick<MailContent, 't' | 'locale' | 'dir'> & { issuer: string; email: string };
export type Words = { subject: string; text: string; html: string };

/** A device will be unlinked at `endsAt` because nobody has used it since `usedAt`. */
export function unusedMessage(
  { t, locale, dir, issuer, email }: Reader,
  { row, usedAt, endsAt }: { row: Pick<DeviceRow, 'id' | 'name'>; usedAt: number; endsAt: number },
): Words {
  const name = fitForMail(row.name || undefined) ?? t('devices.mail.notStated');
  const title = t('devices.unused.subject');
  const { text, html } = renderMail({
    ...{ t, locale, dir, title },
    paragraphs: [t('devices.unused.text', { email })],
    facts: [
      { label: t('devices.device'), value: name },
      { label: t('devices.lastUsed'), value: dateInMail(locale, usedAt) },
      { label: t('devices.unused.ends'), value: dateInMail(locale, endsAt) },
    ],
    action: { label: t('devices.unused.button'), url: `${issuer}/devices/${row.id}` },
    after: [t('devices.unused.after')],
  });
  return { subject: title, text, html };
}
