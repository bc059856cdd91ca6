import { Button, ButtonRow, Form, Lead, LeftToRight, LinkButton, Notice, Stranger } from './components.tsx';
import type { Page, PageContext, Person } from './page.ts';

/** A form that was sent and not carried out, without its secrets. */
export type Held = {
  action: string;
  /** As it was sent: of the account that the form was shown for. */
  csrf: string;
  fields: readonly [name: string, value: string][];
  /** Those of `fields` that the person wrote. */
  typed: readonly [name: string, value: string][];
  /** Whether something was left out that is not shown again. */
  secrets: boolean;
  /** Where the form can be had again, by the account that it was shown for and by any other. */
  page: string;
  othersPage: string;
};

type Props = {
  held: Held;
  /** Who is signed in now. */
  person: Person;
  /** Whom the form was shown for, if they are signed in here beside. */
  shownFor: Person | undefined;
  /** Whether it was shown to somebody who was not signed in. */
  before: boolean;
};

/** Two accounts, one button each; what was typed goes along. */
export function otherAccountPage(page: PageContext, { held, person, shownFor, before }: Props): Page {
  const { t } = page;
  const address = (of: Person) => <LeftToRight>{of.email}</LeftToRight>;
  const why = shownFor ? 'switched' : before ? 'before' : 'gone';
  // Without its password a form would only come back with an error.
  const sendBack = held.typed.length > 0 || !held.secrets || held.fields.some(([name]) => name === 'setup');
  return {
    title: t('web.otherAccount.title', { email: person.email }),
    status: 409,
    content: (
      <>
        <h1>{t.rich('web.otherAccount.title', { email: address(person) })}</h1>
        <Lead>{t.rich(`web.otherAccount.${why}`, { email: shownFor && address(shownFor) })}</Lead>
        <p>{t('web.otherAccount.nothing')}</p>
        <Kept page={page} held={held} />
        {shownFor && (
          <HeldForm page={page} held={held} csrf={held.csrf}>
            <Button name="held" value={sendBack ? 'send' : 'open'}>
              <span>{t.rich('web.otherAccount.back', { email: address(shownFor) })}</span>
            </Button>
          </HeldForm>
        )}
        {held.typed.length > 0 ? (
          <HeldForm page={page} held={held} csrf={page.csrf}>
            <Button kind={shownFor ? 'secondary' : 'primary'}>
              <span>{t.rich('web.otherAccount.goOn', { email: address(person) })}</span>
            </Button>
          </HeldForm>
        ) : (
          <p>
            <LinkButton href={held.othersPage} kind={shownFor ? 'secondary' : 'primary'}>
              <span>{t.rich('web.otherAccount.goOn', { email: address(person) })}</span>
            </LinkButton>
          </p>
        )}
        {!shownFor && (
          <p class="aside">
            <a href="/signin">{t('web.otherAccount.another')}</a>
          </p>
        )}
      </>
    ),
  };
}

/** Signed out meanwhile, with words in the form: it waits here until they are signed in again. */
export function unsentPage(page: PageContext, held: Held): Page {
  const { t } = page;
  return {
    title: t('web.unsent.title'),
    status: 409,
    content: (
      <>
        <h1>{t('web.unsent.title')}</h1>
        <Lead>{t('web.unsent.text')}</Lead>
        <Kept page={page} held={held} />
        <ButtonRow>
          {/* Beside this page, which is all that holds the words. */}
          <a class="button button-primary" href="/signin" target="_blank" rel="noopener">
            {t('web.unsent.signIn')}
          </a>
        </ButtonRow>
        <HeldForm page={page} held={held} csrf={held.csrf}>
          <Button kind="secondary">{t('web.unsent.send')}</Button>
        </HeldForm>
      </>
    ),
  };
}

/** What goes along, and what has to be entered once more. */
function Kept({ page, held }: { page: PageContext; held: Held }) {
  const { t } = page;
  return (
    <>
      {held.typed.length > 0 && (
        <Notice title={t('web.otherAccount.typed')}>
          {held.typed.map(([, value]) => (
            <p>
              <Stranger>{value}</Stranger>
            </p>
          ))}
        </Notice>
      )}
      {held.secrets && <p>{t('web.otherAccount.secrets')}</p>}
    </>
  );
}

function HeldForm(props: {
  page: PageContext;
  held: Held;
  csrf: string;
  children: import('preact').ComponentChildren;
}) {
  const { held, csrf } = props;
  return (
    <Form page={{ ...props.page, csrf }} action={held.action}>
      {held.fields.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {props.children}
    </Form>
  );
}
