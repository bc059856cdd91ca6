import { type Authenticators, type Methods, type Passkey, twoStep, wordsOf } from '../authenticators/authenticators.ts';
import { BackLink, Button, CardList, Checkbox, ErrorSummary, Form, LinkButton, Notice } from '../web/components.tsx';
import { NewPasswordField } from '../web/new-password.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { PasskeySignals } from '../web/passkey-signals.tsx';
import { passkeyCard } from './passkey-pages.tsx';

type Signals = Awaited<ReturnType<Authenticators['passkeys']['signals']>>;

const changes = [
  'passkeyAdded',
  'passkeyRemoved',
  'keyAdded',
  'keyRemoved',
  'passwordChanged',
  'appAdded',
  'appRemoved',
  'passkeyResumed',
  'keyResumed',
  'appResumed',
];

export function securityPage(props: {
  page: PageContext;
  methods: Methods;
  passkeys: Passkey[];
  keys: Passkey[];
  signals: Signals;
  savedCode: boolean;
  /** The operator asks for a second step, and there is none. */
  missing: boolean;
  done: unknown;
}): Page {
  const { page, methods, passkeys, keys, signals, savedCode, missing, done } = props;
  const { t } = page;
  const how = twoStep(methods) ? 'both' : methods.password ? 'set' : 'unset';
  return {
    title: t('security.ways.title'),
    content: (
      <>
        {typeof done === 'string' && changes.includes(done) && (
          <Notice kind="done">{t(`security.done.${done}`)}</Notice>
        )}
        <h1>{t('security.ways.title')}</h1>
        {missing && <Notice kind="unusual">{t('security.ways.missing')}</Notice>}
        {(page.passkeys || passkeys.length > 0) && (
          <section>
            <h2>{t('security.passkeys.title')}</h2>
            {passkeys.length === 0 && <p>{t('security.passkeys.none')}</p>}
            {methods.passkeys > 0 && <p>{t('security.passkeys.how')}</p>}
            {passkeys.length > 0 && (
              <CardList cards={passkeys.map((passkey) => passkeyCard(page, 'passkeys', passkey))} />
            )}
            {page.passkeys && (
              <p>
                <LinkButton href="/security/passkeys/new" kind={passkeys.length === 0 ? 'primary' : 'secondary'}>
                  {t('security.passkeys.add')}
                </LinkButton>
              </p>
            )}
          </section>
        )}
        <section>
          <h2>{t('security.password.title')}</h2>
          <p>{t(`security.password.${how}`)}</p>
          <p>
            <LinkButton href="/security/password">
              {t(methods.password ? 'security.password.change' : 'security.password.add')}
            </LinkButton>
          </p>
        </section>
        {methods.password && (page.passkeys || keys.length > 0) && (
          <section>
            <h2>{t('security.keys.title')}</h2>
            <p>{t(keys.length === 0 ? 'security.keys.none' : 'security.keys.set')}</p>
            {keys.length > 0 && <CardList cards={keys.map((key) => passkeyCard(page, 'keys', key))} />}
            {page.passkeys && (
              <p>
                <LinkButton href="/security/key/new">{t('security.keys.add')}</LinkButton>
              </p>
            )}
          </section>
        )}
        {methods.password && (
          <section>
            <h2>{t('security.app.title')}</h2>
            {methods.off?.app ? (
              <Notice kind="unusual">{t('security.lost.title')}</Notice>
            ) : (
              <p>{t(methods.app ? 'security.app.set' : 'security.app.unset')}</p>
            )}
            <p>
              <LinkButton href="/security/app">
                {t(methods.off?.app ? 'security.lost.open' : methods.app ? 'security.app.remove' : 'security.app.add')}
              </LinkButton>
            </p>
          </section>
        )}
        {twoStep(methods) && <RecoveryCodes page={page} left={methods.recoveryCodes} />}
        <section>
          <h2>{t('security.saved.title')}</h2>
          <p>{t(savedCode ? 'security.saved.set' : 'security.saved.unset')}</p>
          <p>
            <LinkButton href="/security/saved-code">
              {t(savedCode ? 'security.saved.renew' : 'security.saved.make')}
            </LinkButton>
          </p>
        </section>
        <section>
          <h2>{t('security.addresses.title')}</h2>
          <p>{t('security.addresses.text')}</p>
          <p>
            <LinkButton href="/security/addresses">{t('security.addresses.open')}</LinkButton>
          </p>
        </section>
        {signals && page.person && (
          <PasskeySignals current={{ ...signals, name: page.person.email, displayName: page.person.name }} />
        )}
      </>
    ),
  };
}

/** So few left that it is time for new ones. */
const few = 2;

function RecoveryCodes({ page, left }: { page: PageContext; left: number }) {
  const { t } = page;
  return (
    <section>
      <h2>{t('security.codes.title')}</h2>
      {left <= few ? (
        <Notice kind="unusual">{t('security.codes.few', { left })}</Notice>
      ) : (
        <p>{t('security.codes.set', { left })}</p>
      )}
      <p>
        <LinkButton href="/security/recovery-codes" kind={left <= few ? 'primary' : 'secondary'}>
          {t(left > few ? 'security.codes.open' : left === 0 ? 'security.codes.make' : 'security.codes.renew')}
        </LinkButton>
      </p>
    </section>
  );
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
