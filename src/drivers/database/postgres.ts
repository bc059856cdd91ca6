import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import { AppError } from '../../errors.ts';
import type { Database } from './database.ts';
import { applyMigrations, listPendingMigrations } from './migrations.ts';
import { dumpPostgresSchema } from './schema-dump.ts';

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
    transaction: (work) => query.transaction().execute(work),
    isDuplicate: (error) => (error as { code?: unknown } | undefined)?.code === uniqueViolation,
    migrate: () => migrate(url),
    pendingMigrations: () => listPendingMigrations(query),
    dumpSchema: () => dumpPostgresSchema(query),
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      await query.destroy();
      // Kysely ends only a pool that it has used.
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

/** Over a connection of its own, because waiting for another process's migration may outlast any statement timeout. */
async function migrate(url: string): Promise<string[]> {
  const pool = createPool(url, { max: 1 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: withClearErrors(pool) }) });
  try {
    return await applyMigrations(db);
  } finally {
    await db.destroy();
  }
}

/** Kysely's view of the pool; a server that cannot be reached is "unavailable" to whoever asked, not a bug of ours. */
function withClearErrors(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    async connect() {
      try {
        return await pool.connect();
      } catch (cause) {
        throw new AppError('unavailable', 'The database does not answer.', { cause });
      }
    },
    end: () => pool.end(),
  };
}

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
