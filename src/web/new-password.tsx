import { PasswordField } from './components.tsx';
import type { PageContext } from './page.ts';

/**
 * A field to choose a password in. What is typed stays in the browser until the form is sent: an island rates it there,
 * in words, by rules like the server's, which decide. `own` are words that others would try first for this person.
 */
export function NewPasswordField(props: {
  page: PageContext;
  id: string;
  name: string;
  label: string;
  minimum: number;
  own: readonly string[];
  error?: string | undefined;
}) {
  const { page, id, minimum, own, ...field } = props;
  const { t } = page;
  const words = Object.fromEntries(
    ['weak', 'fair', 'good', 'strong'].map((name) => [`data-${name}`, t(`web.newPassword.${name}`)]),
  );
  return (
    <div class="new-password">
      <PasswordField
        {...field}
        page={page}
        id={id}
        hint={t('web.newPassword.hint', { minimum })}
        autoComplete="new-password"
      />
      <p
        class="strength"
        id={`${id}-strength`}
        hidden
        data-strength={id}
        data-minimum={minimum}
        data-own={own.join(' ')}
        data-short={t('web.newPassword.short')}
        {...words}
      >
        <span class="strength-bar" aria-hidden="true">
          <span />
          <span />
          <span />
          <span />
        </span>
        {/* Polite: a person who types hears of it in the pauses. */}
        <span class="strength-words" role="status" aria-live="polite" />
      </p>
    </div>
  );
}
