import type { AccountId, DeviceId } from '../ids.ts';
import { type MailContent, renderMail, timeInMail } from '../web/mail-layout.tsx';
import { cleanText, fitForMail } from './device-text.ts';
import { countryName } from './device-words.tsx';
import type { Device, Devices } from './devices.ts';

/**
 * For whom the mail is written: `email` is the account's own address, `issuer` has no trailing slash. The link that undoes
 * it is for readers of `settled` addresses: one that was added a few days ago may be a stranger's (fault A2).
 */
type Reader = Pick<MailContent, 't' | 'locale' | 'dir'> & { issuer: string; email: string; settled: boolean };
type Words = { subject: string; text: string; html: string };

export type LinkedMailNeeds = {
  devices: Pick<Devices, 'find' | 'noticed'>;
  /** Writes to every address of the owner, and says how many were reached. */
  reach(accountId: AccountId, write: (reader: Reader) => Words): Promise<number>;
};

/** What to tell whom after a link: `undoToken` as `Devices.link` returned it. */
export type LinkedNotice = { accountId: AccountId; deviceId: DeviceId; undoToken: string };

/** Tells the owner by mail that a device was linked, with one button that undoes it. Call it after the commit. */
export function createLinkedMail(needs: LinkedMailNeeds): (notice: LinkedNotice) => Promise<void> {
  return async ({ accountId, deviceId, undoToken }) => {
    const device = await needs.devices.find(accountId, deviceId);
    // Unlinked in the meantime: there is nothing left to undo.
    if (!device) return;
    const reached = await needs.reach(accountId, (reader) => linkedMessage({ ...reader, device, undoToken }));
    if (reached > 0) await needs.devices.noticed(deviceId);
  };
}

/** Never holds a user code or the address where one is typed (security.md B27): such a mail is not from us. */
export function linkedMessage(linked: Reader & { device: Device; undoToken: string }): Words {
  const { t, locale, dir, issuer, email, device, undoToken } = linked;
  // A line break in a subject would begin another header.
  const app = cleanText(device.clientName, 80) ?? device.clientId;
  const title = t('devices.mail.subject', { app });
  const { text, html } = renderMail({
    t,
    locale,
    dir,
    title,
    paragraphs: [t('devices.mail.text', { email })],
    facts: [
      { label: t('devices.app'), value: app },
      { label: t('devices.device'), value: fitForMail(device.name || undefined) ?? t('devices.mail.notStated') },
      {
        label: t('devices.mail.place'),
        value: countryName(locale, device.country) ?? t('devices.mail.unknownPlace'),
      },
      { label: t('devices.mail.time'), value: timeInMail(locale, device.linkedAt) },
    ],
    ...(linked.settled && { action: { label: t('devices.mail.button'), url: `${issuer}/devices/undo/${undoToken}` } }),
    after: [...(linked.settled ? [t('devices.mail.after')] : []), t('web.codes.reflex')],
  });
  return { subject: title, text, html };
}
