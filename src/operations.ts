import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { seconds } from './clock.ts';
import type { Metrics } from './metrics.ts';
import type { Presence } from './presence.ts';
import { sameString } from './secrets.ts';

export type OperationsNeeds = {
  config: { development: boolean; metricsToken: string | undefined; relatedOrigins?: readonly string[] };
  metrics: Metrics;
  database: { ping(): Promise<void> };
  ephemeral: { ping(): Promise<void> };
  /** What is known of the other processes, and whether the database takes a write. */
  presence: Pick<Presence, 'beat' | 'clockIsRight' | 'missingKeys'>;
  /** True once the process has been told to stop: a load balancer must send nobody new. */
  draining: () => boolean;
};

/** A check that has not answered by then has failed. */
const patience = seconds(2);

/**
 * /healthz, /readyz, /metrics and what the passkeys' domain is asked for, and the timing of every request.
 * Call it on the outermost app before routes are added, because hooks count only for routes added later.
 */
export function registerOperations(app: FastifyInstance, needs: OperationsNeeds): void {
  const { metrics } = needs;
  app.addHook('onResponse', async (request, reply) => {
    // A stream lasts as long as a page is looked at, which says nothing of the server.
    if (String(reply.raw.getHeader('content-type')).startsWith('text/event-stream')) return;
    metrics.answered({
      method: request.method,
      // Addresses that match no route are a stranger's choice and share one label.
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      duration: reply.elapsedTime,
      // RFC 7240 §3: said of polls that were held.
      held: reply.raw.hasHeader('preference-applied'),
    });
  });

  // Asked every few seconds by machines: only trouble is worth a line in the log.
  const quiet = { logLevel: 'warn' } as const;
  const check = sharedCheck(needs);

  app.get('/healthz', quiet, (_request, reply) => plain(reply).send({ status: 'alive' }));

  app.get('/readyz', quiet, async (request, reply) => {
    const draining = needs.draining();
    const { database, ephemeral } = await check();
    for (const problem of [database, ephemeral]) {
      if (problem) request.log.warn({ err: problem }, 'not ready');
    }
    const clock = needs.presence.clockIsRight;
    const keys = needs.presence.missingKeys.length === 0;
    const ready = !draining && !database && !ephemeral && clock && keys;
    // Anyone may ask, so the answer names what fails and never why.
    return plain(reply)
      .code(ready ? 200 : 503)
      .send({
        status: ready ? 'ready' : 'not ready',
        draining,
        database: !database,
        ephemeral: !ephemeral,
        clock,
        keys,
      });
  });

  // WebAuthn §5.11: absent unless some other address is to use our passkeys (G8).
  const { relatedOrigins: origins = [] } = needs.config;
  if (origins.length > 0) app.get('/.well-known/webauthn', (_request, reply) => plain(reply).send({ origins }));

  app.get('/metrics', quiet, async (request, reply) => {
    if (!mayRead(request, reply, needs.config)) return reply;
    const { contentType, text } = await metrics.read();
    return plain(reply).type(contentType).send(text);
  });
}

const plain = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store');

/** Outside development numbers are for the operator alone: they tell an attacker how a guessing run is going. */
function mayRead(request: FastifyRequest, reply: FastifyReply, config: OperationsNeeds['config']): boolean {
  if (config.development) return true;
  if (config.metricsToken === undefined) {
    reply.callNotFound();
    return false;
  }
  if (sameString(request.headers.authorization ?? '', `Bearer ${config.metricsToken}`)) return true;
  plain(reply).code(401).header('www-authenticate', 'Bearer realm="metrics"').send({ error: 'not_signed_in' });
  return false;
}

type Problems = { database: Error | undefined; ephemeral: Error | undefined };

/** However many ask at once, each driver is asked once: the endpoint is public. */
function sharedCheck({ database, presence, ephemeral }: OperationsNeeds): () => Promise<Problems> {
  let underway: Promise<Problems> | undefined;
  const run = async (): Promise<Problems> => {
    // A database that answers and takes nothing, because its disk is full, is of no use: it is written to.
    const write = database.ping().then(() => presence.beat());
    const [first, second] = await Promise.all([problemOf(write), problemOf(ephemeral.ping())]);
    return { database: first, ephemeral: second };
  };
  return () => {
    underway ??= run().finally(() => {
      underway = undefined;
    });
    return underway;
  };
}

async function problemOf(ping: Promise<void>): Promise<Error | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('No answer in time.')), patience);
  });
  try {
    await Promise.race([ping, tooLate]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}
