import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { ConfigError } from '../../config-error.ts';
import { version } from '../../version.ts';
import * as foundation from './migrations/001-foundation.ts';
import * as codesAndKeys from './migrations/003-codes-and-keys.ts';
import * as securityKeys from './migrations/004-security-keys.ts';
import * as addresses from './migrations/005-addresses.ts';
import * as signIn from './migrations/006-sign-in.ts';
import * as recovery from './migrations/007-recovery.ts';
import * as activity from './migrations/008-activity.ts';
import * as home from './migrations/009-home.ts';
import * as leanerIndexes from './migrations/010-leaner-indexes.ts';
import * as suspended from './migrations/012-suspended.ts';
import * as clientSecrets from './migrations/013-client-secrets.ts';
import * as fromCrowd from './migrations/014-from-crowd.ts';
import * as processes from './migrations/015-processes.ts';
import * as sessionBrowser from './migrations/016-session-browser.ts';
import * as older from './migrations/017-older.ts';

/**
 * The one timeline of both engines, in the order of the names.
 * A static list, so that a build or a bundle cannot lose one.
 *
 * Each only adds, so that older processes go on working beside it (decision 25, and a test). One that takes away is named
 * `NNN-what-since-0.3.0-contract`, after the first release that does without what goes.
 */
export const migrations: Record<string, Migration> = {
  '001-foundation': foundation,
  '003-codes-and-keys': codesAndKeys,
  '004-security-keys': securityKeys,
  '005-addresses': addresses,
  '006-sign-in': signIn,
  '007-recovery': recovery,
  '008-activity': activity,
  '009-home': home,
  '010-leaner-indexes': leanerIndexes,
  '012-suspended': suspended,
  '013-client-secrets': clientSecrets,
  '014-from-crowd': fromCrowd,
  '015-processes': processes,
  '016-session-browser': sessionBrowser,
  '017-older': older,
};

// biome-ignore lint/suspicious/noExplicitAny: Kysely's own type for "whatever the schema".
type AnyDatabase = Kysely<any>;

/**
 * Applies what is missing and returns the names.
 * The whole run is one transaction that reads the state after it holds the engine's lock,
 * so that of several processes one works and the others find nothing to do.
 * `prepare` runs in that transaction before each step.
 */
export async function applyMigrations(
  db: AnyDatabase,
  timeline = migrations,
  prepare?: (transaction: AnyDatabase) => Promise<void>,
): Promise<string[]> {
  const prepared = (step: Migration): Migration => ({
    async up(transaction) {
      await prepare?.(transaction);
      await step.up(transaction);
    },
  });
  const steps = Object.fromEntries(Object.entries(timeline).map(([name, step]) => [name, prepared(step)]));
  for (;;) {
    const newer = await listNewerMigrations(db, timeline);
    const { error, results = [] } = await migrator(db, steps, newer).migrateToLatest();
    if (!error) return results.map((result) => result.migrationName);
    // A newer process may have migrated between the look and the lock.
    const seen = await listNewerMigrations(db, timeline);
    if (seen.every((name) => newer.includes(name))) throw error;
  }
}

export async function listPendingMigrations(db: AnyDatabase): Promise<string[]> {
  const all = await migrator(db, migrations, []).getMigrations();
  return all.filter((migration) => !migration.executedAt).map((migration) => migration.name);
}

/**
 * What a newer version has applied to this database: names that the timeline does not have.
 * Rejects with a ConfigError if one of them took away what this version needs.
 */
export async function listNewerMigrations(db: AnyDatabase, timeline = migrations): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const rows: { name: string }[] = await db.selectFrom('kysely_migration').select('name').orderBy('name').execute();
  const newer = rows.map((row) => row.name).filter((name) => !Object.hasOwn(timeline, name));
  refuseContracts(newer);
  return newer;
}

/** True if `name` takes something away that this version still uses; the name itself says since when nobody does. */
export function takesAway(name: string, from = version()): boolean {
  if (!name.endsWith('-contract')) return false;
  const since = /-since-(\d+\.\d+\.\d+)-contract$/.exec(name)?.[1];
  return since === undefined || isEarlier(from, since);
}

export function isEarlier(one: string, other: string): boolean {
  // A pre-release counts as the release it leads to.
  const numbers = (text: string): number[] => text.replace(/-.*/, '').split('.').map(Number);
  const [left, right] = [numbers(one), numbers(other)];
  const at = left.findIndex((number, n) => number !== right[n]);
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
}

function refuseContracts(newer: string[]): void {
  const harmful = newer.filter((name) => takesAway(name));
  if (harmful.length === 0) return;
  throw new ConfigError(
    `A newer version has removed from the database what this one (${version()}) needs: ${harmful.join(', ')}. ` +
      'Start a newer version, or restore the backup made before.',
  );
}

/** Migrations of newer versions count as known, done and not ours to do; Kysely by itself takes them for damage. */
function migrator(db: AnyDatabase, timeline: Record<string, Migration>, newer: string[]): Migrator {
  const done: Migration = { up: () => Promise.reject(new Error('A migration of a newer version cannot be run here.')) };
  const all = { ...timeline, ...Object.fromEntries(newer.map((name) => [name, done])) };
  // In any order: a maintenance release may bring a migration after its successor had its own.
  return new Migrator({ db, provider: { getMigrations: async () => all }, allowUnorderedMigrations: true });
}
