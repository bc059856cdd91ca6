import type { Message } from '../drivers/mail/mail.ts';
import { renderMail } from '../web/mail-layout.tsx';
import type { PageContext } from '../web/page.ts';

export type Change = 'passkeyAdded' | 'passkeyRemoved' | 'passwordChanged' | 'appAdded' | 'appRemoved';

/** Tells the owner, out of band, that a way to sign in has changed (E29). */
export function changeMail({ t, locale, dir }: PageContext, to: string, change: Change, url: string): Message {
  const title = t(`security.mail.${change}`);
  const content = renderMail({
    t,
    locale,
    dir,
    title,
    paragraphs: [t('security.mail.you')],
    action: { label: t('security.mail.button'), url },
    after: [t('security.mail.notYou')],
  });
  return { to, subject: title, ...content };
}
