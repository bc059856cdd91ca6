import type { ComponentChild, ComponentChildren } from 'preact';
import type { PageContext } from './page.ts';
import { type DeviceKind, DrawnDevice, DrawnEvent, DrawnTick, type EventPicture } from './pictures.tsx';

export function Steps(props: { steps: readonly ComponentChild[] }) {
  return (
    <ol class="steps">
      {props.steps.map((step) => (
        <li>{step}</li>
      ))}
    </ol>
  );
}

/** One of several answers of which one is given; those of one question share `name`. */
export function Choice(props: { name: string; value: string; checked?: boolean; children: ComponentChildren }) {
  const id = `${props.name}-${props.value}`;
  return (
    <p class="checkbox">
      <input id={id} type="radio" name={props.name} value={props.value} checked={props.checked} />
      <label for={id}>{props.children}</label>
    </p>
  );
}

export function EmptyState(props: { type?: DeviceKind; title: ComponentChild; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <DrawnDevice type={props.type ?? 'tv'} large />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** Beside a line that says what happened, so screen readers pass it by. */
export function EventIcon({ kind }: { kind: EventPicture }) {
  return <DrawnEvent kind={kind} />;
}

/** The one celebrated moment: both screens turn to the same mark. */
export function DoneMark() {
  return <DrawnTick />;
}

/** Loads the page again once what `live.answer` says at `url` is no longer `state`; without `url` nothing more is awaited. */
export function LiveState(props: { url?: string | undefined; state: string; children?: ComponentChildren }) {
  return (
    <p class="live" role="status" data-live={props.url} data-state={props.state}>
      {props.children}
    </p>
  );
}

/** Hidden until its island runs: without scripts it could do nothing. */
export function CopyButton(props: { page: PageContext; text: string }) {
  const { t } = props.page;
  return (
    <p class="copy">
      <button class="button button-secondary" type="button" hidden data-copy={props.text}>
        {t('web.copy.button')}
      </button>
      <span class="copy-done" role="status" data-copied={t('web.copy.done')} />
    </p>
  );
}

/** Hidden until its island runs: without scripts it could do nothing. */
export function PrintButton({ page }: { page: PageContext }) {
  return (
    <button class="button button-secondary" type="button" hidden data-print>
      {page.t('web.print.button')}
    </button>
  );
}

/** Codes on a sheet of paper: as large as fits, one under the other, never broken in the middle. */
export function CodeSheet(props: { codes: readonly string[]; children?: ComponentChildren }) {
  return (
    <div class="sheet">
      <ul class={props.codes.length > 1 ? 'sheet-codes sheet-many' : 'sheet-codes'}>
        {props.codes.map((code) => (
          <li>
            <bdi dir="ltr" translate={false}>
              {code}
            </bdi>
          </li>
        ))}
      </ul>
      <div class="sheet-about">{props.children}</div>
    </div>
  );
}
