import { AsyncLocalStorage } from 'node:async_hooks';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { AppError } from '../../errors.ts';
import { type Breaker, createBreaker } from './postgres-breaker.ts';

/**
 * In milliseconds. Nobody waits longer than five seconds (fault E7): for a connection, and then for one answer. What nobody
 * waits for, such as housekeeping, may take its time.
 */
const limits = {
  connection: 2000,
  patientConnection: 10_000,
  statement: 2000,
  answer: 2500,
  idleTransaction: 3000,
  patientStatement: 15_000,
  patientAnswer: 20_000,
  probe: 1500,
};

export function createPool(url: string, options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'latchkey',
    connectionTimeoutMillis: limits.patientConnection,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // A connection that nobody uses is asked by the system itself from then on, each second, ten times.
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
    ...options,
  });
  pool.on('error', () => {});
  // In use, a connection that breaks rejects its query, and would then end the process if nobody listened.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

export type Pools = {
  main: pg.Pool;
  /** What Kysely asks: the pool of those who wait, or that of work which nobody waits for. */
  either: PostgresPool;
  patiently<T>(work: () => Promise<T>): Promise<T>;
  end(): Promise<void>;
};

/** The connections of one process, and what it knows of the server at their other end. */
export function openPools(url: string, connections: number): Pools {
  const breaker = createBreaker(() => probe(url));
  const main = createPool(url, {
    max: connections,
    connectionTimeoutMillis: limits.connection,
    statement_timeout: limits.statement,
    // A server that vanished without a word answers no statement timeout; the client must give up by itself.
    query_timeout: limits.answer,
    // The other side of a connection that was forgotten in the middle of a transaction keeps its locks until it gives up, too:
    // everybody who wants the same rows would wait.
    idle_in_transaction_session_timeout: limits.idleTransaction,
  });
  const patient = createPool(url, {
    max: 2,
    statement_timeout: limits.patientStatement,
    query_timeout: limits.patientAnswer,
    idle_in_transaction_session_timeout: 60_000,
  });
  const [hurried, unhurried] = [withClearErrors(main, breaker), withClearErrors(patient, breaker)];
  const patience = new AsyncLocalStorage<true>();
  return {
    main,
    either: {
      options: main.options,
      connect: () => (patience.getStore() ? unhurried : hurried).connect(),
      end: async () => {},
    },
    patiently: (work) => patience.run(true, work),
    async end() {
      breaker.close();
      await Promise.all([main, patient].map((pool) => !pool.ending && pool.end()));
    },
  };
}

/** Asks over a connection of its own, since an old one may be the very thing that is broken. */
async function probe(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'latchkey',
    connectionTimeoutMillis: limits.probe,
    query_timeout: limits.probe,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    void client.end().catch(() => {});
  }
}

/** Kysely's view of a pool; a server that cannot be reached is "unavailable" to whoever asked, not a bug of ours. */
export function withClearErrors(pool: pg.Pool, breaker?: Breaker): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, CarefulClient>();

  async function take(): Promise<CarefulClient> {
    if (breaker?.open && !(await breaker.isBack())) throw unavailable(breaker.open);
    const taken = pool.connect();
    const client = await Promise.race([taken, ...(breaker ? [breaker.opened] : [])]).catch((cause: unknown) => {
      // Whoever was told meanwhile that nobody is there gives back what may still come.
      taken.then(
        (late) => late.release(true),
        () => {},
      );
      if (!(cause instanceof pg.DatabaseError) && cause !== breaker?.open) breaker?.failed(cause);
      throw unavailable(cause);
    });
    const known = clients.get(client) ?? clientWithClearErrors(client, breaker);
    clients.set(client, known);
    return known;
  }

  return {
    options: pool.options,
    async connect() {
      for (;;) {
        const client = await take();
        if (client.heardAt() >= (breaker?.suspectBefore ?? 0)) return client;
        client.release(true);
      }
    },
    end: () => pool.end(),
  };
}

type CarefulClient = PostgresPoolClient & {
  release(destroy?: boolean): void;
  /** When it last answered, as the processor counts it. */
  heardAt(): number;
};

/**
 * A connection that has not answered in time may still do what it was told, such as begin a transaction that nobody would
 * end. It is asked nothing more and never used again.
 */
function clientWithClearErrors(client: pg.PoolClient, breaker?: Breaker): CarefulClient {
  let broken: unknown;
  let heardAt = performance.now();
  const query = async (sql: string, parameters: readonly unknown[]) => {
    if (broken) throw unavailable(broken);
    try {
      const result = await client.query(sql, [...parameters]);
      heardAt = performance.now();
      return result;
    } catch (error) {
      if (isUnstorable(error))
        throw new AppError('bad_request', 'A text has a character that cannot be stored.', { cause: error });
      if (!isOutage(error)) throw error;
      if (!(error instanceof pg.DatabaseError)) {
        broken = error;
        breaker?.failed(error);
      }
      throw unavailable(error);
    }
  };
  return {
    // Cursors, which have another signature, are not in use.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy?: boolean) => client.release(destroy || broken !== undefined),
    heardAt: () => heardAt,
  };
}

/**
 * SQLSTATEs that say nothing against the statement, which may be right a moment later: connection, deadlock, resources,
 * locks, operator, system, and a server that has become a replica.
 */
const passing = /^(?:08|40|53|55|57|58)|^25006$|^25P03$/;

/** A failure without a SQLSTATE is the connection's: broken, closed or silent. */
function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return passing.test(error.code ?? '');
  return !(error instanceof TypeError || error instanceof RangeError);
}

/** PostgreSQL alone knows no NUL in text; whoever sent one meant nothing by it. */
const isUnstorable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '22021' || error.code === '22P05');

const unavailable = (cause: unknown): AppError =>
  new AppError('unavailable', 'The database does not answer.', { cause });

const int8 = 20;
const numeric = 1700;

const getTypeParser = ((oid: number, format: 'text') => {
  // count() is an int8 and sum() of one a numeric; both arrive as text and must be numbers as on the other engine.
  return oid === int8 || oid === numeric ? exactNumber : pg.types.getTypeParser(oid, format);
}) as typeof pg.types.getTypeParser;

function exactNumber(text: string): number {
  const number = Number(text);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) throw new RangeError(`${text} is too large to be an exact number.`);
  return number;
}
