import { Scopes } from '../devices/device-words.tsx';
import { Button, ButtonRow, Form, Lead, LeftToRight, LinkButton, Stranger, SummaryList } from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';

/** Page 19: what an app will get, with "no" as easy as "yes" (C32). */
export function permissionsPage(
  page: PageContext,
  props: { uid: string; appName: string; returnsTo: string; scope: readonly string[] },
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
        <Form page={page} action={`/interaction/${props.uid}`}>
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
          <LinkButton href="/">{t('apps.problem.home')}</LinkButton>
          {props.signOut && <LinkButton href="/signout">{t('apps.problem.signOut')}</LinkButton>}
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
