import { Button, Form, PasskeyForm, PasswordField, TextField } from '../web/components.tsx';
import { type PageContext, wayWords } from '../web/page.ts';
import type { Failure } from './proof.ts';
import type { SecondStep } from './strength.ts';

/**
 * What the current account can prove itself with. `passkey` and `key` are options for `navigator.credentials.get`;
 * `second` is the second step that the form asks for beside the password, `otherSeconds` those it could ask for instead.
 */
export type ProofOptions = {
  email: string;
  password: boolean;
  passkey: object | undefined;
  second: SecondStep | undefined;
  otherSeconds: SecondStep[];
  key: object | undefined;
  /** False if nothing this account has is as strong as an app wants it. */
  possible: boolean;
};

/** The words for a failed proof. */
export function proofError(page: PageContext, failure: Failure): string {
  if (failure.retryAt === undefined) return page.t(failure.error);
  const time = new Intl.DateTimeFormat(page.locale, { timeStyle: 'short', timeZone: 'UTC' }).format(failure.retryAt);
  return [page.t(failure.error, { time: `${time} UTC` }), wayWords(page, failure.way)].filter(Boolean).join(' ');
}

type Props = {
  page: PageContext;
  /** Where the form is sent, which shows the same page when it is opened; with its query. */
  action: string;
  options: ProofOptions;
  error?: string | undefined;
  submitLabel: string;
};

/**
 * Proves that it is still them: passkey first, else the password, with a second step where one is set up.
 * Posts `credential`, or `password` with `code`, `recovery` or `credential` and `step`, to `action`. `error` is already
 * translated; the page that shows it puts an ErrorSummary for the field `password` on top and sets `hasErrors`.
 */
export function ProofForm(props: Props) {
  const { page, action, options } = props;
  const { t } = page;
  if (!options.possible) return <Impossible page={page} />;
  return (
    <>
      {options.passkey && (
        <PasskeyForm
          page={page}
          action={action}
          mode="get"
          options={options.passkey}
          submitLabel={t('signin.proof.usePasskey')}
        />
      )}
      {options.passkey && options.password && <p class="or">{t('signin.proof.orPassword')}</p>}
      {options.password && <PasswordProof {...props} />}
      {!options.password && (
        <noscript>
          <p>{t('signin.proof.needsScript')}</p>
        </noscript>
      )}
    </>
  );
}

function PasswordProof(props: Props) {
  const { page, options } = props;
  const { t } = page;
  const { second, otherSeconds } = options;
  const kind = options.passkey ? 'secondary' : 'primary';
  const action = second && otherSeconds.length > 0 ? withStep(props.action, second) : props.action;
  return (
    <>
      {second === 'key' ? (
        <>
          <PasskeyForm
            page={page}
            action={action}
            mode="get"
            options={options.key}
            submitLabel={t('signin.proof.withKey')}
            kind={kind}
          >
            <input type="hidden" name="step" value="key" />
            <PasswordFields {...props} />
          </PasskeyForm>
          <noscript>
            <p>{t('signin.key.needsScript')}</p>
          </noscript>
        </>
      ) : (
        <Form page={page} action={action}>
          <PasswordFields {...props} />
          {second === 'code' && (
            <TextField
              page={page}
              id="code"
              name="code"
              label={t('signin.code.label')}
              hint={t('signin.code.hint')}
              code="digits"
            />
          )}
          {second === 'recovery' && (
            <TextField
              page={page}
              id="recovery"
              name="recovery"
              label={t('signin.recovery.label')}
              hint={t('signin.recovery.hint')}
            />
          )}
          <Button kind={kind}>{props.submitLabel}</Button>
        </Form>
      )}
      {otherSeconds.map((step) => (
        <p class="aside">
          <a href={withStep(props.action, step)}>{t(`signin.proof.instead.${step}`)}</a>
        </p>
      ))}
    </>
  );
}

/** The same page with another second step. */
function withStep(path: string, step: SecondStep): string {
  const url = new URL(path, 'https://own.invalid');
  url.searchParams.set('with', step);
  return `${url.pathname}${url.search}`;
}

function PasswordFields({ page, options, error }: Props) {
  return (
    <>
      {/* Tells password managers whose password this is. */}
      <input type="text" name="username" value={options.email} autocomplete="username" hidden readonly />
      <PasswordField
        page={page}
        id="password"
        name="password"
        label={page.t('signin.password.label')}
        error={error}
        autoComplete="current-password"
      />
    </>
  );
}

/** An app wants more than this account has. */
function Impossible({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <>
      <p>{t('signin.proof.impossible')}</p>
      <p>
        <a href="/security">{t('signin.proof.setUp')}</a>
      </p>
    </>
  );
}
