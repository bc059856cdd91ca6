import { Button, Form, Lead, LeftToRight, LinkButton, Notice, Stranger, Time } from '../web/components.tsx';
import { DoneMark, LiveState } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Review } from './link.ts';

/** Page 7: it is finished, this is where to undo it, and the phone can be put away. */
export function linkedPage(page: PageContext, { review }: { review: Review }): Page {
  const { t, person } = page;
  const collected = review.status === 'redeemed';
  return {
    title: t('link.done.title', { app: review.client.name }),
    ...(collected ? {} : { refreshAfter: 5 }),
    content: (
      <>
        <DoneMark />
        <h1>
          {t.rich('link.done.heading', {
            app: <Stranger>{review.client.name}</Stranger>,
            name: <Stranger>{person?.name ?? ''}</Stranger>,
          })}
        </h1>
        <LiveState url={collected ? undefined : `/link/${review.id}/state`} state={review.status}>
          {t(collected ? 'link.done.collected' : 'link.done.waiting')}
        </LiveState>
        <Lead>{t('link.done.undo')}</Lead>
        <LinkButton href={`/devices/${review.deviceId}`}>{t('link.done.device')}</LinkButton>
      </>
    ),
  };
}

/** Page 8: leaves the person safe and unashamed, and lets them say that somebody sent them the code (B29). */
export function stoppedPage(page: PageContext, { review, reported }: { review: Review; reported: boolean }): Page {
  const { t } = page;
  return {
    title: t('link.stopped.title'),
    content: (
      <>
        <h1>{t('link.stopped.title')}</h1>
        <Lead>{t.rich('link.stopped.lead', { app: <Stranger>{review.client.name}</Stranger> })}</Lead>
        {reported ? (
          <Notice kind="done" title={t('link.reported.title')}>
            <p>{t('link.reported.text')}</p>
          </Notice>
        ) : (
          <Form page={page} action={`/link/${review.id}`}>
            <p>{t('link.stopped.sent')}</p>
            <Button kind="secondary" name="decision" value="report">
              {t('link.stopped.report')}
            </Button>
          </Form>
        )}
        <h2>{t('link.stopped.next')}</h2>
        <ul>
          <li>
            <a href="/devices">{t('link.stopped.devices')}</a>
          </li>
          <li>
            <a href="/security">{t('link.stopped.security')}</a>
          </li>
          <li>
            <a href="/link">{t('link.stopped.again')}</a>
          </li>
        </ul>
      </>
    ),
  };
}

/** The account that claimed the code sees the truth about its end; nobody else does. */
export function ranOutPage(page: PageContext, { review }: { review: Review }): Page {
  const { t } = page;
  return {
    title: t('link.expired.title'),
    status: 410,
    content: (
      <>
        <h1>{t('link.expired.title')}</h1>
        <Lead>
          {t.rich('link.expired.lead', {
            code: <LeftToRight>{review.userCode}</LeftToRight>,
            time: <Time page={page} at={review.expiresAt} show="time" />,
          })}
        </Lead>
        <LinkButton href="/link" kind="primary">
          {t('link.expired.enter')}
        </LinkButton>
      </>
    ),
  };
}

/** Two accounts typed the same code: one of them was given it by somebody else (A25). */
export function contestedPage(page: PageContext, { review }: { review: Review }): Page {
  const { t } = page;
  return {
    title: t('link.contested.title'),
    status: 409,
    content: (
      <>
        <h1>{t('link.contested.title')}</h1>
        <Lead>{t.rich('link.contested.lead', { code: <LeftToRight>{review.userCode}</LeftToRight> })}</Lead>
        <p>{t('link.contested.advice')}</p>
        <LinkButton href="/link" kind="primary">
          {t('link.expired.enter')}
        </LinkButton>
      </>
    ),
  };
}
