import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { forEachDatabase } from '../helpers/databases.ts';
import { deviceCodeGrant, poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { connectRaw } from '../helpers/raw-client.ts';
import { createSeeded } from '../helpers/seeded.ts';
import { silence } from '../helpers/silence.ts';
import { type Known, type Route, type StrangeRequest, strangeRequest } from '../helpers/strange-requests.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** To each database one half of them. */
const requests = Math.ceil(Number(process.env.LATCHKEY_FUZZ_REQUESTS || 6000) / 2);
/** What the requests know is renewed so often: they sign out, spend and revoke what they were given. */
const renewEvery = 500;

/** Whatever is sent to whatever address: an answer, none of them 5xx, all of them with the security headers. */
forEachDatabase((_name, _open, newPlace) => {
  let server: TestApp;
  let routes: Route[];
  let known: Known;
  let log: { lines: string[] };

  before(async () => {
    const found = collectRoutes();
    const { databaseUrl, data } = await newPlace();
    // So that what proxies say is read, too.
    const env: Record<string, string> = { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1' };
    if (databaseUrl) env.LATCHKEY_DATABASE_URL = databaseUrl;
    server = await startTestApp({ env, data });
    routes = found();
    log = silence(server.app.server);
    known = await renew(server, 0);
  });
  after(() => server.stop());

  it(`${requests} to every endpoint: no 5xx, no hang, always the security headers`, async (t) => {
    const { seed } = createSeeded();
    t.diagnostic(`seed ${seed}, ${routes.length} routes`);
    const statuses = new Map<number, number>();
    for (let done = 0; done < requests; done += renewEvery) {
      const property = fc.asyncProperty(
        strangeRequest(routes, () => known),
        async (request) => {
          // Such an address can only be sent over a connection, as below.
          fc.pre(URL.canParse(request.url, server.url));
          const answer = await withinTime(inject(server, request));
          statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
          assert.ok(answer.statusCode < 500, `${answer.statusCode}: ${answer.body.slice(0, 200)}\n${log.lines.at(-1)}`);
          assertHeaders(answer.headers);
          if (String(answer.headers['content-type']).startsWith('application/json') && answer.body)
            JSON.parse(answer.body);
        },
      );
      await fc.assert(property, { seed: seed + done, numRuns: Math.min(renewEvery, requests - done) });
      known = await renew(server, done + 1);
    }
    t.diagnostic(
      [...statuses]
        .toSorted(([a], [b]) => a - b)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', '),
    );
    const failures = log.lines.filter((line) => JSON.parse(line).level >= 50);
    assert.deepEqual(failures, []);
  });

  it('over real connections: every request has its answer, and the connection is of use afterwards', async (t) => {
    const { seed } = createSeeded();
    t.diagnostic(`seed ${seed}`);
    let connections = 0;
    const property = fc.asyncProperty(
      strangeRequest(routes, () => known),
      async (request) => {
        const client = await connectRaw(server.url);
        connections += 1;
        client.send(inWords(request));
        const text = await withinTime(client.until(/\r\n\r\n/));
        assert.match(text, /^HTTP\/1\.1 [2-4]\d\d /, text.slice(0, 200));
        assert.match(text, /\r\nx-content-type-options: nosniff\r\n/i, text.slice(0, 300));
        client.socket.destroy();
      },
    );
    await fc.assert(property, { seed, numRuns: Math.ceil(requests / 10) });
    t.diagnostic(`${connections} connections`);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  });
});

/** Fastify says of every route that is added, to whoever listens before the server is made. */
function collectRoutes(): () => Route[] {
  const routes: Route[] = [];
  const listen = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (route: RouteOptions) => {
      // Where something is changed there is more to get wrong.
      for (const method of [route.method].flat())
        routes.push(...Array.from({ length: method === 'POST' ? 4 : 1 }, () => ({ method, url: route.url })));
    });
  };
  subscribe('fastify.initialization', listen);
  return () => {
    unsubscribe('fastify.initialization', listen);
    assert.ok(routes.length > 50, 'too few routes were found');
    return routes;
  };
}

