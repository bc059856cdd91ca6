import type { Kysely } from 'kysely';

/** Getting back in without an authenticator: one row per attempt, and the codes issued for it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('recovery')
    .addColumn('id', 'text', (c) => c.primaryKey())
    // None for an address without an account: its rows look and age the same, and lead nowhere.
    .addColumn('account_id', 'text', (c) => c.references('account.id').onDelete('cascade'))
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('browser_hash', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    // When each kind of proof was given.
    .addColumn('issued_at', 'bigint')
    .addColumn('saved_at', 'bigint')
    .addColumn('bound_at', 'bigint')
    .addColumn('operator_at', 'bigint')
    // Which authenticator it was that is still bound.
    .addColumn('bound_way', 'text')
    .addColumn('sealed_saved_code', 'text')
    .addColumn('user_agent', 'text')
    .addColumn('country', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('waiting_since', 'bigint')
    .addColumn('waits_until', 'bigint')
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    // The last status the owner was told of.
    .addColumn('told', 'text')
    .addColumn('cancel_hash', 'text', (c) => c.notNull().unique())
    .addColumn('finish_hash', 'text', (c) => c.notNull().unique())
    .execute();
  await db.schema.createIndex('recovery_account').on('recovery').column('account_id').execute();
  await db.schema.createIndex('recovery_browser').on('recovery').column('browser_hash').execute();
  await db.schema.createIndex('recovery_email').on('recovery').column('email').execute();
  await db.schema.createIndex('recovery_status').on('recovery').columns(['status', 'changed_at']).execute();
  await db.schema.createIndex('recovery_expiry').on('recovery').column('expires_at').execute();

  await db.schema
    .createTable('recovery_issued_code')
    .addColumn('id', 'text', (c) => c.primaryKey())
    // None for a code that an operator issued: it is the account's, whichever attempt it is used in.
    .addColumn('recovery_id', 'text', (c) => c.references('recovery.id').onDelete('cascade'))
    .addColumn('account_id', 'text', (c) => c.references('account.id').onDelete('cascade'))
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('code_hash', 'text', (c) => c.notNull())
    .addColumn('link_hash', 'text', (c) => c.unique())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema.createIndex('recovery_issued_code_case').on('recovery_issued_code').column('recovery_id').execute();
  await db.schema.createIndex('recovery_issued_code_account').on('recovery_issued_code').column('account_id').execute();
  await db.schema.createIndex('recovery_issued_code_expiry').on('recovery_issued_code').column('expires_at').execute();
}
