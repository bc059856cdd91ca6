import type { Kysely } from 'kysely';

/** The browser of a session, by the hash that `known_browser` has, and the sessions of an account without a look at all. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('session').addColumn('browser_hash', 'text').execute();
  await db.schema.createIndex('session_account_account').on('session_account').column('account_id').execute();
}
