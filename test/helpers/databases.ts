import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import pg from 'pg';
import type { Database } from '../../src/drivers/database/database.ts';
import { openPostgres } from '../../src/drivers/database/postgres.ts';
import { openSqlite } from '../../src/drivers/database/sqlite.ts';
import { startPostgres } from './postgres-server.ts';

export type DatabaseName = 'SQLite' | 'PostgreSQL';

/** One empty database of its own, which can be opened several times, closed and opened again. */
export type DatabasePlace = {
  /** As `openDatabase` and a server's environment take them. */
  databaseUrl: string | undefined;
  data: string;
  open(): Database;
  /** Closes what `open` gave and removes everything. */
  remove(): Promise<void>;
};

/** A new migrated database each time it is called; closed and removed after the suite. */
export type OpenDatabase = () => Promise<Database>;

/**
 * Runs the same tests on both engines: real SQLite files and a real PostgreSQL server.
 * `newPlace` is for tests that restart or share a database.
 */
export function forEachDatabase(
  define: (name: DatabaseName, open: OpenDatabase, newPlace: () => Promise<DatabasePlace>) => void,
): void {
  for (const name of ['SQLite', 'PostgreSQL'] as const) {
    describe(`on ${name}`, () => {
      const places: DatabasePlace[] = [];
      const newPlace = async () => {
        const place = await createDatabasePlace(name);
        places.push(place);
        return place;
      };
      const open = async () => {
        const database = (await newPlace()).open();
        await database.migrate();
        return database;
      };
      after(() => Promise.all(places.map((place) => place.remove())));
      define(name, open, newPlace);
    });
  }
}

export async function createDatabasePlace(name: DatabaseName): Promise<DatabasePlace> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-data-'));
  const server = name === 'PostgreSQL' ? await createOnServer() : undefined;
  const opened: Database[] = [];
  return {
    databaseUrl: server?.url,
    data,
    open() {
      const database = server ? openPostgres(server.url) : openSqlite(join(data, 'latchkey.sqlite'));
      opened.push(database);
      return database;
    },
    async remove() {
      await Promise.all(opened.map((database) => database.close()));
      await server?.drop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

let ownServer: Promise<string> | undefined;

/** The server that the test command started, or one of this test file's own, which ends with its process. */
export function postgresUrl(): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return Promise.resolve(given);
  ownServer ??= startPostgres().then((server) => server.url);
  return ownServer;
}

async function createOnServer(): Promise<{ url: string; drop(): Promise<void> }> {
  const admin = await postgresUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(admin, `create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(admin, `drop database ${name} with (force)`) };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
