import {
  BackLink,
  Button,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  PasskeyForm,
  PasswordField,
  TextField,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { PasskeySignals } from '../web/passkey-signals.tsx';
import type { UnknownPasskey } from './steps.ts';

/** A page of this room after a form that failed: the field and the words, already translated. */
export type FieldError = { field?: string; text: string };

export function signinPage(props: {
  page: PageContext;
  email: string | undefined;
  passkey: object;
  /** Whether they were on their way to link a device. */
  linking: boolean;
  error?: FieldError | undefined;
  /** A passkey that was tried and that no account has any more. */
  unknown?: UnknownPasskey | undefined;
}): Page {
  const { page, error, unknown } = props;
  const { t } = page;
  return {
    title: t('signin.start.title'),
    ...failure(error),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('signin.start.title')}</h1>
        {props.linking && <Lead>{t('signin.start.linking')}</Lead>}
        <Form page={page} action="/signin">
          <TextField
            page={page}
            id="email"
            name="email"
            type="email"
            label={t('signin.email.label')}
            value={props.email}
            error={error?.field === 'email' ? error.text : undefined}
            autoComplete="username webauthn"
            enterKeyHint="next"
          />
          <Button>{t('signin.continue')}</Button>
        </Form>
        <PasskeyForm
          page={page}
          action="/signin/passkey"
          mode="get"
          options={props.passkey}
          submitLabel={t('signin.passkey.button')}
          kind="secondary"
          autofill={!unknown}
        />
        {unknown && <PasskeySignals unknown={unknown} />}
        <p class="aside">
          {t('signin.start.new')} <a href="/signup">{t('signin.start.create')}</a>
        </p>
      </>
    ),
  };
}

export function passwordPage(props: { page: PageContext; email: string; error?: FieldError | undefined }): Page {
  const { page, email, error } = props;
  const { t } = page;
  return {
    title: t('signin.password.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/signin">{t('signin.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('signin.password.title')}</h1>
        <Lead>
          <LeftToRight>{email}</LeftToRight> <a href="/signin">{t('signin.password.change')}</a>
        </Lead>
        <Form page={page} action="/signin/password">
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={email} autocomplete="username" hidden readonly />
          <PasswordField
            page={page}
            id="password"
            name="password"
            label={t('signin.password.label')}
            error={error?.text}
            autoComplete="current-password"
          />
          <Button>{t('signin.button')}</Button>
        </Form>
        <p class="aside">{t('signin.password.help')}</p>
      </>
    ),
  };
}

export function codePage(props: { page: PageContext; email: string; error?: FieldError | undefined }): Page {
  const { page, email, error } = props;
  const { t } = page;
  return {
    title: t('signin.code.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/signin">{t('signin.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('signin.code.title')}</h1>
        <Lead>
          <LeftToRight>{email}</LeftToRight>
        </Lead>
        <Form page={page} action="/signin/code">
          <TextField
            page={page}
            id="code"
            name="code"
            label={t('signin.code.label')}
            hint={t('signin.code.hint')}
            error={error?.text}
            code="digits"
            autoFocus
          />
          <Button>{t('signin.button')}</Button>
        </Form>
        <p class="aside">{t('signin.code.help')}</p>
      </>
    ),
  };
}

function failure(error: FieldError | undefined): { status?: number; hasErrors?: boolean } {
  return error ? { status: 422, hasErrors: true } : {};
}
