import { errorCodes, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { deviceCodeGrant } from '../clients/client-settings.ts';
import type { Places } from '../drivers/places/places.ts';
import { AppError } from '../errors.ts';
import { retryAfter } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import { askedLocale } from '../web/messages.ts';
import type { Page, PageContext } from '../web/page.ts';
import { answerWithPage } from '../web/web.ts';
import type { DeviceRequests, Requester } from './device-requests.ts';
import type { Engine, EngineRequest } from './engine.ts';
import { createFastIssue } from './fast-issue.ts';
import { isForm, pollBodies } from './fast-poll.ts';
import type { FormPost, GoBack } from './form-post.ts';
import { clientRoutes, meetPrograms, noStore, publicRoutes } from './machine-endpoints.ts';
import { preferredWait } from './preferred-wait.ts';
import { withWayToAnswer } from './request-object.ts';
import type { Visit } from './visit.ts';

type Needs = {
  engine: Engine;
  issuer: string;
  places: Places;
  requests: DeviceRequests;
  random: Random;
  /** Told of the milliseconds from a poll to its tokens, unless its client asked to wait. */
  redemptionTook(duration: number): void;
  /** The page that carries an answer to an app in a form. */
  formPostPage(page: PageContext, answer: FormPost): Page;
  /** The page that leads back to an app. */
  goBackPage(page: PageContext, answer: GoBack): Page;
  /** The browser that a request comes from, and who is signed in in it by our session. */
  visitOf(request: FastifyRequest, reply: FastifyReply): Promise<Visit>;
};

const bodyLimit = 56 * 1024;
/** A device asks for little, and anyone may ask (fault B3). */
const longestAsking = 8 * 1024;

/**
 * Mounts the engine at the issuer's root. Fastify reads the form first, because a pending poll is answered here:
 * it touches no SQL and never enters the engine (decision 9).
 */
export async function enginePlugin(app: FastifyInstance, needs: Needs): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, body));

  app.setErrorHandler(answerFailure);
  meetPrograms(app, { clients: needs.engine.clients, issuer: needs.issuer });

  const handOver = (request: FastifyRequest, reply: FastifyReply, make: (page: PageContext) => Page): void => {
    // The engine's cookies are on the response already; Fastify would put ours in their place.
    const cookies = [reply.raw.getHeader('set-cookie') ?? []].flat().map(String);
    reply.raw.removeHeader('set-cookie');
    for (const cookie of cookies) reply.header('set-cookie', cookie);
    answerWithPage(request, reply, make);
  };

  const toEngine = async (request: FastifyRequest, reply: FastifyReply, visit?: Visit): Promise<void> => {
    const raw = engineRequest(request, needs, visit);
    await needs.engine.provider().callback()(raw, reply.raw);
    if (raw.failure !== undefined) throw raw.failure;
    const { formPost, goBack } = raw;
    if (formPost) return handOver(request, reply, (page) => needs.formPostPage(page, formPost));
    if (goBack) return handOver(request, reply, (page) => needs.goBackPage(page, goBack));
    reply.hijack();
  };
  const under = (url: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    Object.assign(request.raw, { url, aliased: true });
    return toEngine(request, reply);
  };

  for (const url of getRoutes) app.get(url, toEngine);
  for (const url of postRoutes) app.post(url, toEngine);
  for (const url of formRoutes) app.post(url, { bodyLimit: formLimit }, askAgainByGet);
  // RFC 9700 §2.6 (C15): never for scripts of another origin.
  app.get('/auth', async (request, reply) => {
    const visit = await needs.visitOf(request, reply);
    if (request.url.includes('request=')) request.raw.url = withWayToAnswer(request.url);
    return toEngine(request, reply, visit);
  });
  app.get<{ Params: { uid: string } }>('/auth/:uid', async (request, reply) => {
    const visit = await needs.visitOf(request, reply);
    const locale = askedLocale((request.query as { ui_locales?: unknown }).ui_locales);
    // Going on after an interaction takes no parameters, and the engine stumbles over those it meets there.
    request.raw.url = request.url.split('?', 1)[0] ?? '';
    return toEngine(request, reply, { ...visit, resumes: request.params.uid, locale });
  });
  for (const url of publicRoutes) app.options(url, toEngine);
  for (const url of clientRoutes) {
    app.options(url, async (request, reply) => {
      if (await isKnownOrigin(request.headers.origin, needs)) return toEngine(request, reply);
      return reply.code(403).header('vary', 'Origin').send();
    });
  }
  const issue = createFastIssue({ ...needs, clients: needs.engine.clients });
  app.post('/device_authorization', { logLevel: 'warn', bodyLimit: longestAsking }, async (request, reply) => {
    const form = plainForm(request, needs.issuer);
    const answer = form && (await issue(form, requesterOf(request, needs.places)));
    return answer ? reply.headers(noStore).send(answer) : toEngine(request, reply);
  });
  // Microsoft's client library ignores the metadata and derives this address from the token endpoint's.
  app.post('/devicecode', { bodyLimit: longestAsking }, under('/device_authorization'));
  // Devices poll every few seconds: a line in the log for each would bury the rest.
  app.post('/token', { logLevel: 'warn' }, async (request, reply) => {
    const { failure } = request.raw as Partial<EngineRequest>;
    if (failure !== undefined) throw failure;
    shortGrantName(request);
    timeRedemption(request, reply, needs);
    const form = plainForm(request, needs.issuer);
    if (form?.get('grant_type') === 'refresh_token') {
      const tokens = await needs.engine.fastTokens.refresh(form);
      return tokens ? reply.headers(noStore).send(tokens) : toEngine(request, reply);
    }
    if (!form || form.get('grant_type') !== deviceCodeGrant) return toEngine(request, reply);
    const poll = pollOf(form);
    const isWaiting = (): boolean =>
      poll !== undefined && needs.requests.waitsForPublicClient(poll.deviceCode, poll.clientId);
    /** Holds a poll that would rather wait; true once its code is decided. */
    const holdUntilDecided = async (answer: string): Promise<boolean> => {
      const wait = answer === 'authorization_pending' ? preferredWait(request.headers.prefer) : undefined;
      if (!poll || wait === undefined) return false;
      if (await needs.requests.untilDecided(poll.deviceCode, wait * 1000, closing(reply)))
        reply.raw.setHeader('preference-applied', `wait=${wait}`);
      return !isWaiting();
    };
    if (poll && isWaiting()) {
      const answer = await needs.requests.poll(poll.deviceCode, poll.clientId);
      const decided = answer === 'approved' || answer === 'redeemed' || (await holdUntilDecided(answer));
      // RFC 6749 §5.1, §5.2
      if (!decided) return reply.code(400).headers(noStore).send(pollBodies[answer]);
    }
    // Four parameters are more than a plain redemption has.
    const redeem = async () =>
      poll && form.size === 3 ? needs.engine.fastTokens.redeem(poll.deviceCode, poll.clientId) : undefined;
    let answer = await redeem();
    // This process meets the code for the first time, and knows only now that it waits.
    if (answer && 'error' in answer && isWaiting() && (await holdUntilDecided(answer.error))) answer = await redeem();
    if (!answer) return toEngine(request, reply);
    if ('error' in answer) return reply.code(400).headers(noStore).send(pollBodies[answer.error]);
    return reply.headers(noStore).send(answer.tokens);
  });
}

