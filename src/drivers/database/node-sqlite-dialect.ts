import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type SqliteStatement,
  type TransactionSettings,
} from 'kysely';
import { AppError } from '../../errors.ts';

/** How long a statement waits for another process, such as a command run beside the server, in milliseconds. */
const longestWait = 4000;
const retryEvery = 10;

/** Statements kept prepared; lists in `where … in` make new texts for each length, so the number is bounded. */
const cachedStatements = 500;

/** Kysely over the SQLite that is part of Node.js. */
export function nodeSqliteDialect(db: DatabaseSync): Dialect {
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => new ImmediateSqliteDriver(db),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite's DDL takes part in transactions, which is also what serialises migrations of several processes. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  readonly #db: DatabaseSync;
  readonly #patience = createPatience();

  constructor(db: DatabaseSync) {
    super({ database: withStatementCache(db) });
    this.#db = db;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return {
      executeQuery: (query) =>
        this.#patience(
          () => connection.executeQuery(query),
          () => this.#db.isTransaction,
        ),
      streamQuery: (query, size) => connection.streamQuery(query, size),
    };
  }

  /**
   * Takes the write lock at once. A transaction that starts by reading and then writes would otherwise fail,
   * unrecoverably and without waiting, when another process wrote in between.
   */
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const begin = settings?.accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(begin));
  }

  /** A full disk makes SQLite roll back by itself; a second rollback would hide the error that says so. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#db.isOpen && this.#db.isTransaction) await super.rollbackTransaction(connection);
  }
}

/**
 * Waits for another process's write lock without stopping this one: the engine's own time-out would block every request.
 * Whoever comes after one that waited in vain is told at once, for waits in a row would add up without end.
 */
function createPatience() {
  let busySince: number | undefined;
  return async <R>(execute: () => Promise<QueryResult<R>>, inTransaction: () => boolean): Promise<QueryResult<R>> => {
    for (;;) {
      try {
        const result = await execute();
        // A statement that wrote, or began to, has held the lock.
        if (result.numAffectedRows !== undefined) busySince = undefined;
        return result;
      } catch (error) {
        if (!isBusy(error) || inTransaction()) throw isOutage(error) ? unavailable(error) : error;
        busySince ??= performance.now();
        if (performance.now() - busySince > longestWait) throw unavailable(error);
        await pause(retryEvery);
      }
    }
  };
}

const primaryCode = (error: unknown): number => ((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;
const isBusy = (error: unknown): boolean => primaryCode(error) === 5;

/** Result codes that say nothing against the statement: the file cannot be read or written right now. */
const outages = [
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  15, // SQLITE_PROTOCOL
];
export const isOutage = (error: unknown): boolean => outages.includes(primaryCode(error)) || isClosed(error);

/** The file has been closed, and its statements with it: the process is about to end. */
const isClosed = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === 'ERR_INVALID_STATE';

export const unavailable = (cause: unknown): AppError =>
  new AppError('unavailable', 'The database file cannot be used right now.', { cause });

function withStatementCache(db: DatabaseSync): SqliteDatabase {
  const cache = new Map<string, SqliteStatement>();
  return {
    close() {
      cache.clear();
      if (db.isOpen) db.close();
    },
    prepare(sql) {
      let statement = cache.get(sql);
      if (statement) {
        cache.delete(sql);
      } else {
        statement = adaptStatement(db.prepare(sql));
        for (const oldest of cache.keys()) {
          if (cache.size < cachedStatements) break;
          cache.delete(oldest);
        }
      }
      // Inserted last: the first key is the one used longest ago.
      cache.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(bindable)).map(plainRow),
    run: (parameters) => statement.run(...parameters.map(bindable)),
    *iterate(parameters) {
      for (const row of statement.iterate(...parameters.map(bindable))) yield plainRow(row);
    },
  };
}

/** `node:sqlite` takes an object in first place for named parameters, and would bind nothing instead of a Date. */
export function bindable(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`A value of type ${typeof value} cannot be stored; make it text or a number first.`);
}

/** `node:sqlite` gives objects without a prototype, which compare and print unlike those of the other engine. */
function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  return { ...row };
}
