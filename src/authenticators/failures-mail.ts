import { days } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Mail } from '../drivers/mail/mail.ts';
import type { AccountId } from '../ids.ts';
import { renderMail } from '../web/mail-layout.tsx';
import { directionOf, type Locale, type Messages } from '../web/messages.ts';
import { failuresToTell, mostFailures } from './authenticators-store.ts';

export type ManyFailures = (accountId: AccountId, kind: 'password' | 'app') => void;

/** Tells the owner that somebody keeps trying (F4), at most once a day per account. */
export function createFailuresMail(needs: {
  mail: Mail;
  messages: Messages;
  ephemeral: Pick<Ephemeral, 'claim'>;
  /** Without a trailing slash. */
  issuer: string;
  findAccount: (id: AccountId) => Promise<{ email: string; locale: Locale | undefined } | undefined>;
  notSent: (error: unknown) => void;
}): ManyFailures {
  const tell = async (...[accountId, kind]: Parameters<ManyFailures>): Promise<void> => {
    const account = await needs.findAccount(accountId);
    if (!account || !(await needs.ephemeral.claim(`failures-mail:${accountId}`, days(1)))) return;
    const locale = account.locale ?? 'en';
    const t = needs.messages.translate(locale);
    const title = t('authenticators.failures.title');
    const content = renderMail({
      t,
      locale,
      dir: directionOf(locale),
      title,
      paragraphs: [
        t(`authenticators.failures.${kind}`, { count: failuresToTell, most: mostFailures }),
        t('authenticators.failures.you'),
      ],
      action: { label: t('authenticators.failures.button'), url: `${needs.issuer}/security` },
      after: [t('authenticators.failures.after')],
    });
    await needs.mail.send({ to: account.email, subject: title, ...content });
  };
  return (accountId, kind) => void tell(accountId, kind).catch(needs.notSent);
}
