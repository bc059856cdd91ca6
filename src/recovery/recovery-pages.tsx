import {
  BackLink,
  Button,
  CardList,
  type CardProps,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  PasskeyForm,
  TextField,
} from '../web/components.tsx';
import { linkDeadPage } from '../web/link-pages.tsx';
import { failure, type Page, type PageContext } from '../web/page.ts';
import type { Attempt } from './attempt.ts';
import { firstWays, furtherWays, type Way } from './kinds.ts';

export function startPage(props: { page: PageContext; email?: string | undefined; error?: string | undefined }): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('recovery.start.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/signin">{t('recovery.toSignIn')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'email', text: error }] : []} />
        <h1>{t('recovery.start.title')}</h1>
        <Lead>{t('recovery.start.text')}</Lead>
        <Form page={page} action="/recover">
          <TextField
            page={page}
            id="email"
            name="email"
            type="email"
            label={t('recovery.start.email')}
            value={props.email}
            error={error}
            autoComplete="username"
            enterKeyHint="next"
          />
          <Button>{t('recovery.continue')}</Button>
        </Form>
        {page.passkeys && (
          <p class="aside">
            {t('recovery.start.passkey')} <a href="/signin">{t('recovery.start.usePasskey')}</a>
          </p>
        )}
      </>
    ),
  };
}

/** Before a proof the same for every address, with an account or without (F5); after it, what that account has. */
export function choosePage(props: { page: PageContext; attempt: Attempt; keyOptions?: object | undefined }): Page {
  const { page, attempt } = props;
  const { t } = page;
  const { held } = attempt;
  const offered = held ? furtherWays(held, attempt.proven) : [...firstWays];
  const title = t(held ? 'recovery.more.title' : 'recovery.choose.title');
  return {
    title,
    content: (
      <>
        <BackLink href="/recover">{t('recovery.choose.other')}</BackLink>
        <h1>{title}</h1>
        <Lead>
          <LeftToRight>{attempt.email}</LeftToRight>
        </Lead>
        {held && (
          <Notice kind="done" title={t('recovery.more.done')}>
            <p>{t('recovery.more.why')}</p>
          </Notice>
        )}
        {offered.includes('key') && props.keyOptions && (
          <PasskeyForm
            page={page}
            action="/recover/code?way=key"
            mode="get"
            options={props.keyOptions}
            submitLabel={t('recovery.way.key.button')}
            kind="secondary"
          />
        )}
        <CardList cards={offered.filter((way) => way !== 'key').map((way) => wayCard(page, attempt, way))} />
        <p class="aside">
          {t(held ? 'recovery.more.none' : 'recovery.choose.none')}{' '}
          <a href="/recover/lost">{t(held ? 'recovery.more.wait' : 'recovery.choose.lost')}</a>
        </p>
      </>
    ),
  };
}

function wayCard(page: PageContext, attempt: Attempt, way: Way): CardProps {
  const { t } = page;
  const label = t(`recovery.way.${way}.button`);
  return {
    title: t(`recovery.way.${way}.title`),
    meta: t.rich(`recovery.way.${way}.text`, { email: <LeftToRight>{attempt.email}</LeftToRight> }),
    children:
      way === 'email' ? (
        <Form page={page} action="/recover/choose">
          <Button name="way" value="email">
            {label}
          </Button>
        </Form>
      ) : (
        <LinkButton href={`/recover/code?way=${way}`}>{label}</LinkButton>
      ),
  };
}

