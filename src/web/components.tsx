import type { ComponentChild, ComponentChildren } from 'preact';
import { CopyButton } from './content.tsx';
import {
  Field,
  type FieldProps,
  fieldAttributes,
  PasswordToggle,
  type TextFieldProps,
  textAttributes,
} from './field.tsx';
import { formatLocale } from './messages.ts';
import type { PageContext } from './page.ts';
import { DrawnDevice, DrawnQr, PlateCode } from './pictures.tsx';

/** A form that posts to ourselves, with protection against forgery (F16). `data-*` attributes start islands. */
export function Form(props: {
  page: PageContext;
  action: string;
  children: ComponentChildren;
  id?: string;
  class?: string;
}) {
  return (
    <form id={props.id} class={props.class ?? 'form'} method="post" action={props.action} novalidate>
      <input type="hidden" name="csrf" value={props.page.csrf} />
      {props.children}
    </form>
  );
}

export function TextField(props: TextFieldProps) {
  return (
    <Field {...props}>
      <input {...textAttributes(props)} />
    </Field>
  );
}

/** Never filled in again after an error; the button to show it appears only where scripts run. */
export function PasswordField(props: FieldProps & { autoComplete: 'current-password' | 'new-password' }) {
  return (
    <Field {...props}>
      <div class="password">
        <input
          {...fieldAttributes(props)}
          class="input"
          type="password"
          dir="ltr"
          autocomplete={props.autoComplete}
          autocapitalize="none"
          spellcheck={false}
          required
        />
        <PasswordToggle page={props.page} id={props.id} />
      </div>
    </Field>
  );
}

export function Checkbox(props: {
  id: string;
  name: string;
  value?: string;
  label: ComponentChild;
  checked?: boolean;
  required?: boolean;
}) {
  return (
    <p class="checkbox">
      <input
        id={props.id}
        type="checkbox"
        name={props.name}
        value={props.value ?? 'yes'}
        checked={props.checked}
        required={props.required}
      />
      <label for={props.id}>{props.label}</label>
    </p>
  );
}

export type ButtonKind = 'primary' | 'secondary' | 'stop';

export function Button(props: { children: ComponentChildren; kind?: ButtonKind; name?: string; value?: string }) {
  return (
    <button class={`button button-${props.kind ?? 'primary'}`} type="submit" name={props.name} value={props.value}>
      {props.children}
    </button>
  );
}

export function LinkButton(props: { href: string; children: ComponentChildren; kind?: ButtonKind }) {
  return (
    <a class={`button button-${props.kind ?? 'secondary'}`} href={props.href}>
      {props.children}
    </a>
  );
}

/** Buttons side by side where there is room. `equal` gives both the same size and weight (review, consent). */
export function ButtonRow(props: { children: ComponentChildren; equal?: boolean }) {
  return <div class={props.equal ? 'buttons buttons-equal' : 'buttons'}>{props.children}</div>;
}

export function BackLink(props: { href: string; children: ComponentChildren }) {
  return (
    <p class="back">
      <a href={props.href}>{props.children}</a>
    </p>
  );
}

/** A quieter line under a page's heading. */
export function Lead(props: { children: ComponentChildren }) {
  return <p class="lead">{props.children}</p>;
}

