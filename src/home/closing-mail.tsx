import { dateInMail, renderMail } from '../web/mail-layout.tsx';
import type { Locale, Translate } from '../web/messages.ts';

type Reader = { t: Translate; locale: Locale; dir: 'ltr' | 'rtl'; issuer: string; email: string };
export type ClosingWords = (reader: Reader) => { subject: string; text: string; html: string };

/** The account will be removed at `at`: when, what has ended, how to keep it. */
export const closingWords =
  (at: number): ClosingWords =>
  ({ t, locale, dir, issuer, email }) => {
    const title = t('home.mail.closing');
    const content = renderMail({
      ...{ t, locale, dir, title },
      paragraphs: [t('home.mail.closingText', { email, date: dateInMail(locale, at) })],
      action: { label: t('home.mail.keep'), url: `${issuer}/profile/close` },
      after: [t('home.mail.closingNotYou')],
    });
    return { subject: title, ...content };
  };

export const keptWords =
  (): ClosingWords =>
  ({ t, locale, dir, issuer, email }) => {
    const title = t('home.mail.kept');
    const content = renderMail({
      ...{ t, locale, dir, title },
      paragraphs: [t('home.mail.keptText', { email })],
      action: { label: t('home.mail.checkup'), url: `${issuer}/checkup` },
    });
    return { subject: title, ...content };
  };

export const closedWords =
  (): ClosingWords =>
  ({ t, locale, dir, email }) => {
    const title = t('home.mail.closed');
    return {
      subject: title,
      ...renderMail({ ...{ t, locale, dir, title }, paragraphs: [t('home.mail.closedText', { email })] }),
    };
  };