/**
 * A form of an app may come here as well as a link: OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2. What answers a GET
 * at the second is ours (apps/sign-out-plugin.ts): the engine's page would send itself off by an inline script (K15, C34).
 */
const formRoutes = ['/auth', '/session/end'];
/** It becomes an address, which has to fit in the headers of a request together with the cookies. */
const formLimit = 8 * 1024;
const getRoutes = [...publicRoutes, '/userinfo'];
const postRoutes = ['/userinfo', '/introspect', '/revoke', '/par'];

const isForPeople = ({ url }: FastifyRequest): boolean => /^\/(?:auth|session)\b/.test(url);

/** Apps get the words of RFC 6749 §5.2, people a page. */
function answerFailure(error: FastifyError | AppError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // What is thrown here goes on to the error pages of the whole server.
  if (isForPeople(request) && request.headers.accept?.includes('text/html')) throw error;
  const status = (error instanceof AppError ? error.status : error.statusCode) ?? 500;
  const { clock } = request.server.web;
  reply.code(status).headers(noStore);
  if (status >= 500) request.log.error({ err: error }, 'failed');
  if (status === 429 || status === 503) {
    const retryAt = error instanceof AppError ? error.retryAt : undefined;
    const detail = status === 429 ? error.message : 'A part of this service is not answering.';
    return reply
      .header('retry-after', retryAfter(retryAt, clock))
      .send({ error: 'temporarily_unavailable', error_description: detail });
  }
  return status < 500
    ? reply.send({ error: 'invalid_request', error_description: error.message })
    : reply.send({ error: 'server_error', error_description: 'Something failed on our side.' });
}

