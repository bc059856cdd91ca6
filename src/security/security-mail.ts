import type { Reader, Words } from '../addresses/addresses.ts';
import { renderMail } from '../web/mail-layout.tsx';

export type Change =
  | 'passkeyAdded'
  | 'passkeyMade'
  | 'passkeyRemoved'
  | 'keyAdded'
  | 'keyRemoved'
  | 'passwordChanged'
  | 'appAdded'
  | 'appRemoved'
  | 'recoveryCodesMade'
  | 'savedCodeMade';

/** Tells the owner, out of band, that a way to sign in has changed (E29). */
export function changeMail({ t, locale, dir, issuer }: Reader, change: Change): Words {
  const title = t(`security.mail.${change}`);
  const content = renderMail({
    t,
    locale,
    dir,
    title,
    paragraphs: [t('security.mail.you')],
    action: { label: t('security.mail.button'), url: `${issuer}/security` },
    after: [t('security.mail.notYou')],
  });
  return { subject: title, ...content };
}
