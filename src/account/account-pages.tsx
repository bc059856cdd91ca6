import { wordsOf } from '../authenticators/authenticators.ts';
import {
  BackLink,
  Button,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  PasskeyForm,
  Stranger,
  TextField,
} from '../web/components.tsx';
import { LiveState } from '../web/content.tsx';
import { linkConfirmedPage, linkDeadPage } from '../web/link-pages.tsx';
import { NewPasswordField } from '../web/new-password.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { SignupLink } from './signup.ts';

export function signupPage(props: {
  page: PageContext;
  email?: string | undefined;
  /** The app they were on their way to. */
  towards?: string | undefined;
  error?: string | undefined;
}): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('account.signup.title'),
    ...failure(error),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [{ field: 'email', text: error }] : []} />
        <h1>{t('account.signup.title')}</h1>
        {props.towards && (
          <Lead>{t.rich('account.signup.towards', { app: <Stranger>{props.towards}</Stranger> })}</Lead>
        )}
        <Form page={page} action="/signup">
          <TextField
            page={page}
            id="email"
            name="email"
            type="email"
            label={t('account.email.label')}
            hint={t('account.email.hint')}
            value={props.email}
            error={error}
            autoComplete="email"
            enterKeyHint="next"
          />
          <Button>{t('account.continue')}</Button>
        </Form>
        <p class="aside">
          {t('account.signup.have')} <a href="/signin">{t('account.signup.signIn')}</a>
        </p>
      </>
    ),
  };
}

export function confirmPage(props: {
  page: PageContext;
  email: string;
  /** Where mails can be read on a developer's own machine, where none is sent. */
  mailbox?: string | undefined;
  resent?: boolean;
  error?: string | undefined;
}): Page {
  const { page, email, error, mailbox } = props;
  const { t } = page;
  return {
    title: t('account.confirm.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/signup">{t('account.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'code', text: error }] : []} />
        {props.resent && <Notice kind="done">{t('account.confirm.resent')}</Notice>}
        <h1>{t('account.confirm.title')}</h1>
        <Lead>{t.rich('account.confirm.sent', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
        {mailbox && (
          <Notice>
            <p>
              {t('account.confirm.mailbox')} <a href={mailbox}>{t('account.confirm.openMailbox')}</a>
            </p>
          </Notice>
        )}
        <Form page={page} action="/signup/confirm">
          <TextField
            page={page}
            id="code"
            name="code"
            label={t('account.confirm.label')}
            hint={t('account.confirm.hint')}
            error={error}
            code="digits"
            autoFocus
          />
          <Button>{t('account.continue')}</Button>
        </Form>
        <LiveState url="/signup/confirm/state" state="waiting">
          {t('account.confirm.live')}
        </LiveState>
        <noscript>
          <p>
            <a href="/signup/confirm">{t('account.confirm.reload')}</a>
          </p>
        </noscript>
        <section class="aside">
          <h2>{t('account.confirm.nothing')}</h2>
          <p>{t('account.confirm.spam')}</p>
          <Form page={page} action="/signup/confirm">
            <Button kind="secondary" name="action" value="resend">
              {t('account.confirm.resend')}
            </Button>
          </Form>
          <p>
            <a href="/signup">{t('account.confirm.change')}</a>
          </p>
        </section>
      </>
    ),
  };
}

/** What a mail's link opens. Opening does nothing: mail scanners open links too. */
export function linkPage(props: { page: PageContext; link: SignupLink | undefined; token: string }): Page {
  const { page, link, token } = props;
  const { t } = page;
  if (!link || link.state === 'expired') return deadLinkPage(page);
  if (link.state === 'confirmed') return confirmedPage(page, link.sameBrowser);
  return {
    title: t('account.link.title'),
    content: (
      <>
        <h1>{t('account.link.title')}</h1>
        <Lead>{t.rich('account.link.text', { email: <LeftToRight>{link.email}</LeftToRight> })}</Lead>
        {!link.sameBrowser && (
          <Notice kind="unusual" title={t('account.link.elsewhere.title')}>
            <p>{t('account.link.elsewhere.text')}</p>
          </Notice>
        )}
        <Form page={page} action={`/signup/link/${encodeURIComponent(token)}`}>
          <Button>{t('account.link.button')}</Button>
        </Form>
      </>
    ),
  };
}

function confirmedPage({ t }: PageContext, sameBrowser: boolean): Page {
  const next = sameBrowser
    ? { goOn: { href: '/signup/protect', label: t('account.continue') } }
    : { goBack: t('account.linkDone.goBack') };
  return linkConfirmedPage({ title: t('account.linkDone.title'), next });
}

function deadLinkPage({ t }: PageContext): Page {
  const again = { href: '/signup', label: t('account.linkDead.again') };
  return linkDeadPage({ title: t('account.linkDead.title'), text: t('account.linkDead.text'), again });
}

export function protectPage(props: {
  page: PageContext;
  email: string;
  passkey: object;
  /** Of a password, in characters. */
  minimum: number;
  error?: { field?: string; text: string } | undefined;
}): Page {
  const { page, email, error } = props;
  const { t } = page;
  return {
    title: t('account.protect.title'),
    ...failure(error?.text),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('account.protect.title')}</h1>
        <Lead>{t.rich('account.protect.text', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
        <PasskeyForm
          page={page}
          action="/signup/protect"
          mode="create"
          options={props.passkey}
          submitLabel={t('account.protect.passkey')}
        >
          <p>{t('account.protect.passkeyWhy')}</p>
        </PasskeyForm>
        <Form page={page} action="/signup/protect">
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={email} autocomplete="username" hidden readonly />
          <NewPasswordField
            page={page}
            id="password"
            name="password"
            label={t('account.protect.password')}
            minimum={props.minimum}
            own={wordsOf(email)}
            error={error?.field === 'password' ? error.text : undefined}
          />
          <Button kind="secondary">{t('account.protect.usePassword')}</Button>
        </Form>
      </>
    ),
  };
}

/** The address got an account between confirming and finishing: they hold the mailbox, so they may know. */
export function existsPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('account.exists.title'),
    status: 409,
    content: (
      <>
        <h1>{t('account.exists.title')}</h1>
        <Lead>{t('account.exists.text')}</Lead>
        <p>
          <LinkButton href="/signin" kind="primary">
            {t('account.signup.signIn')}
          </LinkButton>
        </p>
      </>
    ),
  };
}
