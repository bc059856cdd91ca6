import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { groupCommits } from './commit-group.ts';
import type { Database } from './database.ts';
import { isDiskFull, watchDisk } from './disk-space.ts';
import { applyMigrations, listNewerMigrations, listPendingMigrations } from './migrations.ts';
import { nodeSqliteDialect } from './node-sqlite-dialect.ts';
import { directSavepoints, directStatements } from './node-sqlite-statements.ts';
import { dumpSqliteSchema } from './schema-dump.ts';

/** How long opening may wait for another process, in milliseconds; later the dialect waits, without blocking. */
const openTimeout = 5000;

const uniqueViolations = [
  1555, // SQLITE_CONSTRAINT_PRIMARYKEY
  2067, // SQLITE_CONSTRAINT_UNIQUE
];

/** The embedded engine: one file, one connection, one process that serves. Creates the file and its folder. */
export function openSqlite(path: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  keepToOwner(path);
  const file = new DatabaseSync(path, { timeout: openTimeout, enableForeignKeyConstraints: true });
  // With WAL, only synchronous=FULL makes a commit survive a power cut; NORMAL could lose an approval we spoke of.
  file.exec(
    'pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off; pragma busy_timeout = 0;',
  );

  // The defaults are those of a telephone: 2 MiB of pages in memory, and every 4 MiB of log copied back and synced while
  // everybody waits. Half of a redemption's time went there. How large the log may be, the disk says.
  file.exec('pragma cache_size = -65536;');
  const disk = watchDisk(file, path);
  disk.headroom();

  // biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
  const query = new Kysely<{}>({ dialect: nodeSqliteDialect(file) });
  const statements = directStatements(file, path);
  const transaction = groupCommits(query, directSavepoints(file));
  const changes = createChangeWatch(file);
  return {
    query,
    shared: false,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    // Nobody else's work takes time here: there is one connection.
    patiently: (work) => work(),
    async transaction(work) {
      try {
        return await transaction(work);
      } catch (error) {
        if (isDiskFull(error)) disk.rescue();
        throw error;
      }
    },
    changedElsewhere: changes,
    headroom: disk.headroom,
    statement: statements.create,
    isDuplicate: (error) => uniqueViolations.includes((error as { errcode?: number } | undefined)?.errcode ?? 0),
    migrate: () => applyMigrations(query),
    pendingMigrations: () => listPendingMigrations(query),
    newerMigrations: () => listNewerMigrations(query),
    dumpSchema: () => dumpSqliteSchema(query),
    async ping() {
      await sql`select 1`.execute(query);
    },
    async close() {
      statements.close();
      // Not by the query builder: whoever still asks then should hear that the file is closed, as from any other outage.
      if (file.isOpen) file.close();
    },
  };
}

/** Whether another process, such as a command, has written since the last time this was asked: the engine counts it. */
function createChangeWatch(file: DatabaseSync): () => Promise<boolean> {
  const version = (): unknown => file.prepare('pragma data_version').get()?.data_version;
  let last = version();
  return async () => {
    const now = version();
    const changed = now !== last;
    last = now;
    return changed;
  };
}

/** Nobody else on the machine reads it, whatever folder it lies in: the engine makes its log and index like the file. */
function keepToOwner(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}
