import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Span, TraceAPI, Tracer } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KyselyPlugin, QueryId } from 'kysely';
import { ConfigError } from './config-error.ts';
import type { Database } from './drivers/database/database.ts';
import type { Ephemeral } from './drivers/ephemeral/ephemeral.ts';
import type { Mail } from './drivers/mail/mail.ts';

type Drivers = { database: Database; ephemeral: Ephemeral; mail: Mail };

/** One span for every request, and in it one for each thing that it waits for outside. */
export type Tracing = {
  /** The same drivers, timed. */
  watch<T extends Drivers>(outside: T): T;
  /** Call it on the outermost app before routes are added. */
  register(app: FastifyInstance): void;
  /** Sends what is left; gives up after a second. */
  close(): Promise<void>;
};

/** Not among our dependencies: who wants traces installs them beside us. */
const packages = {
  api: '@opentelemetry/api',
  sdk: '@opentelemetry/sdk-trace',
  resources: '@opentelemetry/resources',
  exporter: '@opentelemetry/exporter-trace-otlp-http',
};

// What is used of them; types of packages that are not installed cannot be imported.
type Sdk = {
  TracerProvider: new (options: object) => { getTracer(name: string): Tracer; shutdown(): Promise<void> };
  BatchSpanProcessor: new (options: object) => object;
};
type Resources = { resourceFromAttributes(attributes: Record<string, string>): object };
type Exporter = { OTLPTraceExporter: new (options: { url: string; timeoutMillis: number }) => object };
type Api = { trace: TraceAPI; ROOT_CONTEXT: Context };

/** Sends traces by OTLP over HTTP to `url`. Rejects with a ConfigError if the packages for it are not installed. */
export async function startTracing(url: string): Promise<Tracing> {
  const api = await load<Api>(packages.api);
  const sdk = await load<Sdk>(packages.sdk);
  const { resourceFromAttributes } = await load<Resources>(packages.resources);
  const { OTLPTraceExporter } = await load<Exporter>(packages.exporter);
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: 1000 });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'latchkey' }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, exportTimeoutMillis: 1000 })],
  });
  const spans = createSpans(api, provider.getTracer('latchkey'));
  return {
    watch: (outside) => ({ ...outside, ...watchDrivers(outside, spans) }),
    register: (app) => registerSpans(app, spans),
    close: () => provider.shutdown().catch(() => {}),
  };
}

async function load<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (cause) {
    const wanted = Object.values(packages).join(' ');
    throw new ConfigError(
      `LATCHKEY_TRACES_URL needs packages that are not installed: npm install --no-save ${wanted}`,
      { cause },
    );
  }
}

type Spans = ReturnType<typeof createSpans>;

/** Names and kinds only, never a value: addresses and statements carry codes and tokens (F29, F32). */
function createSpans({ trace, ROOT_CONTEXT }: Api, tracer: Tracer) {
  const current = new AsyncLocalStorage<Span>();
  const internal = 0;
  const server = 1;
  const failed = { code: 2 };

  return {
    /** A span of a request; `caller` is the value of its traceparent header, if that can be believed. */
    ofRequest(method: string, caller: string | undefined): Span {
      const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(caller ?? '');
      const [, traceId = '', spanId = '', flags = ''] = parts ?? [];
      const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
      const parent = parts ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
      return tracer.startSpan(method, { kind: server }, parent);
    },
    /** A span in that of the request which is being answered; undefined in nobody's. */
    start(name: string): Span | undefined {
      const parent = current.getStore();
      return parent && tracer.startSpan(name, { kind: internal }, trace.setSpan(ROOT_CONTEXT, parent));
    },
    async around<T>(name: string, work: () => Promise<T>): Promise<T> {
      const span = this.start(name);
      try {
        return await work();
      } catch (error) {
        span?.setStatus(failed);
        throw error;
      } finally {
        span?.end();
      }
    },
    run: (span: Span, work: () => void) => current.run(span, work),
    fail: (span: Span) => span.setStatus(failed),
  };
}

/** Asked by machines, all the time. */
const unwatched = /^\/(?:healthz|readyz|metrics|assets\/.*)$/;

function registerSpans(app: FastifyInstance, spans: Spans): void {
  const open = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route !== undefined && unwatched.test(route)) return done();
    // A stranger could choose the trace that a request joins; only what comes through a trusted proxy is believed.
    const known = (request.ips?.length ?? 0) > 1 ? request.headers.traceparent : undefined;
    const span = spans.ofRequest(request.method, typeof known === 'string' ? known : undefined);
    open.set(request, span);
    spans.run(span, done);
  });
  // Reading the body leaves the request's own context: it is entered again.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = open.get(request);
    if (span) spans.run(span, done);
    else done();
  });
  app.addHook('onResponse', async (request, reply) => {
    const span = open.get(request);
    if (!span) return;
    const route = request.routeOptions.url ?? 'none';
    span.updateName(`${request.method} ${route}`);
    span.setAttribute('http.request.method', request.method);
    span.setAttribute('http.route', route);
    span.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) spans.fail(span);
    span.end();
  });
}

function watchDrivers({ database, ephemeral, mail }: Drivers, spans: Spans): Drivers {
  const timed = <T extends object>(driver: T, what: string, verbs: readonly (keyof T & string)[]): T => {
    const copy = { ...driver };
    for (const verb of verbs) {
      const call = driver[verb] as (...given: unknown[]) => Promise<unknown>;
      copy[verb] = ((...given: unknown[]) => spans.around(`${what} ${verb}`, () => call(...given))) as T[typeof verb];
    }
    return copy;
  };
  return {
    database: { ...timed(database, 'database', ['transaction']), query: database.query.withPlugin(queryPlugin(spans)) },
    ephemeral: ephemeral.shared
      ? timed(ephemeral, 'ephemeral', ['get', 'set', 'take', 'claim', 'increment', 'remove', 'publish'])
      : ephemeral,
    mail: timed(mail, 'mail', ['send']),
  };
}

/** Statements outside transactions. One that fails never ends, and so is left out: its request tells. */
function queryPlugin(spans: Spans): KyselyPlugin {
  const open = new WeakMap<QueryId, Span>();
  return {
    transformQuery({ node, queryId }) {
      const span = spans.start(`database ${node.kind.replace(/(?:Query)?Node$/, '').toLowerCase()}`);
      if (span) open.set(queryId, span);
      return node;
    },
    async transformResult({ result, queryId }) {
      open.get(queryId)?.end();
      return result;
    },
  };
}
