import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { AppError } from '../../errors.ts';
import type { Database } from './database.ts';
import { applyMigrations, listNewerMigrations, listPendingMigrations, type migrations } from './migrations.ts';
import { createPool, openPools, withClearErrors } from './postgres-pool.ts';
import { dumpPostgresSchema } from './schema-dump.ts';
import { type Build, compileOnce, type Statement } from './statement.ts';

export type PostgresOptions = {
  /** Connections per process; all processes together must stay under the server's `max_connections`. */
  connections?: number;
};

const uniqueViolation = '23505';

/** A PostgreSQL server, or one that speaks its protocol, shared by many processes. Connects on first use. */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const pools = openPools(url, options.connections ?? 10);
  const { main } = pools;

  // biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
  const query = new Kysely<{}>({ dialect: new PostgresDialect({ pool: pools.either }) });
  return {
    query,
    shared: true,
    now: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    transaction: (work) => query.transaction().execute(work),
    patiently: pools.patiently,
    changedElsewhere: async () => true,
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
      limit: main.options.max,
      open: main.totalCount,
      idle: main.idleCount,
      waiting: main.waitingCount,
    }),
    async close() {
      // Not by the query builder: whoever still asks then should hear of an outage, as from a pool that has ended.
      await pools.end();
    },
  };
}

/**
 * Over a connection of its own, because waiting for another process's migration may outlast any statement timeout.
 * Older processes may serve meanwhile; they wait, and lose no request.
 */
export async function migratePostgres(url: string, timeline?: typeof migrations): Promise<string[]> {
  const pool = createPool(url, { max: 1 });
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
