import type { Kysely } from 'kysely';

/**
 * Times are epoch milliseconds. Bearer values appear only as keyed hashes (`*_hash`), payloads only sealed.
 * A migration imports nothing of the application, so that it means the same for ever.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('email', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text')
    .addColumn('locale', 'text')
    .addColumn('passkey_user_id', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('password')
    .addColumn('account_id', 'text', (c) => c.primaryKey().references('account.id').onDelete('cascade'))
    .addColumn('sealed_hash', 'text', (c) => c.notNull())
    .addColumn('failed_tries', 'integer', (c) => c.notNull())
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('passkey')
    .addColumn('credential_id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('counter', 'bigint', (c) => c.notNull())
    .addColumn('transports', 'text', (c) => c.notNull())
    .addColumn('backup_eligible', 'integer', (c) => c.notNull())
    .addColumn('synced', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute();
  await db.schema.createIndex('passkey_account').on('passkey').column('account_id').execute();

  await db.schema
    .createTable('authenticator_app')
    .addColumn('account_id', 'text', (c) => c.primaryKey().references('account.id').onDelete('cascade'))
    .addColumn('sealed_secret', 'text', (c) => c.notNull())
    .addColumn('last_step', 'bigint', (c) => c.notNull())
    .addColumn('failed_tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('mail_confirmation')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('browser_hash', 'text', (c) => c.notNull())
    .addColumn('code_hash', 'text', (c) => c.notNull())
    .addColumn('link_hash', 'text', (c) => c.notNull().unique())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('confirmed_at', 'bigint')
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema.createIndex('mail_confirmation_expiry').on('mail_confirmation').column('expires_at').execute();

  await db.schema
    .createTable('session')
    .addColumn('id', 'text', (c) => c.primaryKey())
    // Renewed at every sign-in and proof, while the id stays.
    .addColumn('secret_hash', 'text', (c) => c.notNull().unique())
    // The one before a proof, for the second press of its button.
    .addColumn('previous_secret_hash', 'text', (c) => c.unique())
    .addColumn('renewed_at', 'bigint')
    .addColumn('current_account_id', 'text', (c) => c.references('account.id').onDelete('set null'))
    .addColumn('user_agent', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('session_expiry').on('session').column('expires_at').execute();

  await db.schema
    .createTable('session_account')
    .addColumn('session_id', 'text', (c) => c.notNull().references('session.id').onDelete('cascade'))
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('methods', 'text', (c) => c.notNull())
    .addColumn('signed_in_at', 'bigint', (c) => c.notNull())
    .addColumn('proven_at', 'bigint', (c) => c.notNull())
    .addColumn('spendable_proof_at', 'bigint')
    .addPrimaryKeyConstraint('session_account_key', ['session_id', 'account_id'])
    .execute();

  await db.schema
    .createTable('client')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('secret_hash', 'text')
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('signing_key')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('alg', 'text', (c) => c.notNull())
    .addColumn('sealed_key', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('retired_at', 'bigint')
    .execute();

  await db.schema
    .createTable('artifact')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('account_id', 'text')
    .addColumn('uid', 'text')
    .addColumn('sealed_payload', 'text', (c) => c.notNull())
    .addColumn('consumed_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .execute();
  await db.schema.createIndex('artifact_grant').on('artifact').column('grant_id').execute();
  await db.schema.createIndex('artifact_account').on('artifact').column('account_id').execute();
  await db.schema.createIndex('artifact_uid').on('artifact').column('uid').execute();
  await db.schema.createIndex('artifact_expiry').on('artifact').column('expires_at').execute();

  await db.schema
    .createTable('token_answer')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('grant_id', 'text', (c) => c.notNull())
    .addColumn('sealed_answer', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('token_answer_grant').on('token_answer').column('grant_id').execute();
  await db.schema.createIndex('token_answer_expiry').on('token_answer').column('expires_at').execute();

  await db.schema
    .createTable('device_authorization')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('device_code_hash', 'text', (c) => c.notNull().unique())
    // Unique over every row kept, not only live ones: a code is not drawn again until a day after it ended.
    .addColumn('user_code_hash', 'text', (c) => c.notNull().unique())
    .addColumn('sealed_user_code', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('params', 'text', (c) => c.notNull())
    .addColumn('device_name', 'text')
    .addColumn('device_model', 'text')
    .addColumn('device_type', 'text')
    .addColumn('user_agent', 'text')
    .addColumn('network', 'text')
    .addColumn('country', 'text')
    .addColumn('interval_ms', 'integer', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text')
    .addColumn('browser_hash', 'text')
    .addColumn('grant_id', 'text')
    .addColumn('device_id', 'text')
    .addColumn('approval', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('claimed_at', 'bigint')
    .addColumn('decided_at', 'bigint')
    .addColumn('redeemed_at', 'bigint')
    .execute();
  await db.schema.createIndex('device_authorization_expiry').on('device_authorization').column('expires_at').execute();
  await db.schema.createIndex('device_authorization_decided').on('device_authorization').column('decided_at').execute();
  await db.schema.createIndex('device_authorization_grant').on('device_authorization').column('grant_id').execute();

  await db.schema
    .createTable('device')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.id').onDelete('cascade'))
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('grant_id', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('model', 'text')
    .addColumn('type', 'text')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('country', 'text')
    .addColumn('linked_at', 'bigint', (c) => c.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('undo_hash', 'text', (c) => c.notNull().unique())
    .addColumn('notified_at', 'bigint')
    // Kept for a while after unlinking, so that a second press on the link in the mail can say "already done".
    .addColumn('unlinked_at', 'bigint')
    .execute();
  await db.schema.createIndex('device_account').on('device').column('account_id').execute();

  await db.schema
    .createTable('security_event')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text')
    .addColumn('data', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('security_event_account').on('security_event').columns(['account_id', 'at']).execute();
}