/** An account, a client and a device in every state, made as they are made in life. */
async function renew(server: TestApp, round: number): Promise<Known> {
  const email = `fuzz${round}@example.org`;
  await server.createAccount(email);
  // A network of its own for each person: a hundred who sign in from one would be asked to wait.
  const browser = createHttpBrowser(server.url, { 'x-forwarded-for': `10.${round >> 16}.${(round >> 8) % 256}.1` });
  const home = await signIn(browser, email, testPassword);
  const app = {
    name: 'App',
    public: false,
    redirectUris: ['https://app.example/callback'],
    webOrigins: ['https://app.example'],
  };
  const { id: tv } = await server.createClient();
  const web = await server.createClient({
    ...app,
    grants: ['authorization_code', 'refresh_token', 'device_code', 'client_credentials'],
  });
  const [linked, reviewed, waiting] = [
    await requestCode(server.url, tv),
    await requestCode(server.url, tv),
    await requestCode(server.url, tv),
  ];
  await linkCode(browser, linked.user_code);
  const { body } = await poll(server.url, tv, linked.device_code);
  const review = await reviewCode(browser, reviewed.user_code);
  const device = (await browser.open('/devices')).root
    .querySelector('main li a[href^="/devices/"]')
    ?.getAttribute('href');
  const basic = `Basic ${Buffer.from(`${web.id}:${web.secret}`).toString('base64')}`;
  const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
  const callback = { response_type: 'code', redirect_uri: 'https://app.example/callback', ...challenge };
  const par = await postForm(`${server.url}/par`, callback, { authorization: basic });
  const signIns = await browser.open(
    `/auth?${new URLSearchParams({ client_id: web.id, scope: 'openid', ...callback })}`,
  );
  const codes = [linked, reviewed, waiting].flatMap(({ device_code, user_code }) => [device_code, user_code]);
  const tokens = [body.access_token, body.refresh_token, body.id_token, par.body.request_uri].map(String);
  const csrf = home.root.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '';
  const [access, refreshToken, hint, requestUri] = tokens as [string, string, string, string];
  return {
    values: [
      ...codes,
      ...tokens,
      tv,
      web.id,
      email,
      testPassword,
      deviceCodeGrant,
      lastPart(review.url.pathname),
      lastPart(device),
      lastPart(signIns.url.pathname),
    ],
    cookies: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    csrf,
    clientId: tv,
    basic,
    forms: [
      { grant_type: deviceCodeGrant, device_code: waiting.device_code, client_id: tv },
      { grant_type: deviceCodeGrant, device_code: linked.device_code, client_id: tv },
      { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: tv },
      {
        grant_type: 'authorization_code',
        code: 'x',
        redirect_uri: callback.redirect_uri,
        code_verifier: 'a'.repeat(43),
        client_id: web.id,
      },
      { grant_type: 'client_credentials', client_id: web.id, client_secret: web.secret ?? '' },
      { client_id: tv, scope: 'openid offline_access', device_name: 'TV', device_type: 'tv' },
      { client_id: tv, token: access },
      { client_id: tv, token: refreshToken, token_type_hint: 'refresh_token' },
      { client_id: web.id, scope: 'openid', state: 'x', nonce: 'y', ...callback },
      { client_id: web.id, prompt: 'login', max_age: '1', login_hint: email, ui_locales: 'de', ...callback },
      { client_id: web.id, request_uri: requestUri },
      { id_token_hint: hint, client_id: tv },
      { csrf, user_code: waiting.user_code },
      { csrf, decision: 'approve' },
      { csrf, decision: 'report', seen: 'yes' },
      { csrf, email },
      { csrf, password: testPassword },
      { csrf, credential: '{"id":"x","rawId":"x","type":"public-key","response":{}}' },
      { csrf, action: 'rename', name: 'Kitchen' },
      { csrf, locale: 'ar', theme: 'dark', next: '/link' },
    ],
  };
}

const lastPart = (path = ''): string => path.split('/').at(-1) ?? '';

function inject(server: TestApp, { method, url, headers, body, remoteAddress }: StrangeRequest) {
  return server.app.server.inject({
    method: method as 'GET',
    url,
    headers,
    remoteAddress,
    ...(body === undefined ? {} : { payload: body }),
  });
}

/** The request as bytes. */
function inWords({ method, url, headers, body }: StrangeRequest): Buffer {
  const content = Buffer.from(body ?? '');
  const all = { host: 'localhost', ...headers, ...(body === undefined ? {} : { 'content-length': content.length }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

/** Far longer than anything takes: only what never comes is a failure. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('There was no answer.')), 30_000);
  });
  return Promise.race([work, never]).finally(() => clearTimeout(timer));
}

function assertHeaders(headers: Record<string, unknown>): void {
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  assert.ok(!('x-powered-by' in headers || 'server' in headers));
}
