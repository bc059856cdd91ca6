import { Button, ButtonRow, Form, Lead, LinkButton, Time } from '../web/components.tsx';
import { EmptyState } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { ActivityRows } from './activity-rows.tsx';
import { type Filter, filters } from './kinds.ts';
import { dayOf, type Row } from './rows.ts';

/** How long events are kept, and what of them says where somebody was. */
export type Kept = { days: number; placeDays: number };

export type ActivityPageProps = {
  page: PageContext;
  rows: Row[];
  filter: Filter;
  now: number;
  kept: Kept;
  /** Where the next page begins. */
  older: string | undefined;
  /** True if this is not the newest page. */
  isOlder: boolean;
};

export function activityPage(props: ActivityPageProps): Page {
  const { page, rows, filter, older } = props;
  const { t } = page;
  const title = t('activity.title');
  return {
    title: filter === 'all' ? title : `${title}: ${t(`activity.filter.${filter}`)}`,
    content: (
      <>
        <h1>{title}</h1>
        <Lead>{t('activity.lead')}</Lead>
        <Filters page={page} filter={filter} />
        {rows.length === 0 ? <Nothing {...props} /> : <Days {...props} />}
        {(older !== undefined || props.isOlder) && <Paging {...props} />}
        <Retention {...props} />
        <ButtonRow>
          <LinkButton href="/sessions">{t('activity.toSessions')}</LinkButton>
          <LinkButton href="/activity/export">{t('activity.toExport')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

const pathOf = (filter: Filter): string => (filter === 'all' ? '/activity' : `/activity?show=${filter}`);

function Filters({ page: { t }, filter }: { page: PageContext; filter: Filter }) {
  return (
    <nav class="filters" aria-label={t('activity.filter')}>
      <ul>
        {filters.map((each) => (
          <li>
            <a href={pathOf(each)} aria-current={each === filter ? 'true' : undefined}>
              {t(`activity.filter.${each}`)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Days({ page, rows, now }: ActivityPageProps) {
  const days = Map.groupBy(rows, ({ at }) => dayOf(at));
  return (
    <div data-days>
      {[...days.values()].map((ofDay) => (
        <section class="day">
          <h2>
            <Time page={page} at={ofDay[0]?.at ?? 0} show="date" />
          </h2>
          <ActivityRows page={page} rows={ofDay} now={now} label={page.t('activity.ofDay')} ofDay />
        </section>
      ))}
    </div>
  );
}

function Nothing({ page: { t }, filter, isOlder }: ActivityPageProps) {
  const key = isOlder ? 'older' : filter === 'all' ? 'all' : 'filtered';
  return (
    <EmptyState type="unknown" title={t(`activity.empty.${key}`)}>
      {key === 'filtered' && (
        <p>
          <a href="/activity">{t('activity.empty.showAll')}</a>
        </p>
      )}
    </EmptyState>
  );
}

function Paging({ page: { t }, filter, older, isOlder }: ActivityPageProps) {
  const path = pathOf(filter);
  return (
    <nav class="buttons" aria-label={t('activity.paging')}>
      {older !== undefined && (
        <LinkButton href={`${path}${path.includes('?') ? '&' : '?'}older=${encodeURIComponent(older)}`}>
          {t('activity.older')}
        </LinkButton>
      )}
      {isOlder && <LinkButton href={path}>{t('activity.newest')}</LinkButton>}
    </nav>
  );
}

function Retention({ page: { t }, kept }: ActivityPageProps) {
  const key = kept.placeDays < kept.days ? 'activity.keptPlaces' : 'activity.kept';
  return <p class="quiet">{t(key, { days: kept.days, places: kept.placeDays })}</p>;
}

export function exportPage({ page, kept }: { page: PageContext; kept: Kept }): Page {
  const { t } = page;
  return {
    title: t('activity.export.title'),
    content: (
      <>
        <h1>{t('activity.export.title')}</h1>
        <Lead>{t('activity.export.text', { days: kept.days })}</Lead>
        <Form page={page} action="/activity/export">
          <ButtonRow>
            <Button kind="primary" name="format" value="csv">
              {t('activity.export.csv')}
            </Button>
            <Button kind="secondary" name="format" value="json">
              {t('activity.export.json')}
            </Button>
            <LinkButton href="/activity">{t('activity.export.back')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}
