import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as foundation from './migrations/001-foundation.ts';
import * as recoveryCodes from './migrations/003-recovery-codes.ts';
import * as securityKeys from './migrations/004-security-keys.ts';
import * as activity from './migrations/008-activity.ts';

/**
 * The one timeline of both engines, in the order of the names.
 * A static list, so that a build or a bundle cannot lose one.
 */
const migrations: Record<string, Migration> = {
  '001-foundation': foundation,
  '003-recovery-codes': recoveryCodes,
  '004-security-keys': securityKeys,
  '008-activity': activity,
};

// biome-ignore lint/suspicious/noExplicitAny: Kysely's own type for "whatever the schema".
type AnyDatabase = Kysely<any>;

/**
 * Applies what is missing and returns the names.
 * The whole run is one transaction that reads the state after it holds the engine's lock,
 * so that of several processes one works and the others find nothing to do.
 */
export async function applyMigrations(db: AnyDatabase): Promise<string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest();
  if (error) throw error;
  return results.map((result) => result.migrationName);
}

export async function listPendingMigrations(db: AnyDatabase): Promise<string[]> {
  const all = await migrator(db).getMigrations();
  return all.filter((migration) => !migration.executedAt).map((migration) => migration.name);
}

function migrator(db: AnyDatabase): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}
