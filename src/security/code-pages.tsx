import { BackLink, Button, ButtonRow, Form, Lead, LeftToRight, LinkButton, Notice, Time } from '../web/components.tsx';
import { CodeSheet, CopyButton, PrintButton } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';

/** `codes`: ten, each for one second step. `saved`: one, for the worst day. */
export type CodeKind = 'codes' | 'saved';
export const pathOf: Record<CodeKind, string> = { codes: '/security/recovery-codes', saved: '/security/saved-code' };

type About = {
  page: PageContext;
  kind: CodeKind;
  /** When the ones in use were made, if there are any. */
  madeAt: number | undefined;
  left: number;
  /** A message key: what was done just before, or why nothing was. */
  note?: { key: string; kind: 'done' | 'unusual' } | undefined;
};

/** What the codes are for, and how many there are: never the codes themselves, which nobody has but their owner. */
export function codesPage({ page, kind, madeAt, left, note }: About): Page {
  const { t } = page;
  const has = madeAt !== undefined;
  return {
    title: t(`security.${kind}.title`),
    ...(note?.kind === 'unusual' ? { status: 409 } : {}),
    content: (
      <>
        <BackLink href="/security">{t('security.back')}</BackLink>
        {note && <Notice kind={note.kind}>{t(note.key)}</Notice>}
        <h1>{t(`security.${kind}.title`)}</h1>
        <Lead>{t(`security.${kind}.lead`)}</Lead>
        <p>
          {has
            ? t.rich(`security.${kind}.has`, { left, date: <Time page={page} at={madeAt} show="date" /> })
            : t(`security.${kind}.none`)}
        </p>
        {has && <p>{t(`security.${kind}.renewEffect`)}</p>}
        <Form page={page} action={pathOf[kind]}>
          {/* Says which ones the page knew of: sending it again must not replace codes that were just written down. */}
          <input type="hidden" name="made" value={madeAt ?? ''} />
          <ButtonRow>
            <Button>{t(has ? `security.${kind}.renew` : `security.${kind}.make`)}</Button>
            {!has && <LinkButton href="/security">{t('security.codes.later')}</LinkButton>}
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

/** The one time they are shown. */
export function freshCodesPage(props: {
  page: PageContext;
  kind: CodeKind;
  codes: readonly string[];
  email: string;
  issuer: string;
  at: number;
}): Page {
  const { page, kind, codes, email, issuer, at } = props;
  const { t } = page;
  return {
    title: t(`security.${kind}.fresh`),
    content: (
      <>
        <h1>{t(`security.${kind}.fresh`)}</h1>
        <div class="screen-only">
          <Lead>{t(`security.${kind}.keep`)}</Lead>
        </div>
        <CodeSheet codes={codes}>
          <p>
            {t.rich('security.codes.sheetFor', {
              email: <LeftToRight>{email}</LeftToRight>,
              issuer: <LeftToRight>{issuer}</LeftToRight>,
              date: <Time page={page} at={at} show="date" />,
            })}
          </p>
          <p>{t(`security.${kind}.use`)}</p>
        </CodeSheet>
        <div class="screen-only">
          <ButtonRow>
            <PrintButton page={page} />
            <Form page={page} action="/security/codes-file" class="in-row">
              <input type="hidden" name="kind" value={kind} />
              <input type="hidden" name="codes" value={codes.join(' ')} />
              <Button kind="secondary">{t('security.codes.download')}</Button>
            </Form>
            <CopyButton page={page} text={codes.join('\n')} />
          </ButtonRow>
          <ButtonRow>
            <LinkButton href="/security" kind="primary">
              {t(`security.${kind}.kept`)}
            </LinkButton>
          </ButtonRow>
        </div>
      </>
    ),
  };
}

/** The same sheet as a file. Plain text, because it must open anywhere, in many years. */
export function codesFile(props: {
  page: PageContext;
  kind: CodeKind;
  codes: readonly string[];
  email: string;
  issuer: string;
  date: string;
}): string {
  const { page, kind, codes, email, issuer, date } = props;
  const { t } = page;
  const about = t('security.codes.sheetFor', { email, issuer, date });
  // Soft hyphens are for narrow screens.
  const title = t(`security.${kind}.fresh`).replaceAll('\u00ad', '');
  return [title, about, '', ...codes, '', t(`security.${kind}.use`), ''].join('\r\n');
}
