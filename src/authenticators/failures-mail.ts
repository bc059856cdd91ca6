import { days } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { AccountId } from '../ids.ts';
import { type MailContent, renderMail } from '../web/mail-layout.tsx';
import { failuresToTell, mostFailures } from './authenticators-store.ts';

export type ManyFailures = (accountId: AccountId, kind: 'password' | 'app') => void;

/** Writes to every address of the owner. */
export type Tell = (
  accountId: AccountId,
  write: (reader: Pick<MailContent, 't' | 'locale' | 'dir'> & { issuer: string }) => {
    subject: string;
    text: string;
    html: string;
  },
) => Promise<void>;

/** Tells the owner that somebody keeps trying (F4), at most once a day per account. */
export function createFailuresMail(needs: {
  ephemeral: Pick<Ephemeral, 'claim'>;
  tell: Tell;
  notSent: (error: unknown) => void;
}): ManyFailures {
  const tell = async (...[accountId, kind]: Parameters<ManyFailures>): Promise<void> => {
    if (!(await needs.ephemeral.claim(`failures-mail:${accountId}`, days(1)))) return;
    await needs.tell(accountId, ({ t, locale, dir, issuer }) => {
      const title = t('authenticators.failures.title');
      const content = renderMail({
        t,
        locale,
        dir,
        title,
        paragraphs: [
          t(`authenticators.failures.${kind}`, { count: failuresToTell, most: mostFailures }),
          t('authenticators.failures.you'),
        ],
        action: { label: t('authenticators.failures.button'), url: `${issuer}/security` },
        after: [t('authenticators.failures.after')],
      });
      return { subject: title, ...content };
    });
  };
  return (accountId, kind) => void tell(accountId, kind).catch(needs.notSent);
}
