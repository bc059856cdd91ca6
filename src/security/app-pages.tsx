import type { Authenticators } from '../authenticators/authenticators.ts';
import {
  BackLink,
  Button,
  ButtonRow,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  QrCode,
  TextField,
} from '../web/components.tsx';
import { CopyButton } from '../web/content.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { LostNotice } from './lost-notice.tsx';

/** The set-up of an authenticator app that is not proven yet. */
type AppSetup = ReturnType<Authenticators['beginApp']>;

export function appPage(props: { page: PageContext; setup: AppSetup; error?: string | undefined }): Page {
  const { page, setup, error } = props;
  const { t } = page;
  return {
    title: t('security.app.add'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'code', text: error }] : []} />
        <h1>{t('security.app.add')}</h1>
        <Lead>{t('security.app.scan')}</Lead>
        <QrCode text={setup.uri} label={t('security.app.qr')} />
        <p>
          {t('security.app.orType')}{' '}
          <LeftToRight>
            <code translate={false}>{inGroups(setup.secret)}</code>
          </LeftToRight>
        </p>
        <CopyButton page={page} text={setup.secret} />
        <Form page={page} action="/security/app">
          <input type="hidden" name="setup" value={setup.sealed} />
          <TextField
            page={page}
            id="code"
            name="code"
            label={t('security.app.code')}
            hint={t('security.app.codeHint')}
            error={error}
            code="digits"
          />
          <Button>{t('security.app.finish')}</Button>
        </Form>
      </>
    ),
  };
}

type MayGo = Awaited<ReturnType<Authenticators['secondStepMayGo']>>;

export function removeAppPage(props: {
  page: PageContext;
  mayGo: MayGo;
  passwordStays: boolean;
  /** Reported lost. */
  lost: boolean;
}): Page {
  const { page, mayGo, passwordStays, lost } = props;
  const { t } = page;
  if (mayGo !== 'yes') return appStaysPage(page, mayGo, lost);
  return {
    title: t('security.app.remove'),
    content: (
      <>
        <h1>{t('security.app.removeTitle')}</h1>
        {lost && <LostNotice page={page} action="/security/app" />}
        <Lead>{t(passwordStays ? 'security.app.removeEffect' : 'security.app.removeOther')}</Lead>
        <Form page={page} action="/security/app">
          <ButtonRow>
            <Button kind="stop" name="action" value="remove">
              {t('security.app.remove')}
            </Button>
            <LinkButton href="/security">{t('security.app.keep')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

/** E1: without the second step something would be too weak, and what to do about that. */
function appStaysPage(page: PageContext, mayGo: Exclude<MayGo, 'yes'>, lost: boolean): Page {
  const { t } = page;
  const ways = {
    required: { href: '/security/key/new', label: 'security.keys.add' },
    password_too_short: { href: '/security/password', label: 'security.password.change' },
    others_lost: { href: '/security', label: 'security.back' },
  };
  const { href, label } = ways[mayGo];
  return {
    title: t('security.app.staysTitle'),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <h1>{t('security.app.staysTitle')}</h1>
        {lost && <LostNotice page={page} action="/security/app" />}
        <Lead>{t(`security.stays.${mayGo}`)}</Lead>
        <p>
          <LinkButton href={href} kind="primary">
            {t(label)}
          </LinkButton>
        </p>
      </>
    ),
  };
}

const inGroups = (secret: string): string => secret.match(/.{1,4}/g)?.join(' ') ?? secret;
