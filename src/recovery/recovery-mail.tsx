import { countryName } from '../devices/device-words.tsx';
import type { Message } from '../drivers/mail/mail.ts';
import { browserName } from '../signin/browser-name.ts';
import { renderMail, timeInMail } from '../web/mail-layout.tsx';
import type { Locale, Translate } from '../web/messages.ts';
import { issuedLength } from './issued-codes.ts';
import type { Thing } from './lost-things.ts';
import type { RecoveryRow } from './recovery-store.ts';

export type Reader = { t: Translate; locale: Locale; dir: 'ltr' | 'rtl'; issuer: string; email: string };
/** What opens or ends something is written for readers of addresses that are not young alone (fault A2). */
export type OwnerReader = Reader & { settled: boolean };
type Words = { subject: string; text: string; html: string };
type Seen = { at: number; country: string | undefined; userAgent: string | undefined };

/** The code and the link. The code stays out of the subject, which lock screens show. */
export function codeMail(reader: Reader, to: string, sent: { code: string; linkToken: string } & Seen): Message {
  const { t, issuer } = reader;
  const half = issuedLength / 2;
  return {
    to,
    ...write(reader, {
      title: t('recovery.mail.code.title'),
      paragraphs: [t('recovery.mail.code.text', { email: reader.email })],
      code: `${sent.code.slice(0, half)} ${sent.code.slice(half)}`,
      facts: where(reader, sent),
      action: { label: t('recovery.mail.code.button'), url: `${issuer}/recover/link/${sent.linkToken}` },
      after: [t('recovery.mail.code.time'), t('recovery.mail.code.never'), t('recovery.mail.code.notYou')],
    }),
  };
}

/** The page said the same as for an address with an account; only who reads its mail learns the truth (F5). */
export function noAccountMail(reader: Reader, to: string, seen: Seen): Message {
  const { t, issuer } = reader;
  return {
    to,
    ...write(reader, {
      title: t('recovery.mail.none.title'),
      paragraphs: [t('recovery.mail.none.text', { email: to }), t('recovery.mail.none.other')],
      facts: where(reader, seen),
      action: { label: t('recovery.mail.none.button'), url: `${issuer}/recover` },
      after: [t('recovery.mail.none.notYou')],
    }),
  };
}

/** Fault A2: the account's own address, for a few days only. Its code went to the addresses that the account had before. */
export function tooYoungMail(reader: Reader, to: string, seen: Seen): Message {
  const { t, issuer } = reader;
  return {
    to,
    ...write(reader, {
      title: t('recovery.mail.young.title'),
      paragraphs: [t('recovery.mail.young.text', { email: to }), t('recovery.mail.young.other')],
      facts: where(reader, seen),
      action: { label: t('recovery.mail.none.button'), url: `${issuer}/recover` },
      after: [t('recovery.mail.young.notYou')],
    }),
  };
}

/** Loud on purpose (E19, E20): what happens, when, and the one button that stops it. */
export function statusMail(reader: OwnerReader, row: RecoveryRow, links: { cancel: string; finish: string }): Words {
  const { t, issuer, email } = reader;
  const key = `recovery.mail.${row.status}`;
  const cancel = `${issuer}/recover/cancel/${links.cancel}`;
  const when = timeInMail(reader.locale, row.waits_until ?? row.changed_at);
  const facts = where(reader, {
    at: row.waiting_since ?? row.created_at,
    country: row.country ?? undefined,
    userAgent: row.user_agent ?? undefined,
  });
  type Told = 'waiting' | 'ready' | 'cancelled' | 'done' | 'disowned';
  const parts: Record<Told, () => { url: string; after: string[] }> = {
    waiting: () => ({ url: cancel, after: [t(`${key}.you`), t(`${key}.secure`)] }),
    ready: () => ({
      url: `${issuer}/recover/finish/${links.finish}`,
      after: [t(`${key}.time`), t(`${key}.notYou`), cancel],
    }),
    cancelled: () => ({ url: `${issuer}/security`, after: [t(`${key}.again`)] }),
    done: () => ({ url: cancel, after: [t(`${key}.effect`)] }),
    disowned: () => ({ url: `${issuer}/recover`, after: [t(`${key}.after`)] }),
  };
  const title = t(`${key}.title`);
  const paragraphs = [t(`${key}.text`, { email, when })];
  if (!reader.settled) return write(reader, { title, paragraphs, facts, after: [t('recovery.mail.youngReader')] });
  const { url, after } = parts[row.status as Told]();
  return write(reader, {
    title,
    paragraphs,
    facts,
    action: { label: t(`${key}.button`), url },
    after,
  });
}

export function operatorMail(reader: Reader, until: number): Words {
  const { t, issuer, email } = reader;
  return write(reader, {
    title: t('recovery.mail.operator.title'),
    paragraphs: [t('recovery.mail.operator.text', { email, when: timeInMail(reader.locale, until) })],
    action: { label: t('recovery.mail.operator.button'), url: `${issuer}/recover` },
    after: [t('recovery.mail.operator.notYou')],
  });
}

export function lostMail(reader: Reader, seen: Seen, lost: readonly Thing[]): Words {
  const { t, issuer, email } = reader;
  return write(reader, {
    title: t('recovery.mail.lost.title'),
    paragraphs: [t('recovery.mail.lost.text', { email })],
    facts: [
      ...lost.map((thing) => ({ label: t('recovery.mail.lost.off'), value: thingWords(t, thing) })),
      ...where(reader, seen),
    ],
    action: { label: t('recovery.mail.lost.button'), url: `${issuer}/security` },
    after: [t('recovery.mail.lost.notYou')],
  });
}

/** A thing by its kind and the name its owner gave it. */
export const thingWords = (t: Reader['t'], { kind, name }: Thing): string => t(`recovery.thing.${kind}`, { name });

function write(reader: Reader, content: Omit<Parameters<typeof renderMail>[0], 't' | 'locale' | 'dir'>): Words {
  const { t, locale, dir } = reader;
  return { subject: content.title, ...renderMail({ t, locale, dir, ...content }) };
}

function where({ t, locale }: Reader, { at, country, userAgent }: Seen): { label: string; value: string }[] {
  const place = countryName(locale, country);
  const { browser, system } = browserName(userAgent);
  const name = browser && system ? t('recovery.mail.browserOn', { browser, system }) : (browser ?? system);
  return [
    { label: t('recovery.mail.time'), value: timeInMail(locale, at) },
    ...(name ? [{ label: t('recovery.mail.browser'), value: name }] : []),
    ...(place ? [{ label: t('recovery.mail.place'), value: place }] : []),
  ];
}
