import type { Kysely } from 'kysely';

/** What it takes to tell what an account was seven days ago, and to take back what was added since. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Since when the account has had what vouches for this sign-in: its browser, or its second step. Null: only itself.
  await db.schema.alterTable('session_account').addColumn('vouched_since', 'bigint').execute();

  await db.schema.alterTable('sign_in_notice').addColumn('methods', 'text').execute();
  await db.schema.alterTable('sign_in_notice').addColumn('credential', 'text').execute();

  await db.schema
    .createTable('former_authenticator')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('added_at', 'bigint', (c) => c.notNull())
    .addColumn('removed_at', 'bigint', (c) => c.notNull())
    // 1 where a mail's link took it off, and not somebody who had proven it.
    .addColumn('taken_back', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createIndex('former_authenticator_account')
    .on('former_authenticator')
    .columns(['account_id', 'removed_at'])
    .execute();

  await db.schema
    .createTable('way_change')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    // Which one of its kind: the id of a credential, an address, a change of the own address.
    .addColumn('ref', 'text')
    .addColumn('methods', 'text', (c) => c.notNull())
    .addColumn('signed_in_at', 'bigint', (c) => c.notNull())
    .addColumn('vouched_since', 'bigint', (c) => c.notNull())
    .addColumn('browser', 'text')
    .addColumn('country', 'text')
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('token_hash', 'text', (c) => c.notNull().unique())
    .addColumn('undone_at', 'bigint')
    .execute();
  await db.schema.createIndex('way_change_account').on('way_change').columns(['account_id', 'at']).execute();
  await db.schema.createIndex('way_change_age').on('way_change').column('at').execute();
}
