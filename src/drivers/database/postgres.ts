import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely';
import pg from 'pg';
import { AppError } from '../../errors.ts';
import type { Database } from './database.ts';
import { applyMigrations, listNewerMigrations, listPendingMigrations, type migrations } from './migrations.ts';
import { dumpPostgresSchema } from './schema-dump.ts';
import { type Build, compileOnce, type Statement } from './statement.ts';

export type PostgresOptions = {
  /** Connections per process; all processes together must stay under the server's `max_connections`. */
  connections?: number;
  /** Told about a connection that broke while nobody used it; the pool has already dropped it. */
  onIdleError?: (error: Error) => void;
};

const uniqueViolation = '23505';

/** One statement may take so long, in milliseconds; migrations have no such limit. */
const statementTimeout = 15_000;

/** A PostgreSQL server, or one that speaks its protocol, shared by many processes. Connects on first use. */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const pool = createPool(url, {
    max: options.connections ?? 10,
    statement_timeout: statementTimeout,
    // A server that vanished without a word answers no statement timeout; the client must give up by itself.
    query_timeout: statementTimeout + 5000,
    idle_in_transaction_session_timeout: 60_000,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // In use, a connection that breaks rejects its query, and would then end the process if nobody listened.
  pool.on('connect', (client) => client.on('error', () => {}));

  // biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
  const query = new Kysely<{}>({ dialect: new PostgresDialect({ pool: withClearErrors(pool) }) });
  return {
    query,
    shared: true,
    transaction: (work) => query.transaction().execute(work),
    statement<Values, Row>(build: Build<Values, Row>): Statement<Values, Row> {
      const { query: compiled, parameters } = compileOnce(build);
      return {
        rows: async (values, transaction) =>
          (await (transaction ?? query).executeQuery<Row>({ ...compiled, parameters: parameters(values) })).rows,
        async change(values, transaction) {
          const result = await transaction.executeQuery({ ...compiled, parameters: parameters(values) });
          return Number(result.numAffectedRows ?? 0);
        },
      };
    },
    isDuplicate: (error) => (error as { code?: unknown } | undefined)?.code === uniqueViolation,
    migrate: () => migratePostgres(url),
    pendingMigrations: () => listPendingMigrations(query),
    newerMigrations: () => listNewerMigrations(query),
    dumpSchema: () => dumpPostgresSchema(query),
    async ping() {
      await sql`select 1`.execute(query);
    },
    poolUse: () => ({
      limit: pool.options.max,
      open: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    async close() {
      // Not by the query builder: whoever still asks then should hear of an outage, as from a pool that has ended.
      if (!pool.ending) await pool.end();
    },
  };
}

function createPool(url: string, options: pg.PoolConfig): pg.Pool {
  return new pg.Pool({
    connectionString: url,
    application_name: 'latchkey',
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: { getTypeParser },
    ...options,
  });
}

/**
 * Over a connection of its own, because waiting for another process's migration may outlast any statement timeout.
 * Older processes may serve meanwhile; they wait, and lose no request.
 */
export async function migratePostgres(url: string, timeline?: typeof migrations): Promise<string[]> {
  const pool = createPool(url, { max: 1 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: withClearErrors(pool) }) });
  const end = performance.now() + migrationPatience;
  try {
    for (;;) {
      try {
        return await applyMigrations(db, timeline, lockTables);
      } catch (error) {
        if (!isHeldUp(error) || performance.now() > end) throw error;
        await pause(migrationPause);
      }
    }
  } finally {
    await db.destroy();
  }
}

/**
 * Takes all tables before the first is changed. Took one after the other as they are changed, a request that holds a later
 * one and wants an earlier one would stand in a deadlock, and PostgreSQL might end the request instead of the migration.
 * It looks for deadlocks after a second of waiting (`deadlock_timeout`), so whoever gives up sooner is never the cause of one.
 * The same limit lets everybody else through while a long reader, a backup for example, keeps a table.
 */
async function lockTables(transaction: Kysely<unknown>): Promise<void> {
  const names = (await transaction.introspection.getTables()).map((table) => table.name).sort();
  if (names.length === 0) return;
  await sql`set local statement_timeout = ${sql.lit(lockPatience)}`.execute(transaction);
  await sql`lock table ${sql.join(names.map(sql.table))} in access exclusive mode`.execute(transaction);
  await sql`set local statement_timeout = 0`.execute(transaction);
}

/** In milliseconds, as are the next two. */
const lockPatience = 500;
const migrationPause = 1000;
const migrationPatience = 10 * 60_000;

/** Given up by `lockPatience`, or chosen to end a deadlock where `deadlock_timeout` is shorter still. */
const isHeldUp = (error: unknown): boolean =>
  error instanceof AppError &&
  error.cause instanceof pg.DatabaseError &&
  (error.cause.code === '57014' || error.cause.code === '40P01');

/** Kysely's view of the pool; a server that cannot be reached is "unavailable" to whoever asked, not a bug of ours. */
function withClearErrors(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect().catch((cause: unknown) => {
        throw unavailable(cause);
      });
      const known = clients.get(client) ?? clientWithClearErrors(client);
      clients.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

/**
 * A connection that has not answered in time may still do what it was told, such as begin a transaction that nobody would
 * end. It is asked nothing more and never used again.
 */
function clientWithClearErrors(client: pg.PoolClient): PostgresPoolClient {
  let broken: unknown;
  const query = async (sql: string, parameters: readonly unknown[]) => {
    if (broken) throw unavailable(broken);
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      if (isUnstorable(error))
        throw new AppError('bad_request', 'A text has a character that cannot be stored.', { cause: error });
      if (!isOutage(error)) throw error;
      if (!(error instanceof pg.DatabaseError)) broken = error;
      throw unavailable(error);
    }
  };
  return {
    // Cursors, which have another signature, are not in use.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy || broken !== undefined),
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
