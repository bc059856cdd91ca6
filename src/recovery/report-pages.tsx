import { Button, ButtonRow, Checkbox, ErrorSummary, Form, Lead, LeftToRight, LinkButton } from '../web/components.tsx';
import { DoneMark } from '../web/content.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { Thing } from './lost-things.ts';
import { thingWords } from './recovery-mail.tsx';

export const fieldOf = (id: string): string => `lost-${id}`;

type Props = {
  page: PageContext;
  /** Of the account, for whoever has given a first proof or is signed in. */
  email: string | undefined;
  /** What can be reported. */
  things: readonly Thing[];
  done?: boolean;
  error?: string;
};

/** E30: one proof is enough to say that something is lost, because saying so opens nothing. */
export function reportPage({ page, email, things, done = false, error }: Props): Page {
  const { t } = page;
  const title = t(done ? 'recovery.reported.title' : 'recovery.report.title');
  return {
    title,
    ...failure(error),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [{ field: 'lost-0', text: error }] : []} />
        {done && <DoneMark />}
        <h1>{title}</h1>
        {done && <Reported page={page} />}
        {!done && email && (
          <>
            <Lead>{t.rich('recovery.report.text', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
            <Form page={page} action="/recover/report">
              {things.length > 0 && (
                <fieldset class="choices">
                  <legend>{t('recovery.report.what')}</legend>
                  {things.map((thing, at) => (
                    <Checkbox id={`lost-${at}`} name={fieldOf(thing.id)} label={<bdi>{thingWords(t, thing)}</bdi>} />
                  ))}
                </fieldset>
              )}
              <fieldset class="choices">
                <legend>{t('recovery.report.also')}</legend>
                <Checkbox id="sessions" name="sessions" label={t('recovery.password.sessions')} checked />
              </fieldset>
              <Button kind="stop">{t('recovery.report.button')}</Button>
            </Form>
            {things.length > 0 && <p class="aside">{t('recovery.report.all')}</p>}
          </>
        )}
        {!done && !email && <FirstProof page={page} />}
      </>
    ),
  };
}

function Reported({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <>
      <Lead>{t('recovery.reported.text')}</Lead>
      <p>
        <LinkButton href="/recover/choose" kind="primary">
          {t('recovery.reported.next')}
        </LinkButton>
      </p>
      <p class="aside">{t('recovery.reported.found')}</p>
    </>
  );
}

function FirstProof({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <>
      <Lead>{t('recovery.report.first')}</Lead>
      <ButtonRow>
        <LinkButton href="/recover" kind="primary">
          {t('recovery.lost.prove')}
        </LinkButton>
        <LinkButton href="/signin">{t('recovery.done.signIn')}</LinkButton>
      </ButtonRow>
    </>
  );
}
