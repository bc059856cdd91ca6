import type { Kysely } from 'kysely';

/** What people are told of their account's activity: how long places are kept, and the mails about sign-ins. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // 1 while an event says where somebody was. An older process writes all of them so, and they are looked at once.
  await db.schema
    .alterTable('security_event')
    .addColumn('placed', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema.createIndex('security_event_placed').on('security_event').columns(['placed', 'at']).execute();

  await db.schema
    .createTable('sign_in_notice')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('session_id', 'text', (c) => c.notNull())
    // The row of the account's activity that the mail is about.
    .addColumn('event_id', 'text')
    .addColumn('token_hash', 'text', (c) => c.notNull().unique())
    .addColumn('browser', 'text')
    .addColumn('country', 'text')
    .addColumn('signed_in_at', 'bigint', (c) => c.notNull())
    // When the mail was handed on; null until then.
    .addColumn('told_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute();
  await db.schema.createIndex('sign_in_notice_time').on('sign_in_notice').column('signed_in_at').execute();
}
