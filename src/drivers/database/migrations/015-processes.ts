import type { Kysely } from 'kysely';

/** Who serves from this database just now, which secrets each opens and with which it seals. Times are the database's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('process')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('opens', 'text', (c) => c.notNull())
    .addColumn('seals', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute();
}
