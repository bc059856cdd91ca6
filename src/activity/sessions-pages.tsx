import { Ago, countryName } from '../devices/device-words.tsx';
import { browserLabel, browserName } from '../signin/browser-name.ts';
import { Button, ButtonRow, CardList, DeviceIcon, Form, Lead, LinkButton, Notice, Tag } from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { browserWords } from './activity-rows.tsx';

/** Where the account is signed in. Times are epoch milliseconds. */
export type Session = {
  sessionId: string;
  userAgent?: string | undefined;
  country?: string | undefined;
  signedInAt: number;
  seenAt: number;
};

export type SessionsPageProps = {
  page: PageContext;
  /** This browser's first. */
  sessions: Session[];
  current: string;
  now: number;
  ended: 'one' | 'others' | undefined;
};

export function sessionsPage(props: SessionsPageProps): Page {
  const { page, sessions, current, ended } = props;
  const { t } = page;
  const others = sessions.filter(({ sessionId }) => sessionId !== current);
  return {
    title: t('activity.sessions.title'),
    content: (
      <>
        <h1>{t('activity.sessions.title')}</h1>
        {ended && <Notice kind="done" title={t(`activity.sessions.ended.${ended}`)} />}
        <Lead>{t('activity.sessions.lead')}</Lead>
        <CardList label={t('activity.sessions.title')} cards={sessions.map((session) => cardOf(props, session))} />
        {others.length === 0 ? (
          <p>{t('activity.sessions.onlyHere')}</p>
        ) : (
          <Form page={page} action="/sessions">
            <Button kind="stop" name="action" value="others">
              {t('activity.sessions.endOthers', { count: others.length })}
            </Button>
          </Form>
        )}
        <p>{t('activity.sessions.devices')}</p>
        <ButtonRow>
          <LinkButton href="/devices">{t('activity.sessions.toDevices')}</LinkButton>
          <LinkButton href="/activity">{t('activity.toActivity')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

function cardOf(props: SessionsPageProps, session: Session) {
  const { page, current, now } = props;
  const { t, locale } = page;
  const isCurrent = session.sessionId === current;
  const name = browserWords(t, browserLabel(session.userAgent)) ?? t('activity.sessions.unknown');
  const place = countryName(locale, session.country);
  return {
    picture: <DeviceIcon type={pictureOf(session.userAgent)} />,
    title: name,
    tag: isCurrent && <Tag kind="good">{t('activity.sessions.this')}</Tag>,
    meta: (
      <>
        {place !== undefined && (
          <>
            {place}
            <br />
          </>
        )}
        {t('activity.sessions.since')}: <Ago page={page} at={session.signedInAt} now={now} />
        {!isCurrent && (
          <>
            <br />
            {t('activity.sessions.seen')}: <Ago page={page} at={session.seenAt} now={now} brief />
          </>
        )}
      </>
    ),
    children: !isCurrent && (
      <Form page={page} action="/sessions">
        <input type="hidden" name="session" value={session.sessionId} />
        <Button kind="secondary" name="action" value="end">
          {t('activity.sessions.end')}
          <span class="unseen">: {name}</span>
        </Button>
      </Form>
    ),
  };
}

const handhelds = ['Android', 'iPhone', 'iPad'];

const pictureOf = (userAgent: string | undefined): string =>
  handhelds.includes(browserName(userAgent).system ?? '') ? 'phone' : 'computer';
