import { ProofForm, type ProofOptions } from '../signin/proof-form.tsx';
import type { SignedIn, SignedInAccount } from '../signin/signin.ts';
import {
  Button,
  ButtonRow,
  CardList,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Stranger,
  Tag,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';

export function accountsPage(props: { page: PageContext; signedIn: SignedIn; next: string | undefined }): Page {
  const { page, signedIn, next } = props;
  const { t } = page;
  const card = (account: SignedInAccount, isCurrent: boolean) => ({
    title: account.name,
    meta: <LeftToRight>{account.email}</LeftToRight>,
    tag: isCurrent && <Tag kind="good">{t('security.accounts.current')}</Tag>,
    children: (
      <Form page={page} action="/accounts">
        <input type="hidden" name="account" value={account.accountId} />
        {next && <input type="hidden" name="next" value={next} />}
        <ButtonRow>
          <Button kind={isCurrent ? 'primary' : 'secondary'} name="action" value="switch">
            {t('security.accounts.use')}
            <span class="unseen"> {account.email}</span>
          </Button>
          <Button kind="secondary" name="action" value="signout">
            {t('security.accounts.signOut')}
            <span class="unseen"> {account.email}</span>
          </Button>
        </ButtonRow>
      </Form>
    ),
  });
  return {
    title: t('security.accounts.title'),
    content: (
      <>
        <h1>{t('security.accounts.title')}</h1>
        <CardList cards={[card(signedIn.current, true), ...signedIn.others.map((other) => card(other, false))]} />
        <ButtonRow>
          <LinkButton href="/signin">{t('security.accounts.add')}</LinkButton>
          {signedIn.others.length > 0 && <LinkButton href="/signout">{t('security.accounts.signOutAll')}</LinkButton>}
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
    title: t('security.signOut.title'),
    content: (
      <>
        <h1>{t('security.signOut.title')}</h1>
        <Lead>{t.rich('security.signOut.who', { email: <LeftToRight>{current.email}</LeftToRight> })}</Lead>
        <p>{t('security.signOut.effect')}</p>
        <Form page={page} action="/signout">
          <ButtonRow>
            <Button kind="primary" name="account" value={others.length > 0 ? current.accountId : 'all'}>
              {t('security.signOut.one')}
            </Button>
            {others.length > 0 && (
              <Button kind="secondary" name="account" value="all">
                {t('security.signOut.all', { count: others.length + 1 })}
              </Button>
            )}
            <LinkButton href="/account">{t('security.signOut.stay')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

/** Nobody is signed in by it yet, and whoever comes next could go on with it. */
export function signInBegunPage(props: {
  page: PageContext;
  email: string;
  /** Of an account that is setting up its second step; without one the sign-in is half way. */
  account: string | undefined;
  /** Who is signed in beside. */
  others: number;
}): Page {
  const { page, email, account, others } = props;
  const { t } = page;
  return {
    title: t('security.signOut.title'),
    content: (
      <>
        <h1>{t('security.signOut.title')}</h1>
        <Lead>{t.rich('security.signOut.begun', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
        {others > 0 && <p>{t('security.signOut.beside', { count: others })}</p>}
        <Form page={page} action="/signout">
          <ButtonRow>
            <Button kind="primary" name="account" value={others > 0 && account ? account : 'all'}>
              {t('security.signOut.stop')}
            </Button>
            {others > 0 && (
              <Button kind="secondary" name="account" value="all">
                {t('security.signOut.everything')}
              </Button>
            )}
            <LinkButton href={account ? '/signin/setup' : '/signin/other'}>{t('security.signOut.goOn')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

export function signedOutPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('security.signedOut.title'),
    content: (
      <>
        <h1>{t('security.signedOut.title')}</h1>
        <Lead>{t('security.signedOut.text')}</Lead>
        <p>
          <LinkButton href="/signin" kind="primary">
            {t('security.signIn')}
          </LinkButton>
        </p>
      </>
    ),
  };
}

export function provePage(props: {
  page: PageContext;
  options: ProofOptions;
  /** The page itself, with its query. */
  action: string;
  /** The app that wants it. */
  towards: string | undefined;
  error?: string | undefined;
}): Page {
  const { page, options, action, towards, error } = props;
  const { t, person } = page;
  const why = person === undefined ? 'begun' : towards ? 'towards' : 'why';
  const summary = error ? { field: 'password', text: error } : undefined;
  return {
    title: t('security.prove.title'),
    ...failure(summary),
    content: (
      <>
        <ErrorSummary page={page} errors={summary ? [summary] : []} />
        <h1>{t('security.prove.title')}</h1>
        <Lead>
          {t.rich(`security.prove.${why}`, {
            email: <LeftToRight>{options.email}</LeftToRight>,
            app: <Stranger>{towards}</Stranger>,
          })}
        </Lead>
        <ProofForm page={page} action={action} options={options} error={error} submitLabel={t('security.continue')} />
      </>
    ),
  };
}
