import type { Kysely } from 'kysely';

/**
 * Codes on paper: a set of ten beside a second step, and the one long code that is kept for the worst day. Passwords
 * that are good beside a second step only. The key by which bearer values are looked up, so that the secret can change.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('recovery_code_set')
    .addColumn('account_id', 'text', (c) => c.primaryKey().references('account.id').onDelete('cascade'))
    .addColumn('failed_tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('recovery_code')
    .addColumn('account_id', 'text', (c) => c.notNull().references('recovery_code_set.account_id').onDelete('cascade'))
    // Names one code of the set, so that a try costs one hash and not ten. It is no part of the secret.
    .addColumn('selector', 'text', (c) => c.notNull())
    .addColumn('sealed_hash', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('recovery_code_key', ['account_id', 'selector'])
    .execute();

  await db.schema
    .createTable('saved_code')
    .addColumn('account_id', 'text', (c) => c.primaryKey().references('account.id').onDelete('cascade'))
    .addColumn('sealed_hash', 'text', (c) => c.notNull())
    .addColumn('failed_tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .alterTable('password')
    .addColumn('short', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();

  await db.schema
    .createTable('lookup_key')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('sealed_key', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
}
