import { Ago, countryName, Scopes } from '../devices/device-words.tsx';
import { ProofForm } from '../signin/proof-form.tsx';
import type { ProofOptions } from '../signin/signin.ts';
import {
  Button,
  ButtonRow,
  Checkbox,
  CodePlate,
  DeviceIcon,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  Notice,
  Stranger,
  SummaryList,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Review } from './link.ts';

type Props = { review: Review; now: number };

/**
 * Page 4: the person tells a stranger's request from their own (ux.md §3; security.md A8, A23, B37).
 * "No" comes first and weighs as much; nothing is focused, so Enter approves nothing.
 */
export function reviewPage(page: PageContext, { review, now }: Props): Page {
  const { t } = page;
  const title = t('link.review.title', { app: review.client.name });
  return {
    title,
    content: (
      <>
        <DeviceIcon type={review.device.type} large />
        <h1>{t.rich('link.review.heading', { app: <Stranger>{review.client.name}</Stranger> })}</h1>
        <RiskNotice page={page} review={review} now={now} />
        <CodePlate page={page} code={review.userCode} label={t('link.review.code')} />
        <RequestFacts page={page} review={review} now={now} />
        <Lead>{t('link.review.unexpected')}</Lead>
        <Form page={page} action={`/link/${review.id}`}>
          {review.risk.level === 'high' && <input type="hidden" name="seen" value="yes" />}
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              {t('link.review.no')}
            </Button>
            <Button name="decision" value="approve">
              {t('link.review.yes')}
            </Button>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

/** In front of the review when the request is very unusual: a question that only someone at the device can answer. */
export function lookFirstPage(page: PageContext, { review, now, missed }: Props & { missed: boolean }): Page {
  const { t } = page;
  return {
    title: t('link.look.title'),
    hasErrors: missed,
    status: missed ? 422 : 200,
    content: (
      <>
        <ErrorSummary page={page} errors={missed ? [{ field: 'seen', text: t('link.look.missed') }] : []} />
        <h1>{t('link.look.title')}</h1>
        <RiskNotice page={page} review={review} now={now} />
        <CodePlate page={page} code={review.userCode} label={t('link.review.code')} />
        <Form page={page} action={`/link/${review.id}`}>
          <Checkbox id="seen" name="seen" label={t('link.look.seen')} />
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              {t('link.review.no')}
            </Button>
            <Button name="decision" value="look">
              {t('link.look.continue')}
            </Button>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

type ProveProps = Props & { options: ProofOptions; error?: string | undefined; status?: number };

/** Page 5: a fresh proof for each link, whatever the session remembers (K7, E38). */
export function provePage(page: PageContext, { review, options, error, status }: ProveProps): Page {
  const { t } = page;
  return {
    title: t('link.prove.title'),
    status: status ?? 200,
    hasErrors: error !== undefined,
    content: (
      <>
        <h1>{t('link.prove.title')}</h1>
        <Lead>
          {t.rich('link.prove.lead', {
            app: <Stranger>{review.client.name}</Stranger>,
            code: <LeftToRight>{review.userCode}</LeftToRight>,
          })}
        </Lead>
        <ProofForm
          page={page}
          action={`/link/${review.id}/prove`}
          options={options}
          error={error}
          submitLabel={t('link.prove.submit')}
        />
        <Form page={page} action={`/link/${review.id}`}>
          <Button kind="secondary" name="decision" value="decline">
            {t('link.review.no')}
          </Button>
        </Form>
      </>
    ),
  };
}

/** Said in words and only when there is something to say: a constant warning is wallpaper. */
function RiskNotice({ page, review, now }: Props & { page: PageContext }) {
  const { t } = page;
  if (review.risk.level === 'low') return null;
  const minutes = Math.floor((now - review.startedAt) / 60_000);
  return (
    <Notice kind={review.risk.level === 'high' ? 'stop' : 'unusual'} title={t('link.risk.title')}>
      {review.risk.signs.map((sign) => (
        <p>{t(`link.risk.${sign}`, { place: countryName(page.locale, review.country) ?? '', minutes })}</p>
      ))}
      <p>{t('link.risk.advice')}</p>
    </Notice>
  );
}

function RequestFacts({ page, review, now }: Props & { page: PageContext }) {
  const { t, person } = page;
  const { device, client, risk } = review;
  const described = [device.name, device.model].filter((text) => text !== undefined).join(', ');
  const country = countryName(page.locale, review.country);
  return (
    <SummaryList
      rows={[
        { label: t('link.review.app'), value: <Stranger>{client.name}</Stranger> },
        {
          label: t('link.review.device'),
          value: described ? <Stranger>{described}</Stranger> : t('link.review.notStated'),
        },
        { label: t('link.review.started'), value: <Ago page={page} at={review.startedAt} now={now} /> },
        {
          label: t('link.review.place'),
          value: (
            <>
              {country && t('link.review.about', { place: country })}
              {country && ' '}
              {t(`link.review.network.${risk.network}`)}
            </>
          ),
        },
        {
          label: t('link.review.account'),
          value: <LeftToRight>{person?.email ?? ''}</LeftToRight>,
          action: <a href="/accounts?next=%2Flink">{t('link.review.switch')}</a>,
        },
        { label: t('link.review.access'), value: <Scopes page={page} scope={review.scope} /> },
        { label: t('link.review.stays'), value: t('link.review.days', { days: client.deviceDays }) },
      ]}
    />
  );
}
