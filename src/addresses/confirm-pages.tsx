import {
  BackLink,
  Button,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  TextField,
} from '../web/components.tsx';
import { LiveState } from '../web/content.tsx';
import { linkConfirmedPage, linkDeadPage } from '../web/link-pages.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { shownAddress } from './addresses.ts';
import type { ConfirmationLink, Pending } from './confirmations.ts';
import type { Purpose } from './confirmations-store.ts';

const newPaths = {
  email: '/security/addresses/email/new',
  phone: '/security/addresses/phone/new',
  own: '/security/email',
};
const shown = ({ purpose, value }: { purpose: Purpose; value: string }): string =>
  shownAddress({ kind: purpose === 'phone' ? 'phone' : 'email', value });

export function confirmPage(props: {
  page: PageContext;
  pending: Pending;
  mailbox?: string | undefined;
  resent: boolean;
  error?: string | undefined;
}): Page {
  const { page, pending, error, mailbox } = props;
  const { t } = page;
  const kind = pending.purpose === 'phone' ? 'phone' : 'email';
  const action = `/security/addresses/confirm/${pending.id}`;
  const title = t(`addresses.confirm.title.${kind}`);
  return {
    title,
    ...failure(error),
    content: (
      <>
        <BackLink href={newPaths[pending.purpose]}>{t('addresses.back.before')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'code', text: error }] : []} />
        {props.resent && <Notice kind="done">{t('addresses.confirm.resent')}</Notice>}
        <h1>{title}</h1>
        <Lead>
          {t.rich(`addresses.confirm.sent.${kind}`, { address: <LeftToRight>{shown(pending)}</LeftToRight> })}
        </Lead>
        {mailbox && (
          <Notice>
            <p>
              {t('addresses.confirm.mailbox')} <a href={mailbox}>{t('addresses.confirm.openMailbox')}</a>
            </p>
          </Notice>
        )}
        <Form page={page} action={action}>
          <TextField
            page={page}
            id="code"
            name="code"
            label={t(`addresses.confirm.label.${kind}`)}
            hint={t(`addresses.confirm.hint.${kind}`)}
            error={error}
            code="digits"
            autoFocus
          />
          <Button>{t('addresses.continue')}</Button>
        </Form>
        {kind === 'email' && (
          <LiveState url={`${action}/state`} state="waiting">
            {t('addresses.confirm.live')}
          </LiveState>
        )}
        <Nothing page={page} action={action} kind={kind} change={newPaths[pending.purpose]} />
      </>
    ),
  };
}

function Nothing(props: { page: PageContext; action: string; kind: 'email' | 'phone'; change: string }) {
  const { page, kind } = props;
  const { t } = page;
  return (
    <>
      {kind === 'email' && (
        <noscript>
          <p>
            <a href={props.action}>{t('addresses.confirm.reload')}</a>
          </p>
        </noscript>
      )}
      <section class="aside">
        <h2>{t(`addresses.confirm.nothing.${kind}`)}</h2>
        <p>{t(`addresses.confirm.wait.${kind}`)}</p>
        <Form page={page} action={props.action}>
          <Button kind="secondary" name="action" value="resend">
            {t('addresses.confirm.resend')}
          </Button>
        </Form>
        <p>
          <a href={props.change}>{t(`addresses.confirm.change.${kind}`)}</a>
        </p>
      </section>
    </>
  );
}

/** What a mail's link opens. Opening does nothing: mail scanners open links too. */
export function linkPage(props: {
  page: PageContext;
  link: ConfirmationLink | undefined;
  /** The account's own address, masked. */
  account: string;
  token: string;
}): Page {
  const { page, link, token } = props;
  const { t } = page;
  if (!link || link.state === 'expired') return deadLinkPage(page);
  if (link.state === 'confirmed') return confirmedPage(page, link);
  const title = t(`addresses.link.title.${link.purpose}`);
  const values = {
    email: <LeftToRight>{link.value}</LeftToRight>,
    account: <LeftToRight>{props.account}</LeftToRight>,
  };
  return {
    title,
    content: (
      <>
        <h1>{title}</h1>
        <Lead>{t.rich(`addresses.link.text.${link.purpose}`, values)}</Lead>
        {!link.sameSession && (
          <Notice kind="unusual" title={t('addresses.link.elsewhere.title')}>
            <p>{t('addresses.link.elsewhere.text')}</p>
          </Notice>
        )}
        <Form page={page} action={`/security/addresses/link/${encodeURIComponent(token)}`}>
          <Button>{t('addresses.link.button')}</Button>
        </Form>
      </>
    ),
  };
}

function confirmedPage({ t }: PageContext, link: ConfirmationLink): Page {
  const next = link.sameSession
    ? { goOn: { href: '/security/addresses', label: t('addresses.continue') } }
    : { goBack: t('addresses.linkDone.goBack') };
  return linkConfirmedPage({ title: t('addresses.linkDone.title'), next });
}

function deadLinkPage({ t }: PageContext): Page {
  const again = { href: '/security/addresses', label: t('addresses.linkDead.again') };
  return linkDeadPage({ title: t('addresses.linkDead.title'), text: t('addresses.linkDead.text'), again });
}

/** They hold the mailbox, so they may know (F5). */
export function linkProblemPage({ page, problem }: { page: PageContext; problem: 'full' | 'taken' }): Page {
  const { t } = page;
  return {
    title: t('addresses.problem.title'),
    status: 409,
    content: (
      <>
        <h1>{t('addresses.problem.title')}</h1>
        <Lead>{t(`addresses.confirm.${problem}`)}</Lead>
        <p>
          <LinkButton href="/security/addresses" kind="primary">
            {t('addresses.back.list')}
          </LinkButton>
        </p>
      </>
    ),
  };
}
