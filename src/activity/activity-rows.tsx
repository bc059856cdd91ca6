import { Ago, countryName } from '../devices/device-words.tsx';
import { DeviceIcon, Stranger, Tag } from '../web/components.tsx';
import { EventIcon } from '../web/content.tsx';
import type { Translate } from '../web/messages.ts';
import type { PageContext } from '../web/page.ts';
import type { Row } from './rows.ts';

/** What happened, in one short sentence. */
export function titleOf(t: Translate, row: Pick<Row, 'type' | 'name' | 'detail' | 'count'>): string {
  const { name = '', detail = 'other', count } = row;
  return t(`activity.row.${row.type}`, { name, named: name === '' ? 'no' : 'yes', detail, count });
}

/** `Firefox on Linux`, as the journal says it, in the reader's language. */
export function browserWords(t: Translate, label: string | undefined): string | undefined {
  const [browser, system] = label?.split(' on ') ?? [];
  return browser && system ? t('activity.browser', { browser, system }) : browser;
}

const knownMethods = ['pwd', 'otp', 'passkey', 'key', 'recovery'];

export function methodWords(t: Translate, locale: string, methods: readonly string[]): string | undefined {
  const words = methods.filter((method) => knownMethods.includes(method)).map((one) => t(`activity.method.${one}`));
  if (words.length === 0) return undefined;
  const list = new Intl.ListFormat(locale, { type: 'conjunction' }).format(words);
  return list.charAt(0).toLocaleUpperCase(locale) + list.slice(1);
}

/** With what, where and how, as far as it is known. */
export function factsOf({ t, locale }: Pick<PageContext, 't' | 'locale'>, row: Row): string[] {
  return [browserWords(t, row.browser), countryName(locale, row.country), methodWords(t, locale, row.methods)].filter(
    (fact) => fact !== undefined,
  );
}

export function RowPicture({ row }: { row: Pick<Row, 'picture' | 'deviceType'> }) {
  const { picture } = row;
  if (picture === 'link' || picture === 'unlink') return <DeviceIcon type={row.deviceType} />;
  return <EventIcon kind={picture} />;
}

/** Rows as cards, newest first. `brief` leaves out the instant and the way to say "this wasn't me"; `ofDay` only the date. */
export function ActivityRows(props: {
  page: PageContext;
  rows: readonly Row[];
  now: number;
  label: string;
  brief?: boolean;
  ofDay?: boolean;
}) {
  const { page, rows, now, brief = false, ofDay = false } = props;
  return (
    <ul class="cards events" aria-label={props.label}>
      {rows.map((row) => (
        <li class="card">
          <span class="card-picture">
            <RowPicture row={row} />
          </span>
          <div class="card-text">
            <p class="card-title">
              <Stranger>{titleOf(page.t, row)}</Stranger>
              {row.disowned && <Tag kind="stop">{page.t('activity.disowned')}</Tag>}
            </p>
            <RowFacts page={page} row={row} />
            <p class="card-meta">
              <Ago page={page} at={row.at} now={now} brief={brief} {...(ofDay ? { show: 'time' } : {})} />
            </p>
          </div>
          {!brief && <RowAction page={page} row={row} />}
        </li>
      ))}
    </ul>
  );
}

function RowFacts({ page, row }: { page: PageContext; row: Row }) {
  const facts = factsOf(page, row);
  return facts.length > 0 ? <p class="card-meta">{facts.join(' · ')}</p> : null;
}

/** Every row has one (ux.md page 33). Its name says which, for whoever hears the links one after the other. */
function RowAction({ page: { t }, row }: { page: PageContext; row: Row }) {
  return (
    <p class="card-actions">
      <a class="card-link" href={`/activity/${row.id}`}>
        {t(row.disowned ? 'activity.details' : 'activity.notMe')}
        <span class="unseen">: {titleOf(t, row)}</span>
      </a>
    </p>
  );
}
