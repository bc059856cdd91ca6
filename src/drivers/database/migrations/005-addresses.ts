import type { Kysely } from 'kysely';

/** Alternate addresses of an account, how they are confirmed, and changes of the account's own address. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Only confirmed ones. One address may belong to several accounts, so that adding one tells nothing about others.
  await db.schema
    .createTable('address')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('added_at', 'bigint', (c) => c.notNull())
    .addColumn('reviewed_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('address_once', ['account_id', 'kind', 'value'])
    .execute();
  await db.schema.createIndex('address_reviewed').on('address').column('reviewed_at').execute();

  await db.schema
    .createTable('address_confirmation')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    // The browser session that asked: when it ends, so does this.
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('purpose', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('code_hash', 'text', (c) => c.notNull())
    .addColumn('link_hash', 'text', (c) => c.unique())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('address_confirmation_account')
    .on('address_confirmation')
    .columns(['account_id', 'purpose', 'value'])
    .execute();
  await db.schema.createIndex('address_confirmation_expiry').on('address_confirmation').column('expires_at').execute();

  await db.schema
    .createTable('email_change')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('old_email', 'text', (c) => c.notNull())
    .addColumn('new_email', 'text', (c) => c.notNull())
    .addColumn('undo_hash', 'text', (c) => c.notNull().unique())
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .addColumn('undone_at', 'bigint')
    .execute();
  await db.schema.createIndex('email_change_account').on('email_change').column('account_id').execute();
  await db.schema.createIndex('email_change_old').on('email_change').column('old_email').execute();
}