/** Which number it is, without showing any: its owner knows the last digits by heart. */
export function textPage(props: { page: PageContext; error?: string | undefined }): Page {
  const { page, error } = props;
  const { t } = page;
  return {
    title: t('recovery.text.title'),
    ...failure(error),
    content: (
      <>
        <BackLink href="/recover/choose">{t('recovery.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'digits', text: error }] : []} />
        <h1>{t('recovery.text.title')}</h1>
        <Form page={page} action="/recover/choose">
          <input type="hidden" name="way" value="text" />
          <TextField
            page={page}
            id="digits"
            name="digits"
            inputMode="numeric"
            label={t('recovery.text.digits')}
            hint={t('recovery.text.hint')}
            error={error}
            autoFocus
          />
          <Button>{t('recovery.text.send')}</Button>
        </Form>
      </>
    ),
  };
}

export function codePage(props: {
  page: PageContext;
  attempt: Attempt;
  way: Way;
  resent: boolean;
  /** Where mails and texts can be read on a developer's own machine, where none is sent. */
  mailbox?: string | undefined;
  error?: string | undefined;
}): Page {
  const { page, attempt, way, error, mailbox } = props;
  const { t } = page;
  const sent = way === 'email' || way === 'text';
  return {
    title: t(`recovery.code.${way}.title`),
    ...failure(error),
    content: (
      <>
        <BackLink href="/recover/choose">{t('recovery.back')}</BackLink>
        <ErrorSummary page={page} errors={error ? [{ field: 'code', text: error }] : []} />
        {props.resent && <Notice kind="done">{t('recovery.code.resent')}</Notice>}
        <h1>{t(`recovery.code.${way}.title`)}</h1>
        <Lead>{t.rich(`recovery.code.${way}.text`, { email: <LeftToRight>{attempt.email}</LeftToRight> })}</Lead>
        {sent && mailbox && (
          <Notice>
            <p>
              {t('recovery.code.mailbox')} <a href={mailbox}>{t('recovery.code.openMailbox')}</a>
            </p>
          </Notice>
        )}
        <Form page={page} action={`/recover/code?way=${way}`}>
          <TextField
            page={page}
            id="code"
            name="code"
            label={t(`recovery.code.${way}.label`)}
            hint={t(`recovery.code.${way}.hint`)}
            error={error}
            {...(sent || way === 'app' ? { code: 'digits' as const } : {})}
            autoFocus
          />
          <Button>{t('recovery.continue')}</Button>
        </Form>
        {sent && (
          <section class="aside">
            <h2>{t('recovery.code.nothing')}</h2>
            <p>{t(`recovery.code.${way}.nothing`)}</p>
            {way === 'email' && (
              <Form page={page} action="/recover/choose">
                <input type="hidden" name="again" value="yes" />
                <Button kind="secondary" name="way" value="email">
                  {t('recovery.code.resend')}
                </Button>
              </Form>
            )}
            <p>
              <a href="/recover/choose">{t('recovery.code.other')}</a>
            </p>
          </section>
        )}
      </>
    ),
  };
}

/** What a mail's link opens. Opening does nothing: mail scanners open links too (E21). */
export function linkPage(props: { page: PageContext; token: string; email: string; sameBrowser: boolean }): Page {
  const { page, email, sameBrowser } = props;
  const { t } = page;
  return {
    title: t('recovery.link.title'),
    content: (
      <>
        <h1>{t('recovery.link.title')}</h1>
        <Lead>{t.rich('recovery.link.text', { email: <LeftToRight>{email}</LeftToRight> })}</Lead>
        {!sameBrowser && (
          <Notice kind="unusual" title={t('recovery.link.elsewhereTitle')}>
            <p>{t('recovery.link.elsewhere')}</p>
          </Notice>
        )}
        <Form page={page} action={`/recover/link/${encodeURIComponent(props.token)}`}>
          <Button>{t(sameBrowser ? 'recovery.continue' : 'recovery.link.here')}</Button>
        </Form>
        <p class="aside">{t('recovery.link.notYou')}</p>
      </>
    ),
  };
}

export function deadLinkPage({ page: { t } }: { page: PageContext }): Page {
  const again = { href: '/recover', label: t('recovery.dead.again') };
  return linkDeadPage({ title: t('recovery.dead.title'), text: t('recovery.dead.text'), again });
}