/** First thing on a page with errors. `field` is the id of the field to go to. */
export function ErrorSummary(props: { page: PageContext; errors: readonly { field?: string; text: string }[] }) {
  if (props.errors.length === 0) return null;
  return (
    // The alert is a child: focus moves to the parent, and a screen reader would read an alert there twice.
    <div class="error-summary" tabIndex={-1} data-focus>
      <div role="alert">
        <h2>{props.page.t('web.errorSummary.title')}</h2>
        <ul>
          {props.errors.map(({ field, text }) => (
            <li>{field ? <a href={`#${field}`}>{text}</a> : text}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** `unusual`: amber, only for "this is unusual here". `stop`: danger. `done`: a thing has just succeeded. */
export function Notice(props: {
  kind?: 'info' | 'unusual' | 'stop' | 'done';
  title?: ComponentChild;
  children?: ComponentChildren;
}) {
  const { kind = 'info' } = props;
  return (
    <div class={`notice notice-${kind}`} role={kind === 'done' ? 'status' : undefined}>
      {props.title && <h2 class="notice-title">{props.title}</h2>}
      {props.children}
    </div>
  );
}

export type SummaryRow = { label: ComponentChild; value: ComponentChild; action?: ComponentChild };

export function SummaryList(props: { rows: readonly (SummaryRow | false | undefined)[] }) {
  const rows = props.rows.filter((row): row is SummaryRow => Boolean(row));
  return (
    <dl class="summary">
      {rows.map(({ label, value, action }) => (
        <div class="summary-row">
          <dt>{label}</dt>
          <dd>{value}</dd>
          {action && <dd class="summary-action">{action}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** Text from a stranger, such as the name of an app or device: its direction stays inside (F15). */
export function Stranger(props: { children: ComponentChild }) {
  return <bdi>{props.children}</bdi>;
}

/** A user code with its dashes fits on a line of the narrowest screen. */
const longestUnbroken = 16;

/** Text that reads left to right in every language: codes, addresses, e-mails. */
export function LeftToRight({ children }: { children: ComponentChild }) {
  const text = typeof children === 'string' ? children : undefined;
  // On a small screen an e-mail address breaks where a reader would break it.
  const at = (text?.lastIndexOf('@') ?? -1) + 1;
  const kind = text === undefined || text.length > longestUnbroken ? undefined : 'unbroken';
  return (
    <bdi class={at > 0 ? 'address' : kind} dir="ltr">
      {text && at > 0 ? [text.slice(0, at), <wbr />, text.slice(at)] : children}
    </bdi>
  );
}

/** The code as on every screen. It may break at its dash only. `copy` adds a copy button where scripts run. */
export function CodePlate(props: { page: PageContext; code: string; label?: ComponentChild; copy?: boolean }) {
  return (
    <div class="plate">
      {props.label && <p class="plate-label">{props.label}</p>}
      <PlateCode code={props.code} />
      {props.copy && <CopyButton page={props.page} text={props.code} />}
    </div>
  );
}

export type CardProps = {
  /** The whole card is then one link, 44 px and more. */
  href?: string;
  picture?: ComponentChild;
  title: ComponentChild;
  /** One quiet line under the title. */
  meta?: ComponentChild;
  tag?: ComponentChild;
  /** Buttons or forms after the text. */
  children?: ComponentChildren;
};

export function CardList(props: { cards: readonly CardProps[]; label?: string }) {
  return (
    <ul class="cards" aria-label={props.label}>
      {props.cards.map((card) => (
        <li class={card.href && !card.children ? 'card card-goes' : 'card'}>
          {card.picture && <span class="card-picture">{card.picture}</span>}
          <div class="card-text">
            <p class="card-title">{card.href ? <a href={card.href}>{card.title}</a> : card.title}</p>
            {card.meta && <p class="card-meta">{card.meta}</p>}
          </div>
          {card.tag}
          {card.children && <div class="card-actions">{card.children}</div>}
        </li>
      ))}
    </ul>
  );
}

export function Tag(props: { kind?: 'quiet' | 'good' | 'unusual' | 'stop'; children: ComponentChildren }) {
  return <span class={`tag tag-${props.kind ?? 'quiet'}`}>{props.children}</span>;
}

/** A line drawing; decoration beside a name, so screen readers pass it by. Unknown words draw the unknown device. */
export function DeviceIcon(props: { type: string | undefined; large?: boolean }) {
  return <DrawnDevice type={props.type} large={props.large ?? false} />;
}

/** Black on white in every theme. `label` says where it leads; print the address beside it (WCAG 1.1.1). */
export function QrCode(props: { text: string; label: string }) {
  return <DrawnQr text={props.text} label={props.label} />;
}

/** An instant in UTC, which the island turns into the reader's own time zone. `at` in epoch milliseconds. */
export function Time(props: { page: PageContext; at: number; show?: 'time' | 'date' | 'both' }) {
  const show = props.show ?? 'both';
  const options: Intl.DateTimeFormatOptions = {
    ...(show === 'time' ? {} : { dateStyle: 'medium' }),
    ...(show === 'date' ? {} : { timeStyle: 'short' }),
    timeZone: 'UTC',
  };
  const text = new Intl.DateTimeFormat(formatLocale(props.page.locale), options).format(props.at);
  return (
    <time dateTime={new Date(props.at).toISOString()} data-time={show}>
      {show === 'date' ? text : `${text} UTC`}
    </time>
  );
}

/**
 * A form that asks the browser for a passkey and posts it as JSON in the field `credential`.
 * Shown by its island only and where browsers make passkeys: always offer another way beside it.
 */
export function PasskeyForm(props: {
  page: PageContext;
  action: string;
  mode: 'get' | 'create';
  /** `PublicKeyCredentialRequestOptionsJSON` or `…CreationOptionsJSON`. */
  options: unknown;
  submitLabel: ComponentChild;
  kind?: ButtonKind;
  /** Also offers passkeys from the browser's autofill, in a field with `autocomplete="username webauthn"`. */
  autofill?: boolean;
  /** Further fields, such as the passkey's name. */
  children?: ComponentChildren;
}) {
  const { page, mode } = props;
  if (!page.passkeys) return null;
  return (
    <div
      class="passkey"
      hidden
      data-passkey={mode}
      data-options={JSON.stringify(props.options)}
      data-autofill={props.autofill ? '' : undefined}
    >
      <Form page={page} action={props.action}>
        {props.children}
        <input type="hidden" name="credential" value="" />
        <Button kind={props.kind ?? 'primary'}>{props.submitLabel}</Button>
        <p class="passkey-failed" role="status" hidden data-already={page.t('web.passkey.already')}>
          {page.t(mode === 'get' ? 'web.passkey.getFailed' : 'web.passkey.createFailed')}{' '}
          <a href="/help/passkey">{page.t('web.passkey.help')}</a>
        </p>
      </Form>
    </div>
  );
}
