import { displayName } from '../account/account.ts';
import type { Activity } from '../activity/activity.ts';
import { ActivityRows } from '../activity/activity-rows.tsx';
import { days } from '../clock.ts';
import { LinkButton, Notice, Stranger, SummaryList, Tag, Time } from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Overview } from './home.ts';
import { type Level, placeOf } from './protection.ts';

/** After so long, the check-up is offered again. */
const checkupEvery = days(180);

export const levelTags = { weak: 'stop', fair: 'unusual', good: 'good', best: 'good' } as const satisfies Record<
  Level,
  string
>;

/** Home: how the account stands, the one next sensible thing, and what happened last. */
export function homePage(props: {
  page: PageContext;
  overview: Overview;
  activity: Awaited<ReturnType<Activity['recent']>>;
  now: number;
}): Page {
  const { page, overview, activity, now } = props;
  const { t } = page;
  const { account, devices } = overview;
  return {
    title: t('home.title'),
    content: (
      <>
        {account.closingAt !== undefined && (
          <Notice kind="stop" title={t('home.closing.title')}>
            <p>
              {t('home.closing.on')} <Time page={page} at={account.closingAt} show="date" />
            </p>
            <LinkButton href="/profile/close">{t('home.closing.keep')}</LinkButton>
          </Notice>
        )}
        <h1>{t.rich('home.hello', { name: <Stranger>{displayName(account)}</Stranger> })}</h1>
        <NextThing page={page} overview={overview} now={now} />
        <section>
          <h2>{t('home.glance')}</h2>
          <SummaryList
            rows={[
              {
                label: t('home.protection'),
                value: <Tag kind={levelTags[overview.level]}>{t(`home.level.${overview.level}`)}</Tag>,
                action: <a href="/security">{t('home.ways')}</a>,
              },
              {
                label: t('home.devices'),
                value: t('home.devicesCount', { count: devices.length }),
                action: <a href="/devices">{t('home.seeDevices')}</a>,
              },
              {
                label: t('home.addresses'),
                value: t('home.addressesCount', { count: overview.addresses.length }),
                action: <a href="/security/addresses">{t('home.seeAddresses')}</a>,
              },
              {
                label: t('home.checkup'),
                value:
                  account.checkedAt === undefined ? (
                    t('home.checkupNever')
                  ) : (
                    <Time page={page} at={account.checkedAt} show="date" />
                  ),
                action: <a href="/checkup">{t('home.checkupStart')}</a>,
              },
            ]}
          />
        </section>
        <section>
          <h2>{t('home.recent')}</h2>
          <ActivityRows page={page} rows={activity} now={now} label={t('home.recent')} brief />
          <p>
            <a href="/activity">{t('home.allActivity')}</a>
          </p>
        </section>
      </>
    ),
  };
}

/** One thing, never a list: what helps this account most just now. */
function NextThing({ page, overview, now }: { page: PageContext; overview: Overview; now: number }) {
  const { t } = page;
  const { account, advice, devices, level } = overview;
  const first = advice[0];
  const urgent = level === 'weak' || level === 'fair';
  if (!urgent && now - (account.checkedAt ?? account.createdAt) > checkupEvery) {
    return (
      <Notice title={t('home.checkupDue')}>
        <p>{t('home.checkupWhy')}</p>
        <LinkButton href="/checkup" kind="primary">
          {t('home.checkupStart')}
        </LinkButton>
      </Notice>
    );
  }
  if (first) {
    return (
      <Notice kind={level === 'weak' ? 'unusual' : 'info'} title={t(`home.advice.${first}`)}>
        <p>{t(`home.advice.${first}.why`)}</p>
        <LinkButton href={placeOf[first]} kind="primary">
          {t(`home.advice.${first}.do`)}
        </LinkButton>
      </Notice>
    );
  }
  if (devices.length === 0) {
    return (
      <Notice title={t('home.link')}>
        <p>{t('home.linkWhy')}</p>
        <LinkButton href="/link" kind="primary">
          {t('home.linkDo')}
        </LinkButton>
      </Notice>
    );
  }
  return (
    <Notice kind="done" title={t('home.allGood')}>
      <p>{t('home.allGoodText')}</p>
      <LinkButton href="/link">{t('home.linkDo')}</LinkButton>
    </Notice>
  );
}