/**
 * Sends the browser to the same with the form in the address. A POST from another site comes without our cookies
 * (SameSite=Lax), which must stay so: the GET that follows brings them, and changes nothing.
 */
function askAgainByGet(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body = '', headers, url } = request;
  const type = headers['content-type'];
  if (typeof body !== 'string' || !isForm(type)) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(type);
  const [path = '', query] = url.split('?', 2);
  const parameters = new URLSearchParams([query, body].filter(Boolean).join('&'));
  return reply.header('cache-control', 'no-store').redirect(`${path}?${parameters}`, 303);
}

/** Microsoft's client library sends the grant's short name. */
function shortGrantName(request: FastifyRequest): void {
  if (typeof request.body !== 'string') return;
  request.body = request.body.replace(
    /(^|&)grant_type=device_code(?=&|$)/,
    `$1grant_type=${encodeURIComponent(deviceCodeGrant)}`,
  );
}

function timeRedemption({ body }: FastifyRequest, reply: FastifyReply, { redemptionTook }: Needs): void {
  if (typeof body !== 'string' || !body.includes('device_code=')) return;
  reply.raw.once('finish', () => {
    if (reply.raw.statusCode === 200 && !reply.raw.hasHeader('preference-applied')) redemptionTook(reply.elapsedTime);
  });
}

/** The poll of a client without credentials, if that is what the form is; the engine checks everything else. */
function pollOf(form: URLSearchParams): { deviceCode: string; clientId: string } | undefined {
  const deviceCode = form.get('device_code');
  const clientId = form.get('client_id');
  const names = [...form.keys()];
  // A repeated parameter is an error of its own (RFC 6749 §3.2), and a secret must be checked.
  const odd = names.some((name) => name.startsWith('client_') && name !== 'client_id');
  return deviceCode && clientId && !odd && new Set(names).size === names.length ? { deviceCode, clientId } : undefined;
}

/** The form of a request that proves nothing by headers and needs none of the engine's, or undefined. */
function plainForm(request: FastifyRequest, issuer: string): URLSearchParams | undefined {
  const { authorization, dpop, origin, 'content-type': type } = request.headers;
  // A script of another origin needs the engine's CORS headers (C15); one of our own does not.
  if (authorization !== undefined || dpop !== undefined || (origin !== undefined && origin !== issuer))
    return undefined;
  if (typeof request.body !== 'string' || !isForm(type)) return undefined;
  return new URLSearchParams(request.body);
}

/** Aborted when the client has hung up. */
function closing(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort());
  return closed.signal;
}

/** The request as the engine should see it: its body unread, its origin the issuer's whatever the Host header says. */
function engineRequest(request: FastifyRequest, { issuer, places }: Needs, visit: Visit | undefined): EngineRequest {
  const { host, protocol } = new URL(issuer);
  const body = Buffer.from(typeof request.body === 'string' ? request.body : '');
  const headers = {
    ...request.raw.headers,
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol.slice(0, -1),
    'x-forwarded-for': request.ip,
    // Whatever it says it likes, an app is told of errors in JSON, with the status that goes with it (RFC 6749 §5.2).
    ...(isForPeople(request) ? {} : { accept: 'application/json' }),
    ...(request.method === 'POST' ? { 'content-length': String(body.length) } : {}),
  };
  return Object.create(request.raw, {
    headers: { value: headers },
    // Fastify has read the stream; the engine would otherwise call that a misconfiguration.
    readable: { value: true },
    iterator: { value: () => [body].values() },
    requester: { value: requesterOf(request, places) },
    visit: { value: visit },
  }) as EngineRequest;
}

function requesterOf(request: FastifyRequest, places: Places): Requester {
  const { headers, ip } = request;
  return { ip, userAgent: headers['user-agent'], country: places.countryOf(headers) };
}

/** A preflight names no client: it is answered for the origins of all, and the request itself for those of its own. */
async function isKnownOrigin(origin: string | undefined, { engine, issuer }: Needs): Promise<boolean> {
  if (origin === undefined) return false;
  return origin === issuer || engine.clients.isWebOrigin(origin);
}
