import { Ago, countryName, Scopes } from '../devices/device-words.tsx';
import { ProofForm, type ProofOptions } from '../signin/proof-form.tsx';
import {
  Button,
  ButtonRow,
  CodePlate,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  Notice,
  Stranger,
  SummaryList,
} from '../web/components.tsx';
import { Choice } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Review } from './link.ts';

type Props = { review: Review; now: number };
type OtherAccount = { accountId: string; email: string };

/**
 * Page 4: the person tells a stranger's request from their own (ux.md §3; security.md A8, A23, B37).
 * "No" comes first and weighs as much; nothing is focused, so Enter approves nothing.
 */
export function reviewPage(page: PageContext, props: Props & { others: readonly OtherAccount[] }): Page {
  const { t } = page;
  const { review } = props;
  return {
    title: t('link.review.title', { app: review.client.name }),
    content: (
      <div class="review">
        <h1>{t.rich('link.review.heading', { app: <Stranger>{review.client.name}</Stranger> })}</h1>
        <RiskNotice page={page} {...props} />
        <CodePlate page={page} code={review.userCode} label={t('link.review.code')} />
        <RequestFacts page={page} {...props} />
        {review.risk.level === 'low' && <p>{t('link.review.unexpected')}</p>}
        <Form page={page} action={`/link/${review.id}`}>
          {review.risk.level === 'high' && <input type="hidden" name="seen" value="yes" />}
          <input type="hidden" name="account" value={page.person?.accountId ?? ''} />
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              {t('link.review.no')}
            </Button>
            <Button name="decision" value="approve">
              {t('link.review.yes')}
            </Button>
          </ButtonRow>
        </Form>
      </div>
    ),
  };
}

/**
 * In front of the review when the request is very unusual: where the code is (B38). Neither answer is chosen before, and
 * the one that a tricked person would give ends the request.
 */
export function lookFirstPage(page: PageContext, { review, now, missed }: Props & { missed: boolean }): Page {
  const { t } = page;
  return {
    title: t('link.look.title'),
    hasErrors: missed,
    status: missed ? 422 : 200,
    content: (
      <div class="review">
        <ErrorSummary page={page} errors={missed ? [{ field: 'seen-yes', text: t('link.look.missed') }] : []} />
        <h1>{t('link.look.title')}</h1>
        <Lead>{t.rich('link.look.lead', { app: <Stranger>{review.client.name}</Stranger> })}</Lead>
        <RiskNotice page={page} review={review} now={now} />
        <CodePlate page={page} code={review.userCode} label={t('link.review.code')} />
        <Form page={page} action={`/link/${review.id}`}>
          <fieldset class="choices">
            <legend>{t('link.look.question')}</legend>
            <Choice name="seen" value="yes">
              {t('link.look.seen')}
            </Choice>
            <Choice name="seen" value="sent">
              {t('link.look.sent')}
            </Choice>
          </fieldset>
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              {t('link.review.no')}
            </Button>
            <Button name="decision" value="look">
              {t('link.look.continue')}
            </Button>
          </ButtonRow>
        </Form>
      </div>
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
        <ErrorSummary page={page} errors={error ? [{ field: 'password', text: error }] : []} />
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
  const { level, signs } = review.risk;
  if (level === 'low') return null;
  const minutes = Math.floor((now - review.startedAt) / 60_000);
  // Another country is another network too, and says more.
  const said = signs.filter((sign) => sign !== 'other_network' || !signs.includes('other_country'));
  return (
    <Notice kind={level === 'high' ? 'stop' : 'unusual'}>
      <p>
        {said.map((sign) => (
          <>{t(`link.risk.${sign}`, { place: countryName(page.locale, review.country) ?? '', minutes })} </>
        ))}
        <strong>{t('link.risk.advice')}</strong>
      </p>
    </Notice>
  );
}

type FactsProps = Props & { page: PageContext; others: readonly OtherAccount[] };

function RequestFacts({ page, review, now, others }: FactsProps) {
  const { t, person } = page;
  const { device, client, risk } = review;
  const described = [device.name, device.model].filter((text) => text !== undefined).join(', ');
  const country = countryName(page.locale, review.country);
  return (
    <SummaryList
      rows={[
        {
          label: t('link.review.device'),
          value: described ? <Stranger>{described}</Stranger> : t('link.review.notStated'),
        },
        { label: t('link.review.started'), value: <Ago page={page} at={review.startedAt} now={now} brief /> },
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
          value: (
            <>
              <LeftToRight>{person?.email ?? ''}</LeftToRight>
              <SwitchAccount page={page} review={review} others={others} />
            </>
          ),
        },
        { label: t('link.review.access'), value: <Scopes page={page} scope={worthSaying(review.scope)} /> },
        { label: t('link.review.stays'), value: t('link.review.days', { days: client.deviceDays }) },
      ]}
    />
  );
}

/** How long it stays linked has a row of its own, and whoever sees a name knows whose account it is. */
function worthSaying(scope: readonly string[]): string[] {
  const told = scope.filter((value) => value !== 'offline_access');
  return told.length > 1 ? told.filter((value) => value !== 'openid') : told;
}

/** One press for each account that is signed in here, and the code comes along (mission A6). */
function SwitchAccount({ page, review, others }: Omit<FactsProps, 'now'>) {
  const { t } = page;
  if (others.length === 0) {
    return (
      <p class="switch-account">
        <a href="/signin">{t('link.review.switch')}</a>
      </p>
    );
  }
  return (
    <Form page={page} action={`/link/${review.id}/account`} class="switch-account">
      {others.map(({ accountId, email }) => (
        <button class="text-button" type="submit" name="account" value={accountId}>
          {t.rich('link.review.switchTo', { email: <LeftToRight>{email}</LeftToRight> })}
        </button>
      ))}
    </Form>
  );
}
