import { Ago, countryName } from '../devices/device-words.tsx';
import {
  BackLink,
  Button,
  ButtonRow,
  Checkbox,
  Form,
  LinkButton,
  Notice,
  Stranger,
  SummaryList,
} from '../web/components.tsx';
import { DoneMark } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { browserWords, methodWords, titleOf } from './activity-rows.tsx';
import type { Done } from './disown.ts';
import type { Choice, Effect, Next, Plan } from './disown-plan.ts';

export type DisownPageProps = {
  page: PageContext;
  plan: Plan;
  now: number;
  /** The proof that what it does asks for is there (E38). */
  proven: boolean;
};

/** One row, whole, and what "this wasn't me" would do about it. */
export function disownPage(props: DisownPageProps): Page {
  const { page, plan } = props;
  const title = titleOf(page.t, plan.row);
  return {
    title,
    content: (
      <>
        <BackLink href="/activity">{page.t('activity.back')}</BackLink>
        <h1>
          <Stranger>{title}</Stranger>
        </h1>
        <RowSummary {...props} />
        <p>{page.t('activity.ask.wasMe')}</p>
        <section>
          <h2>{page.t('activity.ask.title')}</h2>
          <Ask {...props} />
        </section>
      </>
    ),
  };
}

function RowSummary({ page, plan: { row }, now }: DisownPageProps) {
  const { t, locale } = page;
  const place = countryName(locale, row.country);
  const browser = browserWords(t, row.browser);
  const methods = methodWords(t, locale, row.methods);
  return (
    <SummaryList
      rows={[
        { label: t('activity.when'), value: <Ago page={page} at={row.at} now={now} /> },
        browser !== undefined && { label: t('activity.with'), value: browser },
        place !== undefined && { label: t('activity.where'), value: place },
        methods !== undefined && { label: t('activity.how'), value: methods },
      ]}
    />
  );
}

function Ask({ page, plan, proven }: DisownPageProps) {
  const { t } = page;
  const action = `/activity/${plan.row.id}`;
  return (
    <>
      <p>{t('activity.ask.does')}</p>
      <ul>
        {plan.effects.map((effect) => (
          <li>{effectWords(page, effect, plan)}</li>
        ))}
        <li>{t('activity.does.tell')}</li>
      </ul>
      {proven ? (
        <Form page={page} action={action}>
          <Choices page={page} choices={plan.choices} />
          <Button kind="stop" name="action" value="disown">
            {t('activity.ask.button')}
          </Button>
        </Form>
      ) : (
        <>
          <p>{t('activity.ask.proof')}</p>
          <LinkButton href={`/prove?next=${encodeURIComponent(action)}`} kind="primary">
            {t('activity.ask.prove')}
          </LinkButton>
        </>
      )}
    </>
  );
}

function effectWords({ t }: PageContext, effect: Effect, { row }: Plan): string {
  const { name = '', detail = 'other' } = row;
  return t(`activity.does.${effect}`, { name, named: name === '' ? 'no' : 'yes', detail });
}

/** Ticked where it is likely: whoever is in a hurry does the right thing with one press. */
function Choices({ page, choices }: { page: PageContext; choices: Choice[] }) {
  const { t } = page;
  if (choices.length === 0) return null;
  return (
    <fieldset class="group">
      <legend>{t('activity.ask.also')}</legend>
      {choices.map((choice, at) => (
        <Checkbox
          id={`choice-${at}`}
          name={fieldOf(choice)}
          label={t(`activity.choice.${choice.kind}`, { name: choice.name })}
          checked={choice.ticked}
        />
      ))}
    </fieldset>
  );
}

/** The name of the box: a list under one name would be cut to its first. */
export const fieldOf = ({ kind, id }: Pick<Choice, 'kind' | 'id'>): string => `${kind}:${id}`;

const nextPaths: Readonly<Record<Next, string>> = {
  password: '/security/password',
  passkeys: '/security',
  codes: '/security/recovery-codes',
  addresses: '/security/addresses',
  email: '/security/email',
  devices: '/devices',
  sessions: '/sessions',
  ways: '/security',
  none: '/security',
};

export function disownedPage(props: { page: PageContext; next: Next; done: Done }): Page {
  const { page, next, done } = props;
  const { t } = page;
  const did = (['sessions', 'devices', 'removed'] as const).filter((what) => done[what] > 0);
  return {
    title: t('activity.done.title'),
    content: (
      <>
        <DoneMark />
        <h1>{t('activity.done.title')}</h1>
        {did.length === 0 ? (
          <p>{t('activity.done.noted')}</p>
        ) : (
          <ul>
            {did.map((what) => (
              <li>{t(`activity.done.${what}`, { count: done[what] })}</li>
            ))}
          </ul>
        )}
        <p>{t('activity.done.told')}</p>
        <Notice title={t('activity.done.next')}>
          <p>{t(`activity.next.${next}`)}</p>
        </Notice>
        <ButtonRow>
          <LinkButton href={nextPaths[next]} kind="primary">
            {t(`activity.next.${next}.button`)}
          </LinkButton>
          <LinkButton href="/activity">{t('activity.back')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}
