import { sql } from 'kysely';
import { minutes, seconds } from './clock.ts';
import type { Database } from './drivers/database/database.ts';

/** A process that serves: names of the keys it opens, with spaces between, and of the one it seals with. */
export type ProcessRow = { id: string; opens: string; seals: string; seen_at: number };
type Tables = { process: ProcessRow };

/** Without a word for so long, a process is gone. */
const life = seconds(15);

/** All SQL about who serves. Times are those of the database: processes are told apart by nothing else. */
export function createPresenceStore(database: Database) {
  const { now } = database;
  const root = database.query.withTables<Tables>();

  return {
    async time(): Promise<number> {
      const { rows } = await sql<{ now: number }>`select ${now} as now`.execute(root);
      return Number(rows[0]?.now);
    },

    async put(row: Omit<ProcessRow, 'seen_at'>): Promise<void> {
      await database.transaction(async (transaction) => {
        const { id, ...said } = row;
        await transaction
          .withTables<Tables>()
          .insertInto('process')
          .values({ ...row, seen_at: now })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...said, seen_at: now }))
          .execute();
      });
    },

    /** Those that live, but for the one asking. */
    listOthers: (id: string): Promise<ProcessRow[]> =>
      root
        .selectFrom('process')
        .selectAll()
        .where('id', '!=', id)
        .where('seen_at', '>', sql<number>`${now} - ${sql.lit(life)}`)
        .execute(),

    async remove(id: string): Promise<void> {
      await root.deleteFrom('process').where('id', '=', id).execute();
    },

    async forgetGone(): Promise<void> {
      await root
        .deleteFrom('process')
        .where('seen_at', '<', sql<number>`${now} - ${sql.lit(minutes(10))}`)
        .execute();
    },
  };
}
