import { join } from 'node:path';
import { ConfigError } from '../../config-error.ts';
import type { Database } from './database.ts';
import type { PostgresOptions } from './postgres.ts';
import { lockForServing } from './serving-lock.ts';
import { openSqlite } from './sqlite.ts';

/** Loads and picks the engine: a `postgres://` address, or else one file in the data folder. */
export async function openDatabase(
  settings: { databaseUrl?: string | undefined; data: string },
  options: PostgresOptions = {},
): Promise<Database> {
  const { databaseUrl, data } = settings;
  if (!databaseUrl) return openSqlite(join(data, 'latchkey.sqlite'));
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new ConfigError(
      'LATCHKEY_DATABASE_URL must start with postgres:// (leave it out for the embedded database).',
    );
  }
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(databaseUrl, options);
}

/** Throws a ConfigError if another process serves already and there may be only one; call the result to let go. */
export function claimToServe({ databaseUrl, data }: { databaseUrl: string | undefined; data: string }): () => void {
  return databaseUrl ? () => {} : lockForServing(data);
}
