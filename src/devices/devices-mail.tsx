import type { Mail, Message } from '../drivers/mail/mail.ts';
import type { AccountId, DeviceId } from '../ids.ts';
import { renderMail } from '../web/mail-layout.tsx';
import { directionOf, type Locale, type Messages } from '../web/messages.ts';
import { cleanText, fitForMail } from './device-text.ts';
import { countryName } from './device-words.tsx';
import type { Device, Devices } from './devices.ts';

export type LinkedMailNeeds = {
  mail: Mail;
  messages: Messages;
  /** Without a trailing slash. */
  issuer: string;
  devices: Pick<Devices, 'find' | 'noticed'>;
  findAccount: (id: AccountId) => Promise<{ email: string; locale: Locale | undefined } | undefined>;
};

/** What to tell whom after a link: `undoToken` as `Devices.link` returned it. */
export type LinkedNotice = { accountId: AccountId; deviceId: DeviceId; undoToken: string };

/** Tells the owner by mail that a device was linked, with one button that undoes it. Call it after the commit. */
export function createLinkedMail(needs: LinkedMailNeeds): (notice: LinkedNotice) => Promise<void> {
  return async ({ accountId, deviceId, undoToken }) => {
    const [account, device] = await Promise.all([
      needs.findAccount(accountId),
      needs.devices.find(accountId, deviceId),
    ]);
    // Unlinked or closed in the meantime: there is nothing left to undo.
    if (!account || !device) return;
    await needs.mail.send(linkedMessage({ ...needs, account, device, undoToken }));
    await needs.devices.noticed(deviceId);
  };
}

type Linked = {
  messages: Messages;
  issuer: string;
  account: { email: string; locale: Locale | undefined };
  device: Device;
  undoToken: string;
};

/** Never holds a user code or the address where one is typed (security.md B27): such a mail is not from us. */
export function linkedMessage({ messages, issuer, account, device, undoToken }: Linked): Message {
  const locale = account.locale ?? 'en';
  const t = messages.translate(locale);
  // A line break in a subject would begin another header.
  const app = cleanText(device.clientName, 80) ?? device.clientId;
  const title = t('devices.mail.subject', { app });
  const { text, html } = renderMail({
    t,
    locale,
    dir: directionOf(locale),
    title,
    paragraphs: [t('devices.mail.text', { email: account.email })],
    facts: [
      { label: t('devices.app'), value: app },
      { label: t('devices.device'), value: fitForMail(device.name || undefined) ?? t('devices.mail.notStated') },
      {
        label: t('devices.mail.place'),
        value: countryName(locale, device.country) ?? t('devices.mail.unknownPlace'),
      },
      { label: t('devices.mail.time'), value: timeInMail(locale, device.linkedAt) },
    ],
    action: { label: t('devices.mail.button'), url: `${issuer}/devices/undo/${undoToken}` },
    after: [t('devices.mail.after')],
  });
  return { to: account.email, subject: title, text, html };
}

/** A mail cannot know the reader's time zone, so it names one. */
function timeInMail(locale: Locale, at: number): string {
  return `${new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(at)} UTC`;
}
