import type { SignedInAccount } from '../signin/signin.ts';
import { Button, ButtonRow, Form, Lead, LeftToRight, Stranger, SummaryList } from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { formTarget } from './apps-pages.tsx';

/** An app has sent a person to sign out: of that app alone, or of everything that asks us? */
export function signOutOfAppPage(
  page: PageContext,
  props: {
    appName: string;
    /** Who would be signed out. */
    account: SignedInAccount;
    /** How many stay signed in beside. */
    others: number;
    /** The app means an account that is not signed in here. */
    meansAnother: boolean;
    returnTo: string | undefined;
    /** The query of the request: it is read anew with the answer. */
    query: string;
  },
): Page {
  const { t } = page;
  const { appName, account, others, meansAnother, returnTo, query } = props;
  const target = returnTo === undefined ? undefined : formTarget(returnTo);
  const app = <Stranger>{appName}</Stranger>;
  return {
    title: t('apps.signOut.title'),
    formTargets: target === undefined ? [] : [target],
    content: (
      <>
        <h1>{t('apps.signOut.title')}</h1>
        <Lead>{t.rich(meansAnother ? 'apps.signOut.another' : 'apps.signOut.lead', { app })}</Lead>
        <SummaryList
          rows={[
            { label: t('apps.permissions.account'), value: <LeftToRight>{account.email}</LeftToRight> },
            target !== undefined && {
              label: t('apps.permissions.returns'),
              value: <LeftToRight>{target}</LeftToRight>,
            },
          ]}
        />
        <p>{t('apps.signOut.effect')}</p>
        {others > 0 && <p>{t('apps.signOut.others', { count: others })}</p>}
        <Form page={page} action="/session/end/answer">
          <input type="hidden" name="request" value={query} />
          <input type="hidden" name="account" value={account.accountId} />
          <ButtonRow>
            <Button name="answer" value="leave">
              {t('apps.signOut.leave')}
            </Button>
            <Button kind="secondary" name="answer" value="stay">
              {t('apps.signOut.stay')}
            </Button>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}
