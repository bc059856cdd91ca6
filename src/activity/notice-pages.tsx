import { Ago, countryName } from '../devices/device-words.tsx';
import { Button, ButtonRow, Form, Lead, LinkButton, Notice as NoticeBox, SummaryList } from '../web/components.tsx';
import { DoneMark, Steps } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { browserWords } from './activity-rows.tsx';
import type { Notice } from './notices.ts';

type NoticeProps = { page: PageContext; notice: Notice; now: number };

/** Behind the link in the mail, signed in or not. Mail scanners open every link, so this page changes nothing. */
export function noticePage({ page, notice, now, token }: NoticeProps & { token: string }): Page {
  const { t } = page;
  return {
    title: t('activity.undo.title'),
    content: (
      <>
        <h1>{t('activity.undo.title')}</h1>
        <Lead>{t('activity.undo.text')}</Lead>
        <Facts page={page} notice={notice} now={now} />
        <Form page={page} action={`/activity/undo/${token}`}>
          <Button kind="stop" name="action" value="end">
            {t('activity.undo.button')}
          </Button>
        </Form>
        <p>{t('activity.undo.keep')}</p>
      </>
    ),
  };
}

function Facts({ page, notice, now }: NoticeProps) {
  const { t, locale } = page;
  return (
    <SummaryList
      rows={[
        { label: t('activity.with'), value: browserWords(t, notice.browser) ?? t('activity.unknown') },
        { label: t('activity.where'), value: countryName(locale, notice.country) ?? t('activity.unknown') },
        { label: t('activity.when'), value: <Ago page={page} at={notice.at} now={now} /> },
      ]}
    />
  );
}

/** The same whether it ended now or before: what counts is that it has. */
export function noticeEndedPage({ page, notice }: { page: PageContext; notice: Notice }): Page {
  const { t } = page;
  return {
    title: t('activity.undone.title'),
    content: (
      <>
        <DoneMark />
        <h1>{t('activity.undone.title')}</h1>
        <p>{t('activity.undone.text')}</p>
        <NoticeBox title={t('activity.undone.next')}>
          <Steps steps={[t('activity.undone.signIn'), t('activity.undone.password'), t('activity.undone.lost')]} />
        </NoticeBox>
        <ButtonRow>
          <LinkButton href={notice.eventId ? `/activity/${notice.eventId}` : '/activity'} kind="primary">
            {t('activity.undone.button')}
          </LinkButton>
          <LinkButton href="/recover">{t('activity.undone.recover')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

export function unknownNoticePage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('activity.gone.title'),
    status: 404,
    content: (
      <>
        <h1>{t('activity.gone.title')}</h1>
        <p>{t('activity.gone.text')}</p>
        <LinkButton href="/sessions" kind="primary">
          {t('activity.toSessions')}
        </LinkButton>
      </>
    ),
  };
}
