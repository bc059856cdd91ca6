import { type Kysely, sql } from 'kysely';

/** What an account has decided about itself, and which unused devices their owner was told of. Times in epoch milliseconds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // When the account will be removed, unless its owner comes back before.
  await db.schema.alterTable('account').addColumn('closing_at', 'bigint').execute();
  await db.schema.alterTable('account').addColumn('checked_at', 'bigint').execute();
  await db.schema
    .createIndex('account_closing')
    .on('account')
    .column('closing_at')
    .where(sql<boolean>`closing_at is not null`)
    .execute();
  await db.schema.alterTable('device').addColumn('unused_notice_at', 'bigint').execute();
}
