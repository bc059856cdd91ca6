import type { Reader, Words } from '../addresses/telling.ts';
import { countryName } from '../devices/device-words.tsx';
import { renderMail, timeInMail } from '../web/mail-layout.tsx';
import { browserWords, factsOf, titleOf } from './activity-rows.tsx';
import type { Done } from './disown.ts';
import type { Notice } from './notices.ts';
import type { Row } from './rows.ts';
import type { WayChange } from './way-changes.ts';

/** "New sign-in": who, what, where, when, and one press that ends it (ux.md page 40). */
export function signInMail(reader: Reader, notice: Notice, token: string): Words {
  const { t, issuer, email } = reader;
  const subject = t('activity.mail.signIn.title');
  const row = notice.eventId && { label: t('activity.mail.signIn.row'), url: `${issuer}/activity/${notice.eventId}` };
  const content = renderMail({
    ...reader,
    title: subject,
    paragraphs: [t('activity.mail.signIn.text', { email })],
    facts: [{ label: t('activity.mail.account'), value: email }, ...noticeFacts(reader, notice)],
    // Fault A2: an address that was added a few days ago may be a stranger's.
    ...(reader.settled && {
      action: { label: t('activity.mail.signIn.button'), url: `${issuer}/activity/undo/${token}` },
      after: [t('activity.mail.signIn.after')],
    }),
    ...(row && { also: row }),
  });
  return { subject, ...content };
}

/** After the link in that mail was used. */
export function endedMail(reader: Reader, notice: Notice): Words {
  const { t, issuer, email } = reader;
  const subject = t('activity.mail.ended.title');
  const content = renderMail({
    ...reader,
    title: subject,
    paragraphs: [t('activity.mail.ended.text', { email })],
    facts: noticeFacts(reader, notice),
    action: { label: t('activity.mail.button'), url: `${issuer}/security` },
    after: [t('activity.mail.ended.after')],
  });
  return { subject, ...content };
}

/** After the link in a mail about a change was used. */
export function takenBackMail(reader: Reader, change: WayChange, done: Done): Words {
  const { t, issuer, email } = reader;
  const subject = t('activity.mail.takenBack.title');
  const content = renderMail({
    ...reader,
    title: subject,
    paragraphs: [t('activity.mail.takenBack.text', { email }), ...doneWords(t, done)],
    facts: [
      { label: t('activity.what'), value: t('activity.change.what', { kind: change.kind }) },
      ...noticeFacts(reader, change),
    ],
    action: { label: t('activity.changeDone.recover'), url: `${issuer}/recover` },
    after: [t('activity.mail.takenBack.after')],
  });
  return { subject, ...content };
}

const doneWords = (t: Reader['t'], done: Done): string[] =>
  (['sessions', 'devices', 'removed'] as const)
    .filter((what) => done[what] > 0)
    .map((what) => t(`activity.done.${what}`, { count: done[what] }));

/** After "this wasn't me": what it was said of, and what was done. */
export function disownedMail(reader: Reader, row: Row, done: Done): Words {
  const { t, locale, issuer, email } = reader;
  const subject = t('activity.mail.disowned.title');
  const did = doneWords(t, done);
  const content = renderMail({
    ...reader,
    title: subject,
    paragraphs: [t('activity.mail.disowned.text', { email }), ...(did.length > 0 ? did : [t('activity.done.noted')])],
    facts: [
      {
        label: t('activity.what'),
        value: [titleOf(t, { ...row, name: undefined }), ...factsOf(reader, row)].join(' · '),
      },
      { label: t('activity.when'), value: timeInMail(locale, row.at) },
    ],
    action: { label: t('activity.mail.button'), url: `${issuer}/security` },
    after: [t('activity.mail.disowned.after')],
  });
  return { subject, ...content };
}

function noticeFacts({ t, locale }: Reader, { browser, country, at }: Pick<Notice, 'browser' | 'country' | 'at'>) {
  return [
    { label: t('activity.with'), value: browserWords(t, browser) ?? t('activity.unknown') },
    { label: t('activity.where'), value: countryName(locale, country) ?? t('activity.unknown') },
    { label: t('activity.when'), value: timeInMail(locale, at) },
  ];
}
