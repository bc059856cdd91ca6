import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorCode } from '../errors.ts';
import { retryAfter } from '../limits/limits.ts';
import { draw } from '../random.ts';
import { LeftToRight, LinkButton, Time } from './components.tsx';
import { anonymousContext, readContext } from './context.ts';
import { isHarmless, recogniseBrowser } from './guard.ts';
import { type Page, type PageContext, wayWords } from './page.ts';
import { meantPage } from './typed-address.ts';

export async function answerNotFound(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const [path = '', query] = request.url.split('?', 2);
  const meant = isHarmless(request) ? meantPage(path, request.server.web.pages) : undefined;
  if (meant !== undefined) {
    // Not kept by anything: a page of that name may come one day.
    reply.header('cache-control', 'no-store');
    return reply.redirect(query === undefined ? meant : `${meant}?${query}`, 303);
  }
  return answer(request, reply, { code: 'not_found', status: 404, message: 'There is nothing at this address.' });
}

/** The last resort (F33): a person sees what happened and what to do, the log sees the rest. */
export async function answerError(
  error: FastifyError | AppError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (error instanceof AppError) {
    if (error.status < 500) {
      request.log.info({ code: error.code, reason: error.message }, 'refused');
      return answer(request, reply, error);
    }
    return answer(request, reply, error, logFailure(error, request));
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status !== undefined && status >= 400 && status < 500) {
    request.log.info({ code: error.code }, 'refused');
    return status === 413
      ? answer(request, reply, { code: 'too_large', status, message: 'This request is too large.' })
      : answer(request, reply, { code: 'bad_request', status, message: 'This request cannot be read.' });
  }
  return answer(
    request,
    reply,
    { code: 'internal', status: 500, message: 'Something failed.' },
    logFailure(error, request),
  );
}

/** A reference without vowels and lookalikes: short enough to read out on the phone. */
function logFailure(error: Error, request: FastifyRequest): string {
  const reference = draw(request.server.web.random, 'BCDFGHJKLMNPQRSTVWXZ', 8);
  request.log.error({ err: error, reference }, 'failed');
  return reference;
}

type Problem = {
  code: ErrorCode;
  status: number;
  message: string;
  retryAt?: number | undefined;
  way?: string | undefined;
};

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  reference?: string,
): Promise<FastifyReply> {
  const { code, status, message, retryAt, way } = problem;
  if (status === 429 || status === 503) reply.header('retry-after', retryAfter(retryAt, request.server.web.clock));
  if (!request.headers.accept?.includes('text/html')) {
    const shown = status < 500 ? message : 'Something failed on our side.';
    return reply.code(status).header('cache-control', 'no-store').send({ error: code, message: shown, reference });
  }
  if (!request.browserId) recogniseBrowser(request, reply);
  // Who is signed in is worth asking, but not when it may be just that which failed.
  request.page ??=
    status < 500 ? await readContext(request).catch(() => anonymousContext(request)) : anonymousContext(request);
  return reply.page(errorPage(request.page, { code, status, retryAt, way, reference, again: startAgain(request) }));
}

/** Where a person begins anew after a form that could not be taken, with the code they had typed. */
function startAgain(request: FastifyRequest): string {
  const { url } = request.routeOptions;
  // Some forms are sent to addresses that have no page.
  if (url === undefined || !request.server.hasRoute({ url, method: 'GET' })) return '/';
  const path = (request.page?.path ?? '/').split('?')[0] ?? '/';
  const code = (request.body as { user_code?: unknown } | undefined)?.user_code;
  return path === '/link' && typeof code === 'string' && code.length <= 40
    ? `/link?user_code=${encodeURIComponent(code)}`
    : path;
}

export function errorPage(
  page: PageContext,
  problem: {
    code: ErrorCode;
    status: number;
    retryAt?: number | undefined;
    way?: string | undefined;
    reference?: string | undefined;
    again: string;
  },
): Page {
  const { t } = page;
  const { code, retryAt, way, reference } = problem;
  const title = t(`web.error.${code}.title`);
  const wayOn = wayWords(page, way);
  return {
    title,
    status: problem.status,
    content: (
      <>
        <h1>{title}</h1>
        <p class="lead">{t(`web.error.${code}.text`)}</p>
        {retryAt !== undefined && (
          <p>{t.rich('web.error.retryAt', { time: <Time page={page} at={retryAt} show="time" /> })}</p>
        )}
        {wayOn && <p>{wayOn}</p>}
        {reference && <p>{t.rich('web.error.reference', { reference: <LeftToRight>{reference}</LeftToRight> })}</p>}
        <p>
          <WayOn page={page} code={code} again={problem.again} />
        </p>
      </>
    ),
  };
}

function WayOn({ page, code, again }: { page: PageContext; code: ErrorCode; again: string }) {
  const [href, label] =
    code === 'forged_form'
      ? [again, 'web.error.startAgain']
      : code === 'unavailable'
        ? [again, 'web.error.tryAgain']
        : code === 'not_signed_in'
          ? ['/signin', 'web.account.signIn']
          : ['/', 'web.error.home'];
  return (
    <LinkButton href={href} kind="primary">
      {page.t(label)}
    </LinkButton>
  );
}
