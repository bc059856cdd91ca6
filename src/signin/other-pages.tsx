import type { Methods } from '../authenticators/authenticators.ts';
import {
  BackLink,
  CardList,
  type CardProps,
  ErrorSummary,
  Lead,
  LeftToRight,
  PasskeyForm,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { PasskeySignals } from '../web/passkey-signals.tsx';
import type { FieldError } from './signin-pages.tsx';
import type { UnknownPasskey } from './steps.ts';
import { secondStepsOf } from './strength.ts';
import { pathOf } from './way-in.ts';

/** `ways` are the account's own once its password was right; before, every address gets the same page (F5). */
export function otherWaysPage(props: {
  page: PageContext;
  email: string | undefined;
  ways: Methods | undefined;
}): Page {
  const { page, email, ways } = props;
  const { t } = page;
  const card = (href: string, key: string): CardProps => ({
    href,
    title: t(`signin.other.${key}.title`),
    meta: t(`signin.other.${key}.text`),
  });
  const second = ways && [
    ...secondStepsOf(ways).map((step) => card(pathOf[step], step)),
    ...(page.passkeys && ways.passkeys > 0 ? [card('/signin/passkey', 'passkey')] : []),
    card('/recover/lost', 'lost'),
  ];
  const first = [
    ...(page.passkeys ? [card('/signin/passkey', 'passkey')] : []),
    card(email ? '/signin/password' : '/signin', 'password'),
    card('/recover', 'forgot'),
    card('/signup', 'create'),
  ];
  return {
    title: t('signin.other.title'),
    content: (
      <>
        <BackLink href={ways ? '/signin/password' : '/signin'}>{t('signin.back')}</BackLink>
        <h1>{t('signin.other.title')}</h1>
        {email && (
          <Lead>
            <LeftToRight>{email}</LeftToRight>
          </Lead>
        )}
        <CardList cards={second ?? first} />
      </>
    ),
  };
}

export function passkeyPage(props: {
  page: PageContext;
  email: string | undefined;
  passkey: object;
  error?: FieldError | undefined;
  /** A passkey that was tried and that no account has any more. */
  unknown?: UnknownPasskey | undefined;
}): Page {
  const { page, email, error, unknown } = props;
  const { t } = page;
  return {
    title: t('signin.passkey.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/signin">{t('signin.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('signin.passkey.title')}</h1>
        {email && (
          <Lead>
            <LeftToRight>{email}</LeftToRight> <a href="/signin">{t('signin.password.change')}</a>
          </Lead>
        )}
        <p>{t('signin.passkey.what')}</p>
        <PasskeyForm
          page={page}
          action="/signin/passkey"
          mode="get"
          options={props.passkey}
          submitLabel={t('signin.passkey.button')}
        />
        {unknown && <PasskeySignals unknown={unknown} />}
        <noscript>
          <p>{t('signin.passkey.needsScript')}</p>
        </noscript>
        <p class="aside">
          <a href="/help/passkey">{t('signin.passkey.help')}</a>
        </p>
        <p class="aside">
          <a href="/signin/other">{t('signin.other.link')}</a>
        </p>
      </>
    ),
  };
}
