import { Ago, countryName } from '../devices/device-words.tsx';
import { Button, ButtonRow, Form, Lead, LinkButton, Notice, SummaryList } from '../web/components.tsx';
import { DoneMark, Steps } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { browserWords } from './activity-rows.tsx';
import type { WayChange } from './way-changes.ts';

type Props = { page: PageContext; change: WayChange; now: number };

/** Behind the link of a mail about a change, signed in or not. Mail scanners open every link: this page changes nothing. */
export function changePage({ page, change, now, token }: Props & { token: string }): Page {
  const { t, locale } = page;
  return {
    title: t('activity.change.title'),
    content: (
      <>
        <h1>{t('activity.change.title')}</h1>
        <Lead>{t('activity.change.what', { kind: change.kind })}</Lead>
        <SummaryList
          rows={[
            { label: t('activity.when'), value: <Ago page={page} at={change.at} now={now} /> },
            { label: t('activity.with'), value: browserWords(t, change.browser) ?? t('activity.unknown') },
            { label: t('activity.where'), value: countryName(locale, change.country) ?? t('activity.unknown') },
          ]}
        />
        <p>{t('activity.ask.does')}</p>
        <ul>
          <li>{t('activity.change.sessions')}</li>
          <li>{t('activity.change.added')}</li>
          <li>{t('activity.change.password')}</li>
        </ul>
        <Form page={page} action={`/activity/change/${encodeURIComponent(token)}`}>
          <Button kind="stop" name="action" value="undo">
            {t('activity.change.button')}
          </Button>
        </Form>
        <p>{t('activity.undo.keep')}</p>
      </>
    ),
  };
}

/** The same whether it was taken back now or before: what counts is that it has been. */
export function changeUndonePage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('activity.changeDone.title'),
    content: (
      <>
        <DoneMark />
        <h1>{t('activity.changeDone.title')}</h1>
        <Lead>{t('activity.changeDone.text')}</Lead>
        <Notice title={t('activity.changeDone.next')}>
          <Steps
            steps={[t('activity.changeDone.password'), t('activity.changeDone.look'), t('activity.changeDone.mailbox')]}
          />
        </Notice>
        <ButtonRow>
          <LinkButton href="/recover" kind="primary">
            {t('activity.changeDone.recover')}
          </LinkButton>
          <LinkButton href="/signin">{t('activity.changeDone.signIn')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}
