import type { Kysely } from 'kysely';

/** Credentials that are not two factors by themselves. Those before were all made with user verification. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [column, before] of [
    ['second_step_only', 0],
    ['uv_initialized', 1],
  ] as const) {
    await db.schema
      .alterTable('passkey')
      .addColumn(column, 'integer', (c) => c.notNull().defaultTo(before))
      .execute();
  }
}
