// A process of its own: makes a server on the database it is given, sends it strange requests and prints what came back.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { sql } from 'kysely';
import { connectRaw } from './raw-client.ts';
import { silence } from './silence.ts';
import type { Route } from './strange-map.ts';
import { type StrangeRequest, strangeRequest } from './strange-requests.ts';
import { createStrangeWorld } from './strange-world.ts';
import { startTestApp, type TestApp } from './test-app.ts';

export type StrangeOrder = { databaseUrl: string | undefined; data: string; seed: number; requests: number };
/** How many answers of each class, such as 4 for 4xx, each endpoint gave. */
export type StrangeReport = {
  endpoints: Record<string, Record<string, number>>;
  requests: number;
  connections: number;
};

/** At once; each lane sends some requests together and waits for the last. */
const lanes = 4;
const together = 6;
/** After so many requests the world is looked after, and after some more made anew. */
const tendEvery = 800;
const renewEvery = 4000;

/** RFC 6749 §5: JSON, with the status that goes with it, whatever was sent. */
const forApps = ['token', 'device_authorization', 'devicecode', 'introspect', 'revoke', 'par'].map(
  (at) => `POST /${at}`,
);

const order = JSON.parse(process.argv[2] ?? '') as StrangeOrder;
try {
  process.stdout.write(JSON.stringify(await run(order)));
} catch (error) {
  // What fast-check adds would hide the one request in a heap of others.
  const { cause = error } = error as Error;
  process.stderr.write(`${(cause as Error).stack}\n`);
  process.exitCode = 1;
}
process.exit();

async function run({ databaseUrl, data, seed, requests }: StrangeOrder): Promise<StrangeReport> {
  const found = collectRoutes();
  // So that what proxies say is read, too.
  const env: Record<string, string> = { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1' };
  if (databaseUrl) env.LATCHKEY_DATABASE_URL = databaseUrl;
  const server = await startTestApp({ env, data });
  // Power cuts are for other tests.
  if (!databaseUrl) await sql`pragma synchronous = off`.execute(server.outside.database.query);
  const routes = found();
  const log = silence(server.app.server);
  const world = createStrangeWorld(server, routes);
  const report: StrangeReport = { endpoints: {}, requests: 0, connections: 0 };
  const request = strangeRequest(routes, world.known);

  const count = ({ method, url }: StrangeRequest, status: number): void => {
    report.requests += 1;
    const name = method === 'HEAD' ? 'HEAD of any' : world.map.endpoint(method, url);
    const endpoint = report.endpoints[name] ?? {};
    report.endpoints[name] = endpoint;
    const kind = status === 429 ? '429' : `${Math.trunc(status / 100)}xx`;
    endpoint[kind] = (endpoint[kind] ?? 0) + 1;
  };
  const one = async (sent: StrangeRequest): Promise<void> => {
    // Such an address can only be sent over a connection, as below.
    if (!URL.canParse(sent.url, server.url)) return;
    const answer = await inject(server, sent);
    count(sent, answer.statusCode);
    const about = (): string =>
      `${JSON.stringify(sent)}\n${answer.statusCode}: ${answer.body.slice(0, 300)}\n${log.lines.at(-1)}`;
    if (answer.statusCode >= 500) assert.fail(about());
    assertHeaders(answer.headers, about);
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    if (isJson && answer.body) JSON.parse(answer.body);
    const isForApp = forApps.includes(world.map.endpoint(sent.method, sent.url));
    const isAnswer = (isJson || answer.body === '') && (answer.statusCode < 300 || answer.statusCode >= 400);
    if (isForApp && !isAnswer) assert.fail(about());
    world.learn(sent, answer);
  };
  const connected = async (sent: StrangeRequest): Promise<void> => {
    const client = await connectRaw(server.url);
    report.connections += 1;
    client.send(inWords(sent));
    const text = await withinTime(client.until(/\r\n\r\n/), () => JSON.stringify(sent));
    assert.match(text, /^HTTP\/1\.1 [2-4]\d\d /, `${JSON.stringify(sent)}\n${text.slice(0, 200)}`);
    assert.match(text, /\r\nx-content-type-options: nosniff\r\n/i, text.slice(0, 300));
    count(sent, Number(text.slice(9, 12)));
    client.socket.destroy();
  };
  const batch = fc.array(request, { minLength: together, maxLength: together });
  const checks = { endOnFailure: true, numRuns: Math.ceil(tendEvery / lanes / together) };
  for (let round = 0; report.requests < requests; round++) {
    if ((round * tendEvery) % renewEvery === 0) await world.renew();
    await world.tend();
    const lane = (n: number): Promise<void> => {
      const property = fc.asyncProperty(batch, async (all) => {
        await withinTime(Promise.all(all.map(one)), () => JSON.stringify(all));
      });
      return fc.assert(property, { ...checks, seed: seed + round * 10 + n });
    };
    await Promise.all(Array.from({ length: lanes }, (_, n) => lane(n)));
    await fc.assert(fc.asyncProperty(request, connected), { endOnFailure: true, numRuns: 12, seed: seed + round });
    assert.deepEqual(
      log.lines.filter((line) => JSON.parse(line).level >= 50),
      [],
    );
    log.lines.length = 0;
  }
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  await server.stop();
  return report;
}

/** Fastify says of every route that is added, to whoever listens before the server is made. */
function collectRoutes(): () => Route[] {
  const routes: Route[] = [];
  const listen = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (route: RouteOptions) => {
      for (const method of [route.method].flat()) routes.push({ method, url: route.url });
    });
  };
  subscribe('fastify.initialization', listen);
  return () => {
    unsubscribe('fastify.initialization', listen);
    assert.ok(routes.length > 50, 'too few routes were found');
    return routes;
  };
}

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
async function withinTime<T>(work: Promise<T>, about: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`There was no answer: ${about()}`)), 60_000);
  });
  return Promise.race([work, never]).finally(() => clearTimeout(timer));
}

function assertHeaders(headers: Record<string, unknown>, about: () => string): void {
  const safe =
    headers['x-content-type-options'] === 'nosniff' &&
    headers['x-frame-options'] === 'DENY' &&
    headers['referrer-policy'] === 'no-referrer' &&
    /default-src 'none'/.test(String(headers['content-security-policy'])) &&
    !('x-powered-by' in headers || 'server' in headers);
  if (!safe) assert.fail(`headers: ${JSON.stringify(headers)}\n${about()}`);
}
