import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fastify from 'fastify';
import { openDatabase } from './drivers/database/open.ts';
import { createMetrics } from './metrics.ts';
import { type OperationsNeeds, registerOperations } from './operations.ts';

const data = mkdtempSync(join(tmpdir(), 'latchkey-operations-'));
after(() => rmSync(data, { recursive: true }));

const fine = { ping: async () => {} };
const alone = { beat: async () => {}, clockIsRight: true, missingKeys: [] };
const never = { ping: () => new Promise<void>(() => {}) };

function build(more: Partial<OperationsNeeds> = {}) {
  const metrics = createMetrics();
  const app = fastify();
  const config = { development: true, metricsToken: undefined };
  registerOperations(app, {
    config,
    metrics,
    database: fine,
    ephemeral: fine,
    presence: alone,
    draining: () => false,
    ...more,
  });
  app.get('/devices/:id', async () => 'page');
  app.get('/held', (_request, reply) => reply.header('preference-applied', 'wait=25').send('decided'));
  app.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.end('by hand');
  });
  after(() => app.close());
  return { app, metrics };
}

test('/healthz answers although nothing else does', async () => {
  const { app } = build({ database: never, ephemeral: never, draining: () => true });
  const answer = await app.inject('/healthz');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { status: 'alive' });
});

test('/readyz is 200 while all answers, and 503 once draining', async () => {
  let draining = false;
  const { app } = build({ draining: () => draining });
  assert.equal((await app.inject('/readyz')).statusCode, 200);
  draining = true;
  const answer = await app.inject('/readyz');
  assert.equal(answer.statusCode, 503);
  assert.deepEqual(answer.json(), {
    status: 'not ready',
    draining: true,
    database: true,
    ephemeral: true,
    clock: true,
    keys: true,
  });
});

test('/readyz is 503 with a real database that is closed, and does not say why', async () => {
  const database = await openDatabase({ databaseUrl: undefined, data });
  const { app } = build({ database });
  assert.equal((await app.inject('/readyz')).statusCode, 200);
  await database.close();
  const answer = await app.inject('/readyz');
  assert.equal(answer.statusCode, 503);
  assert.deepEqual(answer.json(), {
    status: 'not ready',
    draining: false,
    database: false,
    ephemeral: true,
    clock: true,
    keys: true,
  });
});

test('/readyz is 503 when a driver does not answer at all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let asked = (): void => {};
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const ephemeral = {
    ping() {
      asked();
      return new Promise<void>(() => {});
    },
  };
  const { app } = build({ ephemeral });
  const answer = app.inject('/readyz');
  await wasAsked;
  t.mock.timers.tick(2000);
  assert.equal((await answer).statusCode, 503);
});

test('/readyz asks each driver once for many who ask together', async () => {
  let pings = 0;
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const database = {
    ping() {
      pings++;
      return gate;
    },
  };
  const { app } = build({ database });
  const answers = Array.from({ length: 20 }, () => app.inject('/readyz'));
  while (pings === 0) await new Promise(setImmediate);
  release();
  assert.deepEqual(new Set((await Promise.all(answers)).map(({ statusCode }) => statusCode)), new Set([200]));
  assert.equal(pings, 1);
});

test('/metrics counts what rooms report and times requests by route template', async () => {
  const { app, metrics } = build();
  metrics.codeIssued();
  metrics.codeIssued();
  metrics.decided('approved');
  metrics.polled('slow_down');
  metrics.wrongCode();
  metrics.redeemed();
  metrics.answeredAgain();
  metrics.mailed('failed');
  metrics.watch({
    waitingCodes: async () => 7,
    heldPolls: () => 3,
    eventStreams: () => 2,
    clockSkew: () => 0,
    guessesLeft: () => Promise.reject(new Error('the counters are away')),
    pool: () => ({ limit: 10, open: 6, idle: 4, waiting: 1 }),
  });
  await app.inject('/devices/one');
  await app.inject('/devices/two');
  await app.inject('/no/such/page');
  await app.inject('/hijacked');
  await app.inject('/held');
  const { body, headers } = await app.inject('/metrics');
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'latchkey_codes_issued_total 2',
    'latchkey_decisions_total{kind="approved"} 1',
    'latchkey_polls_total{answer="slow_down"} 1',
    'latchkey_wrong_codes_total 1',
    'latchkey_redemptions_total 1',
    'latchkey_token_answers_replayed_total 1',
    'latchkey_mails_total{result="failed"} 1',
    'latchkey_waiting_codes 7',
    'latchkey_held_polls 3',
    'latchkey_event_streams 2',
    'latchkey_held_poll_duration_seconds_count 1',
    'latchkey_database_connections_limit 10',
    'latchkey_database_connections_used 2',
    'latchkey_database_connections_idle 4',
    'latchkey_database_connections_wanted 1',
    'latchkey_http_request_duration_seconds_count{method="GET",route="/devices/:id",status="2xx"} 2',
    'latchkey_http_request_duration_seconds_count{method="GET",route="none",status="4xx"} 1',
    'latchkey_http_request_duration_seconds_count{method="GET",route="/hijacked",status="2xx"} 1',
  ]) {
    assert.ok(body.split('\n').includes(line), line);
  }
  assert.match(body, /^process_cpu_seconds_total /m);
  assert.match(body, /^latchkey_event_loop_delay_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
  assert.doesNotMatch(body, /^latchkey_guesses_left /m, 'what cannot be asked is left out');
  assert.doesNotMatch(body, /route="\/held"/, 'the time a person took says nothing of the server');
});

test('/metrics outside development is unknown without a token, and needs it with one', async () => {
  const closed = build({ config: { development: false, metricsToken: undefined } }).app;
  assert.equal((await closed.inject('/metrics')).statusCode, 404);

  const { app } = build({ config: { development: false, metricsToken: 'secret' } });
  const ask = (authorization?: string) =>
    app.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } });
  assert.equal((await ask()).statusCode, 401);
  assert.equal((await ask('Bearer wrong')).statusCode, 401);
  assert.equal((await ask('Bearer ')).statusCode, 401);
  assert.equal((await ask('Basic secret')).statusCode, 401);
  assert.equal((await ask('Bearer secret')).statusCode, 200);
});
