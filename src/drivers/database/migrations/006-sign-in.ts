import type { Kysely } from 'kysely';

/** Browsers that signed in before, tries that outlive a restart, and where a session signed in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('known_browser')
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('browser_hash', 'text', (c) => c.notNull())
    .addColumn('first_seen_at', 'bigint', (c) => c.notNull())
    .addColumn('last_seen_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('known_browser_key', ['account_id', 'browser_hash'])
    .execute();
  await db.schema.createIndex('known_browser_browser').on('known_browser').column('browser_hash').execute();
  await db.schema.createIndex('known_browser_age').on('known_browser').column('last_seen_at').execute();

  await db.schema
    .createTable('sign_in_tries')
    // A keyed hash of what is counted, so that the table is no list of addresses and networks.
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('window_ends_at', 'bigint', (c) => c.notNull())
    .addColumn('wait_until', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('sign_in_tries_expiry').on('sign_in_tries').column('expires_at').execute();

  await db.schema.alterTable('session_account').addColumn('country', 'text').execute();
}
