import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { Build, Statement } from './statement.ts';

/**
 * The durable half of the outside. One contract, two engines, one conformance suite.
 *
 * Rooms type only their own tables: `database.query.withTables<DeviceTables>()`.
 * Inside `transaction`, use the handle given and nothing else: the embedded engine has one connection, and a query
 * outside the handle would wait for the transaction that waits for it.
 */
export type Database = {
  // biome-ignore lint/complexity/noBannedTypes: Kysely's empty schema; every room adds its own tables to it.
  readonly query: Kysely<{}>;
  /** True if other processes may serve from the same data. */
  readonly shared: boolean;
  /** The time there, in epoch milliseconds, as a part of a statement: the one clock that all processes share. */
  readonly now: RawBuilder<number>;
  /** Runs `work` in one transaction: all of it is durable when the promise resolves, none of it if it rejects. */
  transaction<T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T>;
  /**
   * For work that no person and no device waits for, such as housekeeping: its statements may take longer than anybody would
   * wait.
   */
  patiently<T>(work: () => Promise<T>): Promise<T>;
  /** Whether another process may have written since this was asked last; what is in memory is then to be compared. */
  changedElsewhere(): Promise<boolean>;
  /** Bytes that are free on the disk of the engine; absent where that is another machine's. */
  headroom?(): number;
  /** A query compiled once, for the hot path. */
  statement<Values, Row = never>(build: Build<Values, Row>): Statement<Values, Row>;
  /** True if `error` says that a unique index refused a row. */
  isDuplicate(error: unknown): boolean;
  /** Applies every migration not applied yet; safe to call from several processes at once. */
  migrate(): Promise<string[]>;
  /** Names of migrations not applied yet. */
  pendingMigrations(): Promise<string[]>;
  /**
   * Names of migrations that a newer version has applied and this one does not know.
   * Rejects with a ConfigError if one of them took away what this version needs.
   */
  newerMigrations(): Promise<string[]>;
  /** The schema as the engine itself describes it, normalised so that it can be checked in and compared. */
  dumpSchema(): Promise<string>;
  /** Rejects if the engine does not answer. */
  ping(): Promise<void>;
  /** How the pool of connections is used just now; absent where there is no pool. */
  poolUse?(): PoolUse;
  close(): Promise<void>;
};

/** Connections, but for `waiting`: those who want one and have none. */
export type PoolUse = { limit: number; open: number; idle: number; waiting: number };

// biome-ignore lint/complexity/noBannedTypes: as above.
export type DatabaseTransaction = Transaction<{}>;
