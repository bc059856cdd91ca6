import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

export type ProbeTables = {
  probe: { id: string; status: string; amount: number | null; note: string | null; flag: number | null };
  probe_child: { id: string; probe_id: string };
};

export const probeRow = (id: string): ProbeTables['probe'] => ({
  id,
  status: 'pending',
  amount: null,
  note: null,
  flag: null,
});

/** The tables that conformance tests play with, in a database that `open` has made. */
export async function openProbe(open: () => Promise<Database>) {
  const database = await open();
  await createProbe(database.query);
  return { database, tables: database.query.withTables<ProbeTables>() };
}

// biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
async function createProbe(query: Kysely<{}>): Promise<void> {
  await query.schema
    .createTable('probe')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('amount', 'bigint')
    .addColumn('note', 'text', (c) => c.unique())
    .addColumn('flag', 'integer')
    .execute();
  await query.schema
    .createTable('probe_child')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('probe_id', 'text', (c) => c.notNull().references('probe.id').onDelete('cascade'))
    .execute();
}
