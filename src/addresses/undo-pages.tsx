import {
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
import { maskAddress } from './addresses.ts';
import type { Undoable } from './email-changes.ts';

const Masked = ({ email }: { email: string }) => (
  <LeftToRight>{maskAddress({ kind: 'email', value: email })}</LeftToRight>
);

/** Reached from the mail, signed in or not. Mail scanners open every link, so this page changes nothing. */
export function undoPage({ page, change, token }: { page: PageContext; change: Undoable; token: string }): Page {
  const { t } = page;
  return {
    title: t('addresses.undo.title'),
    content: (
      <>
        <h1>{t('addresses.undo.title')}</h1>
        <Lead>{t('addresses.undo.text')}</Lead>
        <SummaryList
          rows={[
            { label: t('addresses.mail.changed.from'), value: <Masked email={change.oldEmail} /> },
            { label: t('addresses.mail.changed.to'), value: <Masked email={change.newEmail} /> },
            { label: t('addresses.undo.when'), value: <Time page={page} at={change.changedAt} /> },
          ]}
        />
        <p>{t('addresses.undo.effect')}</p>
        <Form page={page} action={`/security/email/undo/${encodeURIComponent(token)}`}>
          <Button kind="stop">{t('addresses.undo.button')}</Button>
        </Form>
        <p>{t('addresses.undo.keep')}</p>
      </>
    ),
  };
}

/** The same whether it was put back now or before: what counts is that it has been. */
export function undonePage({ page, change }: { page: PageContext; change: Undoable }): Page {
  const { t } = page;
  return {
    title: t('addresses.undone.title'),
    content: (
      <>
        <DoneMark />
        <h1>{t('addresses.undone.title')}</h1>
        <Lead>{t.rich('addresses.undone.text', { email: <Masked email={change.oldEmail} /> })}</Lead>
        <Notice title={t('addresses.undone.nextTitle')}>
          <Steps steps={[t('addresses.undone.password'), t('addresses.undone.ways'), t('addresses.undone.devices')]} />
        </Notice>
        <ButtonRow>
          <LinkButton href="/recover" kind="primary">
            {t('addresses.undone.recover')}
          </LinkButton>
          <LinkButton href="/security">{t('addresses.undone.security')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

export function goneUndoPage({ page, taken }: { page: PageContext; taken: boolean }): Page {
  const { t } = page;
  return {
    title: t('addresses.undoGone.title'),
    status: taken ? 409 : 404,
    content: (
      <>
        <h1>{t('addresses.undoGone.title')}</h1>
        <Lead>{t(taken ? 'addresses.undoGone.taken' : 'addresses.undoGone.text')}</Lead>
        <p>
          <LinkButton href="/recover" kind="primary">
            {t('addresses.undoGone.recover')}
          </LinkButton>
        </p>
      </>
    ),
  };
}
