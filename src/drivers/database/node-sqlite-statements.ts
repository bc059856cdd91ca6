import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import type { Savepoints } from './commit-group.ts';
import type { Database } from './database.ts';
import { bindable, isOutage, unavailable } from './node-sqlite-dialect.ts';
import { compileOnce } from './statement.ts';

/**
 * Statements that run on the file itself, without the query builder's executor.
 *
 * Within a transaction they run on its connection, which is the only one that writes. Outside, they see what is committed
 * and nothing else: while a group of writes is under way they read over a second connection, and wait for nobody.
 */
export function directStatements(writer: DatabaseSync, path: string): { create: Database['statement']; close(): void } {
  let reader: DatabaseSync | undefined;
  const openReader = (): DatabaseSync => {
    if (!writer.isOpen) throw unavailable(new Error('The database is closed.'));
    reader ??= new DatabaseSync(path, { readOnly: true, timeout: 1000 });
    return reader;
  };

  const create: Database['statement'] = (build) => {
    const { query, parameters } = compileOnce(build);
    let writing: StatementSync | undefined;
    let reading: StatementSync | undefined;

    const inTransaction = (): StatementSync => {
      // A handle kept longer than its transaction would commit by itself, alone and unseen.
      if (!writer.isTransaction) throw new AppError('internal', 'The transaction has ended.');
      writing ??= writer.prepare(query.sql);
      return writing;
    };
    const outside = (): StatementSync => {
      // Its pages are in memory; the reader has to fetch them anew after every commit.
      if (writer.isOpen && !writer.isTransaction) {
        writing ??= writer.prepare(query.sql);
        return writing;
      }
      const connection = openReader();
      reading ??= connection.prepare(query.sql);
      return reading;
    };

    return {
      rows: async (values, transaction) =>
        clearly(() => (transaction ? inTransaction() : outside()).all(...parameters(values).map(bindable)) as never[]),
      change: async (values) => clearly(() => Number(inTransaction().run(...parameters(values).map(bindable)).changes)),
    };
  };
  return {
    create,
    close() {
      if (reader?.isOpen) reader.close();
    },
  };
}

/** What a group of writes does around each of them. */
export function directSavepoints(writer: DatabaseSync): Savepoints {
  const prepare = (sql: string) => {
    let statement: StatementSync | undefined;
    return () =>
      clearly(() => {
        statement ??= writer.prepare(sql);
        statement.run();
      });
  };
  return {
    begin: prepare('savepoint work'),
    rollback: prepare('rollback to work'),
    release: prepare('release work'),
    isInTransaction: () => writer.isOpen && writer.isTransaction,
  };
}

function clearly<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw isOutage(error) ? unavailable(error) : error;
  }
}
