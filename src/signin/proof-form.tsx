import { Button, Form, PasskeyForm, PasswordField, TextField } from '../web/components.tsx';
import type { PageContext } from '../web/page.ts';

import type { ProofOptions, ProofResult } from './signin.ts';

/** The words for a failed proof. */
export function proofError(page: PageContext, failure: Extract<ProofResult, { ok: false }>): string {
  if (failure.retryAt === undefined) return page.t(failure.error);
  const time = new Intl.DateTimeFormat(page.locale, { timeStyle: 'short', timeZone: 'UTC' }).format(failure.retryAt);
  return page.t(failure.error, { time: `${time} UTC` });
}

/**
 * Proves that it is still them: passkey first, else the password, and the code of the app where one is set up.
 * Posts `credential`, or `password` and `code`, to `action`. `error` is already translated; the page that shows it puts
 * an ErrorSummary for the field `password` on top and sets `hasErrors`.
 */
export function ProofForm(props: {
  page: PageContext;
  action: string;
  options: ProofOptions;
  error?: string | undefined;
  submitLabel: string;
}) {
  const { page, action, options, error, submitLabel } = props;
  const { t } = page;
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
      {options.password && (
        <Form page={page} action={action}>
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={options.email} autocomplete="username" hidden readonly />
          <PasswordField
            page={page}
            id="password"
            name="password"
            label={t('signin.password.label')}
            error={error}
            autoComplete="current-password"
          />
          {options.app && (
            <TextField
              page={page}
              id="code"
              name="code"
              label={t('signin.code.label')}
              hint={t('signin.code.hint')}
              code="digits"
            />
          )}
          <Button kind={options.passkey ? 'secondary' : 'primary'}>{submitLabel}</Button>
        </Form>
      )}
      {!options.password && (
        <noscript>
          <p>{t('signin.proof.needsScript')}</p>
        </noscript>
      )}
    </>
  );
}
