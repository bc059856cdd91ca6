import type { ComponentChild } from 'preact';
import type { PageContext } from './page.ts';

export type FieldProps = {
  page: PageContext;
  id: string;
  name: string;
  label: ComponentChild;
  hint?: ComponentChild | undefined;
  /** The same words as in the error summary. */
  error?: string | undefined;
  autoComplete?: string | undefined;
  value?: string | undefined;
  /** Makes the label the page's h1: one question per page. */
  labelIsHeading?: boolean;
};

export type TextFieldProps = FieldProps & {
  type?: 'text' | 'email' | 'search' | 'tel';
  inputMode?: 'text' | 'numeric' | 'email';
  /** `user`: the code on another screen, with the dash island. `digits`: six digits from a mail or an app. */
  code?: 'user' | 'digits';
  autoFocus?: boolean;
  required?: boolean;
  enterKeyHint?: 'go' | 'next' | 'done';
};

/** Label, hint, error and whatever is typed into. */
export function Field(props: FieldProps & { children: ComponentChild }) {
  const { page, id, hint, error } = props;
  const label = (
    <label class="label" id={`${id}-label`} for={id}>
      {props.label}
    </label>
  );
  return (
    <div class={error ? 'field field-wrong' : 'field'}>
      {props.labelIsHeading ? <h1 class="label-heading">{label}</h1> : label}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          <span class="unseen">{page.t('web.errorPrefix')}</span> {error}
        </p>
      )}
      {props.children}
    </div>
  );
}

/** What ties an input to its label, hint and error. */
export function fieldAttributes({ id, name, hint, error }: FieldProps) {
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return {
    id,
    name,
    'aria-describedby': described || undefined,
    'aria-invalid': error ? ('true' as const) : undefined,
  };
}

/** The attributes of a text input: what autofill, keyboards and password managers need to know about it. */
export function textAttributes(props: TextFieldProps): object {
  const { type = 'text', code } = props;
  // Addresses and codes read left to right in every language.
  const leftToRight = type === 'email' || type === 'tel' || code !== undefined;
  return {
    ...fieldAttributes(props),
    class: code ? `input input-code input-${code}` : 'input',
    type,
    value: props.value ?? '',
    dir: leftToRight ? 'ltr' : 'auto',
    inputmode: props.inputMode ?? (code === 'digits' ? 'numeric' : undefined),
    autocomplete: props.autoComplete ?? (code === 'digits' ? 'one-time-code' : 'off'),
    autocapitalize: code === 'user' ? 'characters' : leftToRight ? 'none' : undefined,
    autocorrect: leftToRight ? 'off' : undefined,
    spellcheck: leftToRight ? false : undefined,
    enterkeyhint: props.enterKeyHint,
    'data-user-code': code === 'user' ? '' : undefined,
    autofocus: props.autoFocus,
    required: props.required ?? true,
  };
}

export function PasswordToggle({ page, id }: { page: PageContext; id: string }) {
  const { t } = page;
  return (
    <button
      class="button button-secondary password-toggle"
      type="button"
      hidden
      data-show-password={id}
      data-show={t('web.password.show')}
      data-hide={t('web.password.hide')}
      aria-controls={id}
      aria-describedby={`${id}-label`}
    >
      {t('web.password.show')}
    </button>
  );
}
