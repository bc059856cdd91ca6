import type { ComponentChild } from 'preact';
import {
  Button,
  ButtonRow,
  CodePlate,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  TextField,
} from '../web/components.tsx';
import { formatLocale } from '../web/messages.ts';
import type { Page, PageContext } from '../web/page.ts';
import { showUserCode, type TypedCode } from './user-code.ts';

/** Why the code typed last does not lead on. `no_such_code` is one answer for every code that is not ours to see (A29). */
export type CodeProblem =
  | Exclude<TypedCode, { code: string }>
  | { problem: 'no_such_code' }
  | { problem: 'too_many_tries'; retryAt: number };

/** Page 1: one field, one button, and the one sentence that stops most tricks (B36). */
export function enterCodePage(
  page: PageContext,
  props: { typed?: string | undefined; problem?: CodeProblem | undefined },
): Page {
  const { t } = page;
  const error = props.problem && problemText(page, props.problem);
  return {
    title: t('link.enter.title'),
    status: statusOf(props.problem),
    hasErrors: error !== undefined,
    content: (
      <>
        <ErrorSummary page={page} errors={error ? [{ field: 'user-code', text: error }] : []} />
        <h1>{t('link.enter.title')}</h1>
        <AccountLine page={page} />
        <Form page={page} action="/link">
          <TextField
            page={page}
            id="user-code"
            name="user_code"
            label={t('link.enter.label')}
            hint={t.rich('link.enter.hint', { code: <LeftToRight>BCDF-GHJK</LeftToRight> })}
            code="user"
            enterKeyHint="go"
            value={props.typed}
            error={error}
            autoFocus={!error}
          />
          <p class="hint">{t('link.enter.warning')}</p>
          <Button>{t('link.enter.continue')}</Button>
        </Form>
        <p>
          <a href="/help">{t('link.enter.noCode')}</a>
        </p>
      </>
    ),
  };
}

/** Page 2: what a scanned QR code opens. It asks; it never submits by itself and looks nothing up (A9, A10). */
export function scannedCodePage(page: PageContext, { code }: { code: string }): Page {
  const { t } = page;
  return {
    title: t('link.scanned.title'),
    content: (
      <>
        <h1>{t('link.scanned.title')}</h1>
        <CodePlate page={page} code={showUserCode(code)} />
        <Lead>{t('link.scanned.compare')}</Lead>
        <AccountLine page={page} />
        <Form page={page} action="/link">
          <input type="hidden" name="user_code" value={code} />
          <ButtonRow>
            <Button>{t('link.scanned.yes')}</Button>
            <LinkButton href="/link">{t('link.scanned.no')}</LinkButton>
          </ButtonRow>
        </Form>
        <p class="hint">{t('link.enter.warning')}</p>
      </>
    ),
  };
}

/** Says which account is about to be linked, and lets it be changed in one step (mission A6). */
function AccountLine({ page }: { page: PageContext }): ComponentChild {
  const { t, person } = page;
  if (!person) return null;
  return (
    <p>
      {t.rich('link.enter.account', { email: <LeftToRight>{person.email}</LeftToRight> })}{' '}
      <a href="/accounts?next=%2Flink">{t('link.enter.switch')}</a>
    </p>
  );
}

function problemText({ t, locale }: PageContext, problem: CodeProblem): string {
  switch (problem.problem) {
    case 'too_short':
    case 'too_long':
      return t(`link.problem.${problem.problem}`, { typed: problem.typed });
    case 'too_many_tries': {
      const format = new Intl.DateTimeFormat(formatLocale(locale), { timeStyle: 'short', timeZone: 'UTC' });
      return t('link.problem.too_many_tries', { time: `${format.format(problem.retryAt)} UTC` });
    }
    default:
      return t(`link.problem.${problem.problem}`);
  }
}

function statusOf(problem: CodeProblem | undefined): number {
  if (!problem) return 200;
  if (problem.problem === 'too_many_tries') return 429;
  return problem.problem === 'no_such_code' ? 404 : 422;
}
