import {
  BackLink,
  Button,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  TextField,
  Time,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { graceDays } from './closing.ts';
import type { Overview } from './home.ts';

/** What will happen in words, and the address typed, so that nobody closes an account by a slip of the finger. */
export function closePage(props: { page: PageContext; overview: Overview; error?: string }): Page {
  const { page, overview, error } = props;
  const { t } = page;
  return {
    title: t('home.close.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/profile">{t('home.close.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'email', text: error }] : []} />
        <h1>{t('home.close.title')}</h1>
        <ul>
          {overview.devices.length > 0 && <li>{t('home.close.devices', { count: overview.devices.length })}</li>}
          <li>{t('home.close.everywhere')}</li>
          <li>{t('home.close.grace', { days: graceDays })}</li>
          <li>{t('home.close.after')}</li>
        </ul>
        <p>
          <a href="/profile">{t('home.close.exportFirst')}</a>
        </p>
        <Form page={page} action="/profile/close">
          <TextField
            page={page}
            id="email"
            name="email"
            type="email"
            label={t('home.close.confirm')}
            hint={<LeftToRight>{overview.account.email}</LeftToRight>}
            error={error}
            autoComplete="off"
          />
          <Button kind="stop">{t('home.close.button')}</Button>
        </Form>
      </>
    ),
  };
}

export function closingPage({ page, closingAt }: { page: PageContext; closingAt: number }): Page {
  const { t } = page;
  return {
    title: t('home.closing.title'),
    content: (
      <>
        <h1>{t('home.closing.title')}</h1>
        <Lead>
          {t('home.closing.on')} <Time page={page} at={closingAt} show="date" />
        </Lead>
        <p>{t('home.closing.text')}</p>
        <Form page={page} action="/profile/keep">
          <Button>{t('home.closing.keep')}</Button>
        </Form>
        <p>
          <a href="/signout">{t('home.closing.leave')}</a>
        </p>
      </>
    ),
  };
}

export function closedPage(page: PageContext): Page {
  const { t } = page;
  return {
    title: t('home.closed.title'),
    content: (
      <>
        <h1>{t('home.closed.title')}</h1>
        <Lead>{t('home.closed.text', { days: graceDays })}</Lead>
        <LinkButton href="/signin">{t('home.closed.signIn')}</LinkButton>
      </>
    ),
  };
}
