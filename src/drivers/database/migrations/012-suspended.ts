import type { Kysely } from 'kysely';

/** When an authenticator or a phone number was reported lost: it proves nothing until it is resumed (security.md E30). */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['passkey', 'authenticator_app', 'address']) {
    await db.schema.alterTable(table).addColumn('suspended_at', 'bigint').execute();
  }
}
