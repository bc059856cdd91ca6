import { Scopes } from '../devices/device-words.tsx';
import {
  Button,
  ButtonRow,
  CardList,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Stranger,
  SummaryList,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';

/** Page 19: what an app will get, with "no" as easy as "yes" (C32). */
export function permissionsPage(
  page: PageContext,
  props: { action: string; appName: string; returnsTo: string; scope: readonly string[] },
): Page {
  const { t, person } = page;
  return {
    title: t('apps.permissions.title', { app: props.appName }),
    formTargets: [formTarget(props.returnsTo)],
    content: (
      <>
        <h1>{t.rich('apps.permissions.heading', { app: <Stranger>{props.appName}</Stranger> })}</h1>
        <SummaryList
          rows={[
            { label: t('apps.permissions.account'), value: <LeftToRight>{person?.email ?? ''}</LeftToRight> },
            { label: t('apps.permissions.access'), value: <Scopes page={page} scope={props.scope} /> },
            { label: t('apps.permissions.returns'), value: <LeftToRight>{formTarget(props.returnsTo)}</LeftToRight> },
          ]}
        />
        <Form page={page} action={props.action}>
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              {t('apps.permissions.no')}
            </Button>
            <Button name="decision" value="approve">
              {t('apps.permissions.yes')}
            </Button>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

/** `prompt=select_account`: which of the accounts that are signed in, or another one (OpenID Connect Core §3.1.2.1). */
export function choicePage(
  page: PageContext,
  props: {
    action: string;
    target: string;
    appName: string;
    accounts: readonly { accountId: string; name: string; email: string }[];
  },
): Page {
  const { t } = page;
  return {
    title: t('apps.choice.title'),
    formTargets: [props.target],
    content: (
      <>
        <h1>{t('apps.choice.title')}</h1>
        <Lead>{t.rich('apps.choice.lead', { app: <Stranger>{props.appName}</Stranger> })}</Lead>
        <CardList
          cards={props.accounts.map(({ accountId, name, email }, index) => ({
            title: name,
            meta: <LeftToRight>{email}</LeftToRight>,
            children: (
              <Form page={page} action={props.action}>
                <Button kind={index === 0 ? 'primary' : 'secondary'} name="account" value={accountId}>
                  {t('apps.choice.use')}
                  {/* Read aloud, the buttons of all accounts would be alike. */}
                  <span class="unseen"> {email}</span>
                </Button>
              </Form>
            ),
          }))}
        />
        <LinkButton href="/signin">{t('apps.choice.another')}</LinkButton>
      </>
    ),
  };
}

/** Page 38: a request of an app that we cannot follow. Never redirects anywhere by itself (C3). */
export function problemPage(
  page: PageContext,
  props: {
    error: string;
    detail: string | undefined;
    /** They came to sign out, and still can. */
    signOut?: boolean;
  },
): Page {
  const { t } = page;
  return {
    title: t('apps.problem.title'),
    status: 400,
    content: (
      <>
        <h1>{t('apps.problem.title')}</h1>
        <Lead>{t('apps.problem.lead')}</Lead>
        <p>{t('apps.problem.tell')}</p>
        <p>
          <LeftToRight>
            <code>{[props.error, props.detail].filter(Boolean).join(': ')}</code>
          </LeftToRight>
        </p>
        <ButtonRow>
          {props.signOut && (
            <LinkButton href="/signout" kind="primary">
              {t('apps.problem.signOut')}
            </LinkButton>
          )}
          <LinkButton href="/">{t('apps.problem.home')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

/** Where a form may end: an origin, or the scheme of an app on the person's own machine (RFC 8252 §7.1). */
export function formTarget(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}
