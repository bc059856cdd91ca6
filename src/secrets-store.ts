import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { Database } from './drivers/database/database.ts';
import { createSecrets, rootOf, type Secrets } from './secrets.ts';

type Tables = { lookup_key: { id: string; sealed_key: string; created_at: number } };
type Given = Pick<Config, 'secret' | 'previousSecrets'>;

const id = 'lookup';

/**
 * The secrets of a database: its hashes stay as they began, whatever the secret is today, so that changing it signs nobody
 * out. Rejects with a ConfigError if no given secret belongs to this database.
 */
export async function openSecrets(needs: { database: Database; clock: Clock; config: Given }): Promise<Secrets> {
  const { database, clock, config } = needs;
  const known = await readSecrets(needs);
  if (known) return known;
  if (config.previousSecrets.length > 0)
    throw new ConfigError(
      'Start once without LATCHKEY_PREVIOUS_SECRETS, with the secret of before alone; then change it.',
    );
  const sealed_key = sealRoot(config.secret, rootOf(config.secret));
  await database.query
    .withTables<Tables>()
    .insertInto('lookup_key')
    .values({ id, sealed_key, created_at: clock.now() })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  // Of processes that start together with different secrets, all but one must stop.
  const settled = await readSecrets(needs);
  if (!settled) throw new Error('The lookup key is gone again.');
  return settled;
}

/** Undefined for a database that has not been started with yet. */
export async function readSecrets({ database, config }: { database: Database; config: Given }) {
  const row = await findRow(database);
  if (!row) return undefined;
  const { secret, previousSecrets: previous } = config;
  const root = [secret, ...previous].map((each) => openRoot(each, row.sealed_key)).find((opened) => opened);
  if (!root)
    throw new ConfigError(
      'LATCHKEY_SECRET is not the one this database was made with. If you are changing it, give the one of before in ' +
        'LATCHKEY_PREVIOUS_SECRETS.',
    );
  return createSecrets(secret, { previous, lookupRoot: root });
}

/** Seals the lookup key with the secret of today. True if it was not. */
export async function rewrapLookupKey({ database, config }: { database: Database; config: Given }): Promise<boolean> {
  const row = await findRow(database);
  if (!row || openRoot(config.secret, row.sealed_key)) return false;
  const root = config.previousSecrets.map((each) => openRoot(each, row.sealed_key)).find((opened) => opened);
  if (!root) return false;
  await database.query
    .withTables<Tables>()
    .updateTable('lookup_key')
    .set({ sealed_key: sealRoot(config.secret, root) })
    .where('id', '=', id)
    .where('sealed_key', '=', row.sealed_key)
    .execute();
  return true;
}

const findRow = (database: Database) =>
  database.query.withTables<Tables>().selectFrom('lookup_key').selectAll().where('id', '=', id).executeTakeFirst();

/** By itself, each secret is its own first: whose key it is, is tried, not told. */
const sealRoot = (secret: Buffer, root: Buffer): string =>
  createSecrets(secret).seal('lookup-key', root.toString('base64'), id);

function openRoot(secret: Buffer, sealed: string): Buffer | undefined {
  const opened = createSecrets(secret).open('lookup-key', sealed, id);
  return opened === undefined ? undefined : Buffer.from(opened, 'base64');
}
