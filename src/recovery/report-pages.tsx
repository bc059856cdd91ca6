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
  /** What has been done: things are off, or there were none and it is signed out alone. */
  done?: 'off' | 'signed-out' | undefined;
  error?: string;
};

/** E30: one proof is enough to say that something is lost, because saying so opens nothing. */
export function reportPage({ page, email, things, done, error }: Props): Page {
  const { t } = page;
  const title = t(done ? afterwards[done].title : 'recovery.report.title');
  return {
    title,
    ...failure(error),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [{ field: 'lost-0', text: error }] : []} />
        {done && <DoneMark />}
        <h1>{title}</h1>
        {done && <Done page={page} done={done} />}
        {!done && email && things.length === 0 && <NothingToReport page={page} email={email} />}
        {!done && email && things.length > 0 && (
          <>
            <Lead>{t.rich('recovery.report.text', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
            <Form page={page} action="/recover/report">
              <fieldset class="choices">
                <legend>{t('recovery.report.what')}</legend>
                {things.map((thing, at) => (
                  <Checkbox id={`lost-${at}`} name={fieldOf(thing.id)} label={<bdi>{thingWords(t, thing)}</bdi>} />
                ))}
              </fieldset>
              <fieldset class="choices">
                <legend>{t('recovery.report.also')}</legend>
                <Checkbox id="sessions" name="sessions" label={t('recovery.password.sessions')} checked />
              </fieldset>
              <Button kind="stop">{t('recovery.report.button')}</Button>
            </Form>
            <p class="aside">{t('recovery.report.all')}</p>
          </>
        )}
        {!done && !email && <FirstProof page={page} />}
      </>
    ),
  };
}

const afterwards = {
  off: {
    title: 'recovery.reported.title',
    text: 'recovery.reported.text',
    href: '/recover/choose',
    next: 'recovery.reported.next',
    aside: 'recovery.reported.found',
  },
  'signed-out': {
    title: 'recovery.reported.signedOut',
    text: 'recovery.reported.signedOutText',
    href: '/signin',
    next: 'recovery.done.signIn',
    aside: undefined,
  },
};

/** A device may still be signed in and linked. */
function NothingToReport({ page, email }: { page: PageContext; email: string }) {
  const { t } = page;
  return (
    <>
      <Lead>{t.rich('recovery.report.nothing', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
      <Form page={page} action="/recover/report">
        <input type="hidden" name="sessions" value="yes" />
        <ButtonRow>
          <Button kind="stop">{t('recovery.password.sessions')}</Button>
          <LinkButton href="/devices">{t('recovery.report.devices')}</LinkButton>
        </ButtonRow>
      </Form>
    </>
  );
}

function Done({ page, done }: { page: PageContext; done: 'off' | 'signed-out' }) {
  const { t } = page;
  const { text, href, next, aside } = afterwards[done];
  return (
    <>
      <Lead>{t(text)}</Lead>
      <p>
        <LinkButton href={href} kind="primary">
          {t(next)}
        </LinkButton>
      </p>
      {aside && <p class="aside">{t(aside)}</p>}
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
