import type { AccountId } from '../ids.ts';
import {
  BackLink,
  Button,
  ButtonRow,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  PasskeyForm,
  PasswordField,
  Stranger,
  TextField,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';

/** A page of this room after a form that failed: the field and the words, already translated. */
export type FieldError = { field?: string; text: string };

/** An account that has signed in in this browser. */
type Remembered = { accountId: AccountId; email: string; name: string };

export function signinPage(props: {
  page: PageContext;
  email: string | undefined;
  passkey: object;
  /** Whether they were on their way to link a device. */
  linking: boolean;
  /** The app they were on their way to. */
  towards: string | undefined;
  remembered: Remembered[];
  /** Whether the remembered ones are shown to be taken off the list. */
  editing: boolean;
  error?: FieldError | undefined;
}): Page {
  const { page, error, remembered } = props;
  const { t } = page;
  return {
    title: t('signin.start.title'),
    ...failure(error),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('signin.start.title')}</h1>
        {props.linking && <Lead>{t('signin.start.linking')}</Lead>}
        {props.towards && !props.linking && (
          <Lead>{t.rich('signin.start.towards', { app: <Stranger>{props.towards}</Stranger> })}</Lead>
        )}
        {remembered.length > 0 && <Chooser page={page} remembered={remembered} editing={props.editing} />}
        <Form page={page} action="/signin">
          <TextField
            page={page}
            id="email"
            name="email"
            type="email"
            label={t(remembered.length > 0 ? 'signin.email.another' : 'signin.email.label')}
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
          autofill
        />
        <p class="aside">
          <a href="/signin/other">{t('signin.other.link')}</a>
        </p>
        <p class="aside">
          {t('signin.start.new')} <a href="/signup">{t('signin.start.create')}</a>
        </p>
      </>
    ),
  };
}

/** Who has signed in in this browser: one press instead of typing the address. It proves nothing (E35). */
function Chooser({ page, remembered, editing }: { page: PageContext; remembered: Remembered[]; editing: boolean }) {
  const { t } = page;
  return (
    <section aria-label={t('signin.chooser.label')}>
      <ul class="cards">
        {remembered.map(({ accountId, email, name }) => (
          <li class="card card-tile">
            <Form page={page} action={editing ? '/signin/forget' : '/signin/choose'} class="tile-form">
              <input type="hidden" name="account" value={accountId} />
              <button class="tile" type="submit">
                <span class="tile-text">
                  <span class="tile-name">
                    <bdi>{name}</bdi>
                  </span>
                  <span class="tile-email">
                    <LeftToRight>{email}</LeftToRight>
                  </span>
                </span>
                {editing && <span class="tile-action">{t('signin.chooser.remove')}</span>}
              </button>
            </Form>
          </li>
        ))}
      </ul>
      <p class="aside">
        <a href={editing ? '/signin' : '/signin?edit=1'}>
          {t(editing ? 'signin.chooser.done' : 'signin.chooser.edit')}
        </a>
      </p>
    </section>
  );
}

export function passwordPage(props: {
  page: PageContext;
  email: string;
  /** Only in a browser in which the account has signed in: strangers learn nothing of its passkeys. */
  passkey: object | undefined;
  /** Whether a passkey was right before, which alone is not enough. */
  afterKey: boolean;
  error?: FieldError | undefined;
}): Page {
  const { page, email, passkey, error } = props;
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
        {props.afterKey && <p>{t('signin.password.afterKey')}</p>}
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
        {passkey && !props.afterKey && (
          <PasskeyForm
            page={page}
            action="/signin/passkey"
            mode="get"
            options={passkey}
            submitLabel={t('signin.passkey.button')}
            kind="secondary"
          />
        )}
        <p class="aside">
          <a href="/recover">{t('signin.password.forgot')}</a>
        </p>
        <p class="aside">
          <a href="/signin/other">{t('signin.other.link')}</a>
        </p>
      </>
    ),
  };
}

/** Where the operator wants two steps and the account has one. */
export function setupPage({ page, email }: { page: PageContext; email: string }): Page {
  const { t } = page;
  return {
    title: t('signin.setup.title'),
    content: (
      <>
        <h1>{t('signin.setup.title')}</h1>
        <Lead>
          <LeftToRight>{email}</LeftToRight>
        </Lead>
        <p>{t('signin.setup.why')}</p>
        <ButtonRow>
          <LinkButton href="/security/app" kind="primary">
            {t('signin.setup.app')}
          </LinkButton>
          <LinkButton href="/security/key/new">{t('signin.setup.key')}</LinkButton>
        </ButtonRow>
        <p class="aside">{t('signin.setup.which')}</p>
        <Form page={page} action="/signin/setup">
          <Button kind="secondary">{t('signin.setup.leave')}</Button>
        </Form>
      </>
    ),
  };
}
