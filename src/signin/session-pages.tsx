import {
  Button,
  ButtonRow,
  CardList,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Tag,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { ProofForm } from './proof-form.tsx';
import type { ProofOptions, SignedIn, SignedInAccount } from './signin.ts';
import { failure } from './signin-pages.tsx';

export function accountsPage(props: { page: PageContext; signedIn: SignedIn; next: string | undefined }): Page {
  const { page, signedIn, next } = props;
  const { t } = page;
  const card = (account: SignedInAccount, isCurrent: boolean) => ({
    title: account.name,
    meta: <LeftToRight>{account.email}</LeftToRight>,
    tag: isCurrent && <Tag kind="good">{t('signin.accounts.current')}</Tag>,
    children: (
      <Form page={page} action="/accounts">
        <input type="hidden" name="account" value={account.accountId} />
        {next && <input type="hidden" name="next" value={next} />}
        <ButtonRow>
          <Button kind={isCurrent ? 'primary' : 'secondary'} name="action" value="switch">
            {t('signin.accounts.use')}
          </Button>
          <Button kind="secondary" name="action" value="signout">
            {t('signin.accounts.signOut')}
          </Button>
        </ButtonRow>
      </Form>
    ),
  });
  return {
    title: t('signin.accounts.title'),
    content: (
      <>
        <h1>{t('signin.accounts.title')}</h1>
        <CardList cards={[card(signedIn.current, true), ...signedIn.others.map((other) => card(other, false))]} />
        <ButtonRow>
          <LinkButton href="/signin">{t('signin.accounts.add')}</LinkButton>
          {signedIn.others.length > 0 && <LinkButton href="/signout">{t('signin.accounts.signOutAll')}</LinkButton>}
        </ButtonRow>
      </>
    ),
  };
}

export function signOutPage(props: { page: PageContext; signedIn: SignedIn }): Page {
  const { page, signedIn } = props;
  const { t } = page;
  const { current, others } = signedIn;
  return {
    title: t('signin.signOut.title'),
    content: (
      <>
        <h1>{t('signin.signOut.title')}</h1>
        <Lead>{t.rich('signin.signOut.who', { email: <LeftToRight>{current.email}</LeftToRight> })}</Lead>
        <p>{t('signin.signOut.effect')}</p>
        <Form page={page} action="/signout">
          <ButtonRow>
            <Button kind="primary" name="account" value={others.length > 0 ? current.accountId : 'all'}>
              {t('signin.signOut.one')}
            </Button>
            {others.length > 0 && (
              <Button kind="secondary" name="account" value="all">
                {t('signin.signOut.all', { count: others.length + 1 })}
              </Button>
            )}
            <LinkButton href="/devices">{t('signin.signOut.stay')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

export function signedOutPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('signin.signedOut.title'),
    content: (
      <>
        <h1>{t('signin.signedOut.title')}</h1>
        <Lead>{t('signin.signedOut.text')}</Lead>
        <p>
          <LinkButton href="/signin" kind="primary">
            {t('signin.button')}
          </LinkButton>
        </p>
      </>
    ),
  };
}

export function provePage(props: {
  page: PageContext;
  options: ProofOptions;
  next: string;
  error?: string | undefined;
}): Page {
  const { page, options, next, error } = props;
  const { t } = page;
  const summary = error ? { field: 'password', text: error } : undefined;
  return {
    title: t('signin.prove.title'),
    ...failure(summary),
    content: (
      <>
        <ErrorSummary page={page} errors={summary ? [summary] : []} />
        <h1>{t('signin.prove.title')}</h1>
        <Lead>{t.rich('signin.prove.why', { email: <LeftToRight>{options.email}</LeftToRight> })}</Lead>
        <ProofForm
          page={page}
          action={`/prove?next=${encodeURIComponent(next)}`}
          options={options}
          error={error}
          submitLabel={t('signin.continue')}
        />
      </>
    ),
  };
}
