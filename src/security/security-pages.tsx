import { type Authenticators, type Methods, type Passkey, wordsOf } from '../authenticators/authenticators.ts';
import {
  BackLink,
  Button,
  ButtonRow,
  CardList,
  Checkbox,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  QrCode,
  TextField,
} from '../web/components.tsx';
import { CopyButton } from '../web/content.tsx';
import { NewPasswordField } from '../web/new-password.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { PasskeySignals } from '../web/passkey-signals.tsx';
import { passkeyCard } from './passkey-pages.tsx';

/** The set-up of an authenticator app that is not proven yet. */
type AppSetup = ReturnType<Authenticators['beginApp']>;
type Signals = Awaited<ReturnType<Authenticators['passkeys']['signals']>>;

const changes = [
  'passkeyAdded',
  'passkeyRemoved',
  'keyAdded',
  'keyRemoved',
  'passwordChanged',
  'appAdded',
  'appRemoved',
];

export function securityPage(props: {
  page: PageContext;
  methods: Methods;
  passkeys: Passkey[];
  keys: Passkey[];
  signals: Signals;
  done: unknown;
}): Page {
  const { page, methods, passkeys, keys, signals, done } = props;
  const { t } = page;
  return {
    title: t('security.ways.title'),
    content: (
      <>
        {typeof done === 'string' && changes.includes(done) && (
          <Notice kind="done">{t(`security.done.${done}`)}</Notice>
        )}
        <h1>{t('security.ways.title')}</h1>
        <section>
          <h2>{t('security.passkeys.title')}</h2>
          {passkeys.length === 0 && <p>{t('security.passkeys.none')}</p>}
          {passkeys.length > 0 && (
            <CardList cards={passkeys.map((passkey) => passkeyCard(page, 'passkeys', passkey))} />
          )}
          <p>
            <LinkButton href="/security/passkeys/new" kind={passkeys.length === 0 ? 'primary' : 'secondary'}>
              {t('security.passkeys.add')}
            </LinkButton>
          </p>
        </section>
        <section>
          <h2>{t('security.password.title')}</h2>
          <p>{t(methods.password ? 'security.password.set' : 'security.password.unset')}</p>
          <p>
            <LinkButton href="/security/password">
              {t(methods.password ? 'security.password.change' : 'security.password.add')}
            </LinkButton>
          </p>
        </section>
        {methods.password && (
          <section>
            <h2>{t('security.keys.title')}</h2>
            <p>{t(keys.length === 0 ? 'security.keys.none' : 'security.keys.set')}</p>
            {keys.length > 0 && <CardList cards={keys.map((key) => passkeyCard(page, 'keys', key))} />}
            <p>
              <LinkButton href="/security/key/new">{t('security.keys.add')}</LinkButton>
            </p>
          </section>
        )}
        {methods.password && (
          <section>
            <h2>{t('security.app.title')}</h2>
            <p>{t(methods.app ? 'security.app.set' : 'security.app.unset')}</p>
            <p>
              <LinkButton href="/security/app">
                {t(methods.app ? 'security.app.remove' : 'security.app.add')}
              </LinkButton>
            </p>
          </section>
        )}
        {signals && page.person && (
          <PasskeySignals current={{ ...signals, name: page.person.email, displayName: page.person.name }} />
        )}
      </>
    ),
  };
}

export function passwordPage(props: {
  page: PageContext;
  email: string;
  exists: boolean;
  /** Of a password, in characters. */
  minimum: number;
  error?: string | undefined;
}): Page {
  const { page, email, exists, error } = props;
  const { t } = page;
  const title = t(exists ? 'security.password.change' : 'security.password.add');
  return {
    title,
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'new_password', text: error }] : []} />
        <h1>{title}</h1>
        <Form page={page} action="/security/password">
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={email} autocomplete="username" hidden readonly />
          <NewPasswordField
            page={page}
            id="new_password"
            name="new_password"
            label={t('security.password.new')}
            minimum={props.minimum}
            own={wordsOf(email)}
            error={error}
          />
          <Checkbox id="others" name="others" label={t('security.password.others')} checked />
          <Button>{t('security.password.save')}</Button>
        </Form>
      </>
    ),
  };
}

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

export function removeAppPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('security.app.remove'),
    content: (
      <>
        <h1>{t('security.app.removeTitle')}</h1>
        <Lead>{t('security.app.removeEffect')}</Lead>
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

const inGroups = (secret: string): string => secret.match(/.{1,4}/g)?.join(' ') ?? secret;

function failure(error: string | undefined): { status?: number; hasErrors?: boolean } {
  return error ? { status: 422, hasErrors: true } : {};
}
