import { usable, wordsOf } from '../authenticators/authenticators.ts';
import {
  Button,
  Checkbox,
  CodePlate,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  PasskeyForm,
} from '../web/components.tsx';
import { DoneMark } from '../web/content.tsx';
import { NewPasswordField } from '../web/new-password.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { Attempt } from './attempt.ts';
import { BelongingList, fieldOf } from './belonging-list.tsx';
import type { Belonging } from './belongings.ts';

type PasswordProps = {
  page: PageContext;
  attempt: Attempt;
  belongings: readonly Belonging[];
  /** For an account that had passkeys and no password. */
  passkey: object | undefined;
  /** Of a password, in characters. */
  minimum: number;
  error?: { field?: string; text: string } | undefined;
};

/** What is ended is ticked: whoever gets back in rarely knows who else is in. */
export function passwordPage({ page, attempt, belongings, passkey, minimum, error }: PasswordProps): Page {
  const { t } = page;
  return {
    title: t('recovery.password.title'),
    ...failure(error?.text),
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>{t('recovery.password.title')}</h1>
        <Lead>{t.rich('recovery.password.text', { email: <LeftToRight>{attempt.email}</LeftToRight> })}</Lead>
        {passkey && (
          <PasskeyForm
            page={page}
            action="/recover/password"
            mode="create"
            options={passkey}
            submitLabel={t('recovery.password.passkey')}
          >
            <p>{t('recovery.password.passkeyWhy')}</p>
            <input type="hidden" name="sessions" value="yes" />
            {belongings
              .filter(({ ticked }) => ticked)
              .map((one) => (
                <input type="hidden" name={fieldOf(one)} value="yes" />
              ))}
          </PasskeyForm>
        )}
        <Form page={page} action="/recover/password">
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={attempt.email} autocomplete="username" hidden readonly />
          <NewPasswordField
            page={page}
            id="new_password"
            name="new_password"
            label={t('recovery.password.label')}
            minimum={minimum}
            own={wordsOf(attempt.email)}
            error={error?.field === 'new_password' ? error.text : undefined}
          />
          {attempt.mayDropSecondStep && (
            <fieldset class="choices">
              <legend>{t('recovery.password.secondStep')}</legend>
              <Checkbox
                id="drop"
                name="drop"
                label={t('recovery.password.drop')}
                checked={attempt.status === 'ready' || allLost(attempt)}
              />
            </fieldset>
          )}
          <fieldset class="choices">
            <legend>{t('recovery.password.ends')}</legend>
            <Checkbox id="sessions" name="sessions" label={t('recovery.password.sessions')} checked />
          </fieldset>
          <BelongingList page={page} belongings={belongings} />
          {attempt.proven.issued !== undefined && <p class="quiet">{t('recovery.password.codesEnd')}</p>}
          <Button>{t('recovery.password.save')}</Button>
        </Form>
        {attempt.held?.password && !attempt.mayDropSecondStep && attempt.boundWay && (
          <p class="aside">{t('recovery.password.stillAsked')}</p>
        )}
      </>
    ),
  };
}

/** E30: a second step that was reported lost would be asked for, and nobody could give it. */
function allLost({ held }: Attempt): boolean {
  const here = held && usable(held);
  return here !== undefined && !here.app && here.keys === 0;
}

/** No session comes of it (E21): the new password has to work first, and the second step is asked as ever (E18). */
export function donePage({ page, attempt }: { page: PageContext; attempt: Attempt }): Page {
  const { t } = page;
  return {
    title: t('recovery.done.title'),
    content: (
      <>
        <DoneMark />
        <h1>{t('recovery.done.title')}</h1>
        <Lead>{t('recovery.done.text')}</Lead>
        {attempt.savedCode && (
          <Notice title={t('recovery.done.savedTitle')}>
            <p>{t('recovery.done.saved')}</p>
            <CodePlate page={page} code={attempt.savedCode} copy />
          </Notice>
        )}
        <p>
          <LinkButton href="/signin" kind="primary">
            {t('recovery.done.signIn')}
          </LinkButton>
        </p>
        <p class="aside">{t('recovery.done.next')}</p>
        {attempt.proven.issued !== undefined && <p class="aside">{t('recovery.done.codes')}</p>}
      </>
    ),
  };
}

/** What the mail after the waiting period opens. */
export function finishLinkPage(props: { page: PageContext; token: string; email: string }): Page {
  const { page } = props;
  const { t } = page;
  return {
    title: t('recovery.finish.title'),
    content: (
      <>
        <h1>{t('recovery.finish.title')}</h1>
        <Lead>{t.rich('recovery.finish.text', { email: <LeftToRight>{props.email}</LeftToRight> })}</Lead>
        <Form page={page} action={`/recover/finish/${encodeURIComponent(props.token)}`}>
          <Button>{t('recovery.continue')}</Button>
        </Form>
        <p class="aside">{t('recovery.finish.notYou')}</p>
      </>
    ),
  };
}
