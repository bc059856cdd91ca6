import { type Methods, type Passkey, usable } from '../authenticators/authenticators.ts';
import {
  BackLink,
  Button,
  type CardProps,
  Checkbox,
  ErrorSummary,
  Form,
  Lead,
  Notice,
  PasskeyForm,
  Stranger,
  Tag,
  TextField,
  Time,
} from '../web/components.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import { LostNotice } from './lost-notice.tsx';

/** A passkey, or a security key as a second step. */
type Kind = 'passkeys' | 'keys';

/** What is wrong, already translated, and with which field. */
export type Problem = { field?: string; text: string };

export function passkeyCard(page: PageContext, kind: Kind, passkey: Passkey): CardProps {
  const { t } = page;
  const { lastUsedAt, createdAt, synced, confirmed } = passkey;
  const used = lastUsedAt ? 'security.passkey.used' : 'security.passkey.created';
  const card: CardProps = {
    href: `/security/${kind}/${encodeURIComponent(passkey.id)}`,
    title: <Stranger>{passkey.name}</Stranger>,
    meta: t.rich(used, { date: <Time page={page} at={lastUsedAt ?? createdAt} show="date" /> }),
  };
  if (passkey.suspendedAt !== undefined) return { ...card, tag: <Tag kind="unusual">{t('security.lost.tag')}</Tag> };
  if (kind === 'keys') return card;
  if (!confirmed) return { ...card, tag: <Tag kind="unusual">{t('security.passkey.unconfirmed')}</Tag> };
  return { ...card, tag: <Tag>{t(synced ? 'security.passkey.synced' : 'security.passkey.here')}</Tag> };
}

export function addPasskeyPage(props: { page: PageContext; options: object; error?: string | undefined }): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('security.passkeys.add'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ text: error }] : []} />
        <h1>{t('security.passkeys.add')}</h1>
        <Lead>{t('security.passkey.why')}</Lead>
        <PasskeyForm
          page={page}
          action="/security/passkeys/new"
          mode="create"
          options={props.options}
          submitLabel={t('security.passkey.create')}
        />
        <p>{t('security.passkey.elsewhere')}</p>
        <NeedsScript page={page} />
      </>
    ),
  };
}

export function addKeyPage(props: { page: PageContext; options: object; error?: string | undefined }): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('security.keys.add'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ text: error }] : []} />
        <h1>{t('security.keys.add')}</h1>
        <Lead>{t('security.key.why')}</Lead>
        <PasskeyForm
          page={page}
          action="/security/key/new"
          mode="create"
          options={props.options}
          submitLabel={t('security.key.create')}
        >
          <TextField
            page={page}
            id="name"
            name="name"
            label={t('security.key.name')}
            hint={t('security.key.nameHint')}
            value={t('security.key.defaultName')}
          />
        </PasskeyForm>
        <p>{t('security.key.two')}</p>
        <NeedsScript page={page} />
      </>
    ),
  };
}

export function passkeyPage(props: {
  page: PageContext;
  kind: Kind;
  passkey: Passkey;
  methods: Methods;
  /** Options to ask for it, while nothing vouches for it yet. */
  confirm: object | undefined;
  error?: Problem | undefined;
}): Page {
  const { page, kind, passkey, methods, confirm, error } = props;
  const { t } = page;
  const action = `/security/${kind}/${encodeURIComponent(passkey.id)}`;
  return {
    title: passkey.name,
    ...failure(error?.text),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [error] : []} />
        <h1>
          <Stranger>{passkey.name}</Stranger>
        </h1>
        {passkey.suspendedAt !== undefined && <LostNotice page={page} action={action} />}
        {confirm && (
          <>
            <Notice kind="unusual" title={t('security.passkey.unconfirmed')}>
              <p>{t('security.passkey.confirmWhy')}</p>
            </Notice>
            <PasskeyForm
              page={page}
              action={action}
              mode="get"
              options={confirm}
              submitLabel={t('security.passkey.confirm')}
            />
          </>
        )}
        <Form page={page} action={action}>
          <TextField
            page={page}
            id="name"
            name="name"
            label={t(kind === 'keys' ? 'security.key.name' : 'security.passkey.name')}
            value={passkey.name}
          />
          <Button name="action" value="rename" kind={confirm ? 'secondary' : 'primary'}>
            {t('security.passkey.rename')}
          </Button>
        </Form>
        <section>
          <h2>{t(kind === 'keys' ? 'security.key.removeTitle' : 'security.passkey.removeTitle')}</h2>
          <Removal page={page} kind={kind} passkey={passkey} methods={methods} action={action} />
        </section>
      </>
    ),
  };
}

function Removal(props: { page: PageContext; kind: Kind; passkey: Passkey; methods: Methods; action: string }) {
  const { page, kind, passkey, methods, action } = props;
  const { t } = page;
  const counts = kind === 'keys' || passkey.confirmed;
  const guards = usable(methods);
  // What was reported lost is no way in that could stay.
  const isLast = guards.passkeys - (passkey.suspendedAt === undefined ? 1 : 0) === 0;
  if (kind === 'passkeys' && counts && isLast && !methods.password) return <p>{t('security.passkey.last')}</p>;
  const effect = kind === 'keys' ? 'key' : 'passkey';
  const lastGuard = counts && passkey.suspendedAt === undefined && guards.passkeys + guards.keys === 1;
  return (
    <>
      <p>{t(`security.${effect}.removeEffect`)}</p>
      <Form page={page} action={action}>
        {lastGuard && (
          <>
            <Notice kind="unusual">
              <p>{t('security.passkey.lastGuard')}</p>
            </Notice>
            <Checkbox id="sure" name="sure" label={t('security.passkey.sure')} />
          </>
        )}
        <Button kind="stop" name="action" value="remove">
          {t(`security.${effect}.remove`)}
        </Button>
      </Form>
    </>
  );
}

function NeedsScript({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <>
      <noscript>
        <p>{t('security.passkey.needsScript')}</p>
      </noscript>
      <p hidden data-passkey-missing>
        {t('security.passkey.unsupported')} <a href="/help/passkey">{t('web.passkey.help')}</a>
      </p>
    </>
  );
}
