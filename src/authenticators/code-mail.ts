import type { AccountId } from '../ids.ts';
import { renderMail } from '../web/mail-layout.tsx';
import type { Tell } from './failures-mail.ts';

export type CodeUsed = (accountId: AccountId, used: { kind: 'recovery'; left: number } | { kind: 'saved' }) => void;

/** From here on the title of the mail says how many are left. */
const few = 2;

/** Tells the owner that a code from paper was used, and when few are left or it was replaced (E13). */
export function createCodeMail(needs: { tell: Tell; notSent: (error: unknown) => void }): CodeUsed {
  const tell = (accountId: AccountId, used: Parameters<CodeUsed>[1]): Promise<void> =>
    needs.tell(accountId, ({ t, locale, dir, issuer }) => {
      const saved = used.kind === 'saved';
      const left = saved ? 0 : used.left;
      const about = saved ? 'saved' : 'codes';
      const heading = saved || left > few ? 'usedTitle' : 'fewTitle';
      const title = t(`authenticators.${about}.${heading}`, { left });
      const content = renderMail({
        t,
        locale,
        dir,
        title,
        paragraphs: [t(`authenticators.${about}.used`, { left }), t(`authenticators.${about}.next`)],
        action: {
          label: t(`authenticators.${about}.button`),
          url: `${issuer}/security/${saved ? 'saved-code' : 'recovery-codes'}`,
        },
        after: [t(`authenticators.${about}.notYou`)],
      });
      return { subject: title, ...content };
    });
  return (accountId, used) => void tell(accountId, used).catch(needs.notSent);
}
