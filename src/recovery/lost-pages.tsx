import {
  BackLink,
  Button,
  ButtonRow,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  SummaryList,
  Time,
} from '../web/components.tsx';
import { DoneMark, Steps } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Attempt } from './attempt.ts';

type Props = { page: PageContext; attempt: Attempt | undefined; waitHours: number; endsAt: number; tooOften?: boolean };

/** Slow, loud and cancellable. */
export function lostPage(props: Props): Page {
  const { attempt } = props;
  if (attempt?.status === 'waiting') return waitingPage(props.page, attempt);
  if (attempt?.status === 'ready') return readyPage(props.page);
  if (attempt?.status === 'cancelled') return stoppedPage(props.page);
  return choicesPage(props);
}

function choicesPage({ page, attempt, waitHours, endsAt, tooOften }: Props): Page {
  const { t } = page;
  const mayWait = attempt?.status === 'open' && attempt.held && !attempt.mayFinish;
  return {
    title: t('recovery.lost.title'),
    ...(tooOften ? { status: 429 } : {}),
    content: (
      <>
        <BackLink href={attempt ? '/recover/choose' : '/recover'}>{t('recovery.back')}</BackLink>
        <h1>{t('recovery.lost.title')}</h1>
        {tooOften && (
          <Notice kind="stop" title={t('recovery.lost.tooOftenTitle')}>
            <p>{t('recovery.lost.tooOften')}</p>
          </Notice>
        )}
        <Lead>{t(mayWait ? 'recovery.lost.oneProof' : 'recovery.lost.text')}</Lead>
        <h2>{t('recovery.lost.choices')}</h2>
        <ul class="list">
          <li>{t('recovery.lost.otherDevice')}</li>
          <li>{t('recovery.lost.otherAddress')}</li>
          <li>{t('recovery.lost.paper')}</li>
          <li>{t('recovery.lost.operator')}</li>
        </ul>
        <h2>{t('recovery.lost.waitTitle', { hours: waitHours })}</h2>
        <p>{t('recovery.lost.waitText')}</p>
        {mayWait && !tooOften ? (
          <>
            <Steps
              steps={[
                t('recovery.lost.stepTold'),
                t.rich('recovery.lost.stepDate', { date: <Time page={page} at={endsAt} /> }),
                t('recovery.lost.stepFinish'),
              ]}
            />
            <Form page={page} action="/recover/lost">
              <Button name="action" value="wait">
                {t('recovery.lost.start')}
              </Button>
            </Form>
          </>
        ) : (
          <p>
            <LinkButton href={attempt ? '/recover/choose' : '/recover'} kind="primary">
              {t('recovery.lost.prove')}
            </LinkButton>
          </p>
        )}
        <section class="aside">
          <h2>{t('recovery.lost.stolenTitle')}</h2>
          <p>
            {t('recovery.lost.stolen')} <a href="/recover/report">{t('recovery.lost.report')}</a>
          </p>
        </section>
      </>
    ),
  };
}

function waitingPage(page: PageContext, attempt: Attempt): Page {
  const { t } = page;
  return {
    title: t('recovery.waiting.title'),
    refreshAfter: 300,
    content: (
      <>
        <h1>{t('recovery.waiting.title')}</h1>
        <SummaryList
          rows={[
            { label: t('recovery.waiting.account'), value: <LeftToRight>{attempt.email}</LeftToRight> },
            { label: t('recovery.waiting.ends'), value: <Time page={page} at={attempt.waitsUntil ?? 0} /> },
          ]}
        />
        <Steps steps={[t('recovery.waiting.told'), t('recovery.waiting.mail'), t('recovery.waiting.finish')]} />
        <p>{t('recovery.waiting.close')}</p>
        <Form page={page} action="/recover/lost">
          <Button kind="secondary" name="action" value="stop">
            {t('recovery.waiting.stop')}
          </Button>
        </Form>
        <p class="aside">
          {t('recovery.waiting.found')} <a href="/recover">{t('recovery.waiting.other')}</a>
        </p>
      </>
    ),
  };
}

function readyPage(page: PageContext): Page {
  const { t } = page;
  return {
    title: t('recovery.ready.title'),
    content: (
      <>
        <h1>{t('recovery.ready.title')}</h1>
        <Lead>{t('recovery.ready.text')}</Lead>
        <p>
          <LinkButton href="/recover/password" kind="primary">
            {t('recovery.continue')}
          </LinkButton>
        </p>
      </>
    ),
  };
}

function stoppedPage(page: PageContext): Page {
  const { t } = page;
  return {
    title: t('recovery.stopped.title'),
    content: (
      <>
        <h1>{t('recovery.stopped.title')}</h1>
        <Lead>{t('recovery.stopped.text')}</Lead>
        <ButtonRow>
          <LinkButton href="/signin" kind="primary">
            {t('recovery.done.signIn')}
          </LinkButton>
          <LinkButton href="/recover">{t('recovery.stopped.again')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

/** Reached from a mail, signed in or not. Mail scanners open every link, so this page changes nothing. */
export function cancelPage(props: { page: PageContext; token: string; email: string; done: boolean }): Page {
  const { page, done } = props;
  const { t } = page;
  const key = done ? 'disown' : 'cancel';
  return {
    title: t(`recovery.${key}.title`),
    content: (
      <>
        <h1>{t(`recovery.${key}.title`)}</h1>
        <Lead>{t.rich(`recovery.${key}.text`, { email: <LeftToRight>{props.email}</LeftToRight> })}</Lead>
        <Form page={page} action={`/recover/cancel/${encodeURIComponent(props.token)}`}>
          <Button kind="stop">{t(`recovery.${key}.button`)}</Button>
        </Form>
        <p class="aside">{t(`recovery.${key}.keep`)}</p>
      </>
    ),
  };
}

/** To whoever is signed in for a few days only. It says who can: the owner has one of these, and a stranger has none. */
export function tooYoungPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('recovery.young.title'),
    status: 403,
    content: (
      <>
        <h1>{t('recovery.young.title')}</h1>
        <Lead>{t('recovery.young.text')}</Lead>
        <Steps steps={[t('recovery.young.mail'), t('recovery.young.browser'), t('recovery.young.step')]} />
        <ButtonRow>
          <LinkButton href="/activity" kind="primary">
            {t('recovery.young.activity')}
          </LinkButton>
          <LinkButton href="/security">{t('recovery.cancelled.security')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

export function cancelledPage({ page, disowned = false }: { page: PageContext; disowned?: boolean }): Page {
  const { t } = page;
  const key = disowned ? 'disowned' : 'cancelled';
  return {
    title: t(`recovery.${key}.title`),
    content: (
      <>
        <DoneMark />
        <h1>{t(`recovery.${key}.title`)}</h1>
        <Lead>{t(`recovery.${key}.text`)}</Lead>
        <h2>{t('recovery.cancelled.next')}</h2>
        <Steps
          steps={[t('recovery.cancelled.mailbox'), t('recovery.cancelled.password'), t('recovery.cancelled.ways')]}
        />
        <ButtonRow>
          {disowned ? (
            <LinkButton href="/recover" kind="primary">
              {t('recovery.disowned.again')}
            </LinkButton>
          ) : (
            <LinkButton href="/security" kind="primary">
              {t('recovery.cancelled.security')}
            </LinkButton>
          )}
        </ButtonRow>
      </>
    ),
  };
}
