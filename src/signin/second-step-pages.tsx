import type { ComponentChildren } from 'preact';
import {
  BackLink,
  Button,
  ButtonRow,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  PasskeyForm,
  TextField,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { FieldError } from './signin-pages.tsx';

type Props = { page: PageContext; email: string; error?: FieldError | undefined };

export function codePage(props: Props): Page {
  const { page, error } = props;
  const { t } = page;
  return stepPage(
    props,
    t('signin.code.title'),
    <>
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
    </>,
  );
}

export function keyPage(props: Props & { options: object }): Page {
  const { page } = props;
  const { t } = page;
  return stepPage(
    props,
    t('signin.key.title'),
    <>
      <p>{t('signin.key.what')}</p>
      <PasskeyForm
        page={page}
        action="/signin/key"
        mode="get"
        options={props.options}
        submitLabel={t('signin.key.button')}
      />
      <noscript>
        <p>{t('signin.key.needsScript')}</p>
      </noscript>
    </>,
  );
}

export function recoveryCodePage(props: Props & { left: number }): Page {
  const { page, error, left } = props;
  const { t } = page;
  return stepPage(
    props,
    t('signin.recovery.title'),
    <>
      <p>{t('signin.recovery.what')}</p>
      {left === 1 && (
        <Notice kind="unusual">
          <p>{t('signin.recovery.last')}</p>
        </Notice>
      )}
      <Form page={page} action="/signin/recovery-code">
        <TextField
          page={page}
          id="code"
          name="code"
          label={t('signin.recovery.label')}
          hint={t('signin.recovery.hint')}
          error={error?.text}
          autoFocus
        />
        <Button>{t('signin.button')}</Button>
      </Form>
    </>,
  );
}

function stepPage({ page, email, error }: Props, title: string, content: ComponentChildren): Page {
  const { t } = page;
  return {
    title,
    ...failure(error),
    content: (
      <>
        <BackLink href="/signin/password">{t('signin.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{title}</h1>
        <Lead>
          <LeftToRight>{email}</LeftToRight>
        </Lead>
        {content}
        <p class="aside">
          <a href="/signin/other">{t('signin.other.link')}</a>
        </p>
      </>
    ),
  };
}

/** After a recovery code was used: how many are left, and where new ones are made. */
export function codesLeftPage({ page, left, next }: { page: PageContext; left: number; next: string }): Page {
  const { t } = page;
  const few = left <= 2;
  const make = (
    <LinkButton href="/security/recovery-codes" kind={few ? 'primary' : 'secondary'}>
      {t('signin.codesLeft.make')}
    </LinkButton>
  );
  const goOn = (
    <LinkButton href={next} kind={few ? 'secondary' : 'primary'}>
      {t('signin.continue')}
    </LinkButton>
  );
  return {
    title: t('signin.codesLeft.title'),
    content: (
      <>
        <h1>{t('signin.codesLeft.title')}</h1>
        <Lead>{t('signin.codesLeft.count', { count: left })}</Lead>
        <p>{t(few ? 'signin.codesLeft.few' : 'signin.codesLeft.used')}</p>
        <ButtonRow>{few ? [make, goOn] : [goOn, make]}</ButtonRow>
      </>
    ),
  };
}
