import type { Kysely } from 'kysely';

/** The secret before the present one, and until when it still counts: nobody changes it everywhere in one moment. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('client').addColumn('previous_secret_hash', 'text').execute();
  await db.schema.alterTable('client').addColumn('previous_secret_until', 'bigint').execute();
}
