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
  Time,
} from '../web/components.tsx';
import { type Page, type PageContext, wayWords } from '../web/page.ts';
import { showUserCode, type TypedCode } from './user-code.ts';

/** Why the code typed last does not lead on. `no_such_code` is one answer for every code that is not ours to see (A29). */
export type CodeProblem = Exclude<TypedCode, { code: string }> | { problem: 'no_such_code' };

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
          <p class="hint">{t('web.codes.reflex')}</p>
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
        <p class="hint">{t('web.codes.reflex')}</p>
      </>
    ),
  };
}

/** A page of its own, for nothing that could be typed would help. The time by the clock: a countdown would press. */
export function tooManyTriesPage(
  page: PageContext,
  { retryAt, way }: { retryAt: number; way?: string | undefined },
): Page {
  const { t } = page;
  const wayOn = wayWords(page, way);
  return {
    title: t('link.wait.title'),
    status: 429,
    content: (
      <>
        <h1>{t('link.wait.title')}</h1>
        <Lead>{t.rich('link.wait.until', { time: <Time page={page} at={retryAt} show="time" /> })}</Lead>
        {wayOn && <p>{wayOn}</p>}
        <p>{t('link.wait.device')}</p>
        <p>{t('web.codes.reflex')}</p>
        <LinkButton href="/help">{t('link.enter.noCode')}</LinkButton>
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
      {t.rich('link.enter.account', { email: <LeftToRight>{person.email}</LeftToRight> })}
      <br />
      <a href="/accounts?next=%2Flink">{t('link.enter.switch')}</a>
    </p>
  );
}

function problemText({ t }: PageContext, problem: CodeProblem): string {
  const values = 'typed' in problem ? { typed: problem.typed } : {};
  return t(`link.problem.${problem.problem}`, values);
}

function statusOf(problem: CodeProblem | undefined): number {
  if (!problem) return 200;
  return problem.problem === 'no_such_code' ? 404 : 422;
}
