import { sql } from 'kysely';
import { hours } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';

/** What is counted under one key. Times are epoch milliseconds. */
export type TriesRow = {
  key: string;
  tries: number;
  window_ends_at: number;
  /** 0 if nobody has to wait. */
  wait_until: number;
  expires_at: number;
};

/** From the `free`th try in the window each next one has to wait; the last delay repeats. */
export type Tier = { free: number; window: number; delays: readonly number[] };

export const longestDelay = hours(1);

type Tables = { sign_in_tries: TriesRow };

export type ThrottleStore = ReturnType<typeof createThrottleStore>;

export function createThrottleStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    read: (keys: readonly string[]): Promise<TriesRow[]> =>
      db.selectFrom('sign_in_tries').selectAll().where('key', 'in', keys).execute(),

    /** Counts a try, unless the key waits: of tries sent at once, one is counted and makes the others wait. */
    async count(key: string, tier: Tier, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const delay = delayOf(tier);
      // What ends later than it can was written before the clock was set back.
      const over = sql<boolean>`(sign_in_tries.window_ends_at <= ${sql.lit(now)} or sign_in_tries.window_ends_at > ${sql.lit(now + tier.window)})`;
      const fresh = {
        tries: 1,
        window_ends_at: now + tier.window,
        wait_until: tier.free <= 1 ? now + firstOf(tier) : 0,
      };
      const row = await trx
        .withTables<Tables>()
        .insertInto('sign_in_tries')
        .values({ key, ...fresh, expires_at: now + tier.window + lastOf(tier) })
        .onConflict((conflict) =>
          conflict
            .column('key')
            .doUpdateSet({
              tries: sql`case when ${over} then 1 else sign_in_tries.tries + 1 end`,
              window_ends_at: sql`case when ${over} then ${sql.lit(fresh.window_ends_at)} else sign_in_tries.window_ends_at end`,
              wait_until: sql`case when ${over} then ${sql.lit(fresh.wait_until)} when sign_in_tries.tries + 1 < ${sql.lit(tier.free)} then 0 else ${sql.lit(now)} + ${delay} end`,
              expires_at: now + tier.window + lastOf(tier),
            })
            .where((or) =>
              or.or([
                or('sign_in_tries.wait_until', '<=', now),
                or('sign_in_tries.wait_until', '>', now + longestDelay),
              ]),
            ),
        )
        .returning('tries')
        .executeTakeFirst();
      return row !== undefined;
    },

    async forget(key: string): Promise<void> {
      await db.deleteFrom('sign_in_tries').where('key', '=', key).execute();
    },

    /** Takes back one try, and the wait it brought. */
    async takeBack(key: string, trx: DatabaseTransaction): Promise<void> {
      await trx
        .withTables<Tables>()
        .updateTable('sign_in_tries')
        .set({ tries: sql`tries - 1`, wait_until: 0 })
        .where('key', '=', key)
        .where('tries', '>', 0)
        .execute();
    },

    async removeExpired(now: number): Promise<void> {
      await db.deleteFrom('sign_in_tries').where('expires_at', '<=', now).execute();
    },

    /** Removes all but `most`, those first that say least: few tries, and soon over. */
    async removeBeyond(most: number): Promise<void> {
      const { rows } = await db
        .selectFrom('sign_in_tries')
        .select((select) => select.fn.countAll().as('rows'))
        .executeTakeFirstOrThrow();
      const beyond = Number(rows) - most;
      if (beyond <= 0) return;
      const least = db.selectFrom('sign_in_tries').select('key').orderBy('tries').orderBy('expires_at').limit(beyond);
      await db.deleteFrom('sign_in_tries').where('key', 'in', least).execute();
    },
  };
}

const firstOf = ({ delays }: Tier): number => delays[0] ?? 0;
const lastOf = ({ delays }: Tier): number => delays.at(-1) ?? 0;

/** The delay that the next try brings, in the words of the database, so that counting is one statement. */
function delayOf({ free, delays }: Tier) {
  const steps = delays.slice(0, -1).map((delay, i) => sql`when ${sql.lit(free + i - 1)} then ${sql.lit(delay)}`);
  const last = sql.lit(delays.at(-1) ?? 0);
  return steps.length === 0 ? last : sql`case sign_in_tries.tries ${sql.join(steps, sql` `)} else ${last} end`;
}
