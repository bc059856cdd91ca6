import { BackLink, Button, ErrorSummary, Form, Lead, LeftToRight, Notice, TextField } from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { Purpose } from './confirmations-store.ts';

export function newAddressPage(props: {
  page: PageContext;
  purpose: Purpose;
  action: string;
  /** The account's own address. */
  own: string;
  typed?: string | undefined;
  error?: string | undefined;
}): Page {
  const { page, purpose, error } = props;
  const { t } = page;
  const title = t(`addresses.new.${purpose}`);
  const field = {
    page,
    hint: t(`addresses.new.${purpose}Hint`),
    value: props.typed,
    error,
    enterKeyHint: 'next',
    autoFocus: true,
  } as const;
  const kind = purpose === 'phone' ? 'phone' : 'email';
  return {
    title,
    ...failure(error),
    content: (
      <>
        <BackLink href="/security/addresses">{t('addresses.back.list')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: kind, text: error }] : []} />
        <h1>{title}</h1>
        <Lead>{t.rich(`addresses.new.${purpose}Text`, { email: <LeftToRight>{props.own}</LeftToRight> })}</Lead>
        {purpose === 'phone' && <WeakestWay page={page} />}
        <Form page={page} action={props.action}>
          {kind === 'phone' ? (
            <TextField
              {...field}
              id="phone"
              name="phone"
              type="tel"
              label={t('addresses.phone.label')}
              autoComplete="tel"
            />
          ) : (
            <TextField
              {...field}
              id="email"
              name="email"
              type="email"
              label={t(`addresses.new.${purpose}Label`)}
              autoComplete={purpose === 'own' ? 'email' : 'off'}
            />
          )}
          <Button>{t('addresses.new.send')}</Button>
        </Form>
      </>
    ),
  };
}

/** E23: said before a number is given, with what is better. */
function WeakestWay({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <Notice kind="unusual" title={t('addresses.phone.weakTitle')}>
      <p>{t('addresses.phone.weakWhy')}</p>
      <ul>
        {page.passkeys && (
          <li>
            <a href="/security/passkeys/new">{t('addresses.phone.better.passkey')}</a>
          </li>
        )}
        <li>
          <a href="/security/saved-code">{t('addresses.phone.better.paper')}</a>
        </li>
        <li>
          <a href="/security/addresses/email/new">{t('addresses.phone.better.email')}</a>
        </li>
      </ul>
    </Notice>
  );
}
