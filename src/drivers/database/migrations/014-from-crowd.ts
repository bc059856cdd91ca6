import type { Kysely } from 'kysely';

/** 1 for a code of a network that had asked for more than its share: such codes are longer, and lengthen nobody else's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('device_authorization').addColumn('from_crowd', 'integer').execute();
}
