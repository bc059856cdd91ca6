import type { Message } from '../drivers/mail/mail.ts';
import { renderMail } from '../web/mail-layout.tsx';
import type { PageContext } from '../web/page.ts';

type Words = Pick<PageContext, 't' | 'locale' | 'dir'>;

/** The code and the link that confirm a new address. The code stays out of the subject, which lock screens show. */
export function confirmMail({ t, locale, dir }: Words, to: string, code: string, url: string): Message {
  const content = renderMail({
    t,
    locale,
    dir,
    title: t('account.mail.confirm.title'),
    paragraphs: [t('account.mail.confirm.code')],
    code: `${code.slice(0, 4)} ${code.slice(4)}`,
    action: { label: t('account.mail.confirm.button'), url },
    after: [t('account.mail.confirm.time'), t('account.mail.confirm.notYou')],
  });
  return { to, subject: t('account.mail.confirm.title'), ...content };
}

/** For an address that has an account: the page said the same as for a new one, only its owner learns the truth. */
export function takenMail({ t, locale, dir }: Words, to: string, url: string): Message {
  const content = renderMail({
    t,
    locale,
    dir,
    title: t('account.mail.taken.title'),
    paragraphs: [t('account.mail.taken.text')],
    action: { label: t('account.mail.taken.button'), url },
    after: [t('account.mail.taken.notYou')],
  });
  return { to, subject: t('account.mail.taken.title'), ...content };
}

/** For an address that an account gave up a few days ago: the link that takes the change back still works. */
export function keptMail({ t, locale, dir }: Words, to: string): Message {
  const title = t('account.mail.kept.title');
  const paragraphs = [t('account.mail.kept.text'), t('account.mail.kept.later')];
  return {
    to,
    subject: title,
    ...renderMail({ t, locale, dir, title, paragraphs, after: [t('account.mail.kept.notYou')] }),
  };
}
