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
  PasskeyForm,
  PasswordField,
  QrCode,
  Stranger,
  Tag,
  TextField,
  Time,
} from '../web/components.tsx';
import { CopyButton } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { AppSetup } from './authenticator-app.ts';
import type { Methods, Passkey } from './authenticators.ts';

const changes = ['passkeyAdded', 'passkeyRemoved', 'passwordChanged', 'appAdded', 'appRemoved'];

export function securityPage(props: { page: PageContext; methods: Methods; passkeys: Passkey[]; done: unknown }): Page {
  const { page, methods, passkeys, done } = props;
  const { t } = page;
  return {
    title: t('authenticators.security.title'),
    content: (
      <>
        {typeof done === 'string' && changes.includes(done) && (
          <Notice kind="done">{t(`authenticators.done.${done}`)}</Notice>
        )}
        <h1>{t('authenticators.security.title')}</h1>
        <section>
          <h2>{t('authenticators.passkeys.title')}</h2>
          {passkeys.length === 0 && <p>{t('authenticators.passkeys.none')}</p>}
          {passkeys.length > 0 && <CardList cards={passkeys.map((passkey) => passkeyCard(page, passkey))} />}
          <p>
            <LinkButton href="/security/passkeys/new" kind={passkeys.length === 0 ? 'primary' : 'secondary'}>
              {t('authenticators.passkeys.add')}
            </LinkButton>
          </p>
        </section>
        <section>
          <h2>{t('authenticators.password.title')}</h2>
          <p>{t(methods.password ? 'authenticators.password.set' : 'authenticators.password.unset')}</p>
          <p>
            <LinkButton href="/security/password">
              {t(methods.password ? 'authenticators.password.change' : 'authenticators.password.add')}
            </LinkButton>
          </p>
        </section>
        {methods.password && (
          <section>
            <h2>{t('authenticators.app.title')}</h2>
            <p>{t(methods.app ? 'authenticators.app.set' : 'authenticators.app.unset')}</p>
            <p>
              <LinkButton href="/security/app">
                {t(methods.app ? 'authenticators.app.remove' : 'authenticators.app.add')}
              </LinkButton>
            </p>
          </section>
        )}
      </>
    ),
  };
}

function passkeyCard(page: PageContext, passkey: Passkey) {
  const { t } = page;
  const { lastUsedAt, createdAt, synced } = passkey;
  const used = lastUsedAt ? 'authenticators.passkey.used' : 'authenticators.passkey.created';
  return {
    href: `/security/passkeys/${encodeURIComponent(passkey.id)}`,
    title: <Stranger>{passkey.name}</Stranger>,
    meta: t.rich(used, { date: <Time page={page} at={lastUsedAt ?? createdAt} show="date" /> }),
    tag: synced && <Tag>{t('authenticators.passkey.synced')}</Tag>,
  };
}

export function addPasskeyPage(props: { page: PageContext; options: object; error?: string | undefined }): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('authenticators.passkeys.add'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('authenticators.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ text: error }] : []} />
        <h1>{t('authenticators.passkeys.add')}</h1>
        <Lead>{t('authenticators.passkey.why')}</Lead>
        <PasskeyForm
          page={page}
          action="/security/passkeys/new"
          mode="create"
          options={props.options}
          submitLabel={t('authenticators.passkey.create')}
        />
        <noscript>
          <p>{t('authenticators.passkey.needsScript')}</p>
        </noscript>
      </>
    ),
  };
}

export function passkeyPage(props: {
  page: PageContext;
  passkey: Passkey;
  methods: Methods;
  error?: string | undefined;
}): Page {
  const { page, passkey, methods, error } = props;
  const { t } = page;
  const action = `/security/passkeys/${encodeURIComponent(passkey.id)}`;
  const last = methods.passkeys === 1 && !methods.password;
  return {
    title: passkey.name,
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('authenticators.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ text: error }] : []} />
        <h1>
          <Stranger>{passkey.name}</Stranger>
        </h1>
        <Form page={page} action={action}>
          <TextField page={page} id="name" name="name" label={t('authenticators.passkey.name')} value={passkey.name} />
          <Button name="action" value="rename">
            {t('authenticators.passkey.rename')}
          </Button>
        </Form>
        <section>
          <h2>{t('authenticators.passkey.removeTitle')}</h2>
          {last ? (
            <p>{t('authenticators.passkey.last')}</p>
          ) : (
            <>
              <p>{t('authenticators.passkey.removeEffect')}</p>
              <Form page={page} action={action}>
                <Button kind="stop" name="action" value="remove">
                  {t('authenticators.passkey.remove')}
                </Button>
              </Form>
            </>
          )}
        </section>
      </>
    ),
  };
}

export function passwordPage(props: {
  page: PageContext;
  email: string;
  exists: boolean;
  error?: string | undefined;
}): Page {
  const { page, email, exists, error } = props;
  const { t } = page;
  const title = t(exists ? 'authenticators.password.change' : 'authenticators.password.add');
  return {
    title,
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('authenticators.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'new_password', text: error }] : []} />
        <h1>{title}</h1>
        <Form page={page} action="/security/password">
          {/* Tells password managers whose password this is. */}
          <input type="text" name="username" value={email} autocomplete="username" hidden readonly />
          <PasswordField
            page={page}
            id="new_password"
            name="new_password"
            label={t('authenticators.password.new')}
            hint={t('authenticators.password.hint')}
            error={error}
            autoComplete="new-password"
          />
          <Checkbox id="others" name="others" label={t('authenticators.password.others')} checked />
          <Button>{t('authenticators.password.save')}</Button>
        </Form>
      </>
    ),
  };
}

export function appPage(props: { page: PageContext; setup: AppSetup; error?: string | undefined }): Page {
  const { page, setup, error } = props;
  const { t } = page;
  return {
    title: t('authenticators.app.add'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('authenticators.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'code', text: error }] : []} />
        <h1>{t('authenticators.app.add')}</h1>
        <Lead>{t('authenticators.app.scan')}</Lead>
        <QrCode text={setup.uri} label={t('authenticators.app.qr')} />
        <p>
          {t('authenticators.app.orType')}{' '}
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
            label={t('authenticators.app.code')}
            hint={t('authenticators.app.codeHint')}
            error={error}
            code="digits"
          />
          <Button>{t('authenticators.app.finish')}</Button>
        </Form>
      </>
    ),
  };
}

export function removeAppPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('authenticators.app.remove'),
    content: (
      <>
        <h1>{t('authenticators.app.removeTitle')}</h1>
        <Lead>{t('authenticators.app.removeEffect')}</Lead>
        <Form page={page} action="/security/app">
          <ButtonRow>
            <Button kind="stop" name="action" value="remove">
              {t('authenticators.app.remove')}
            </Button>
            <LinkButton href="/security">{t('authenticators.app.keep')}</LinkButton>
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
