import { type Kysely, sql } from 'kysely';
import type { Database } from '../drivers/database/database.ts';
import { AppError } from '../errors.ts';
import type { Purpose, Secrets } from '../secrets.ts';
import type { SealedColumn } from './sealed-columns.ts';

export type Rewrapped = { table: string; rewrapped: number; unopened: number };

const batchSize = 200;

/**
 * Seals with the key of today whatever is sealed with another one. A batch at a time, beside running servers: a value that
 * one of them changes meanwhile is left to it. What no given secret opens is counted and left as it is.
 */
export async function rewrapColumn(database: Database, secrets: Secrets, sealed: SealedColumn): Promise<Rewrapped> {
  const { table, key, column, purpose, context, beside } = sealed;
  // biome-ignore lint/suspicious/noExplicitAny: the tables are named by data here.
  const db = database.query as Kysely<any>;
  const result = { table, rewrapped: 0, unopened: 0 };
  let after: readonly string[] | undefined;
  for (;;) {
    const rows: Record<string, string>[] = await db
      .selectFrom(table)
      .select([...key, column, ...(beside ? [beside] : [])])
      .where(column, 'not like', `${secrets.keyName}.%`)
      .$if(after !== undefined, (query) => query.where(sql<boolean>`${tuple(key)} > (${sql.join(after ?? [])})`))
      .orderBy(sql.join(key.map((name) => sql.ref(name))))
      .limit(batchSize)
      .execute();
    const last = rows.at(-1);
    if (!last) return result;
    after = key.map((name) => last[name] ?? '');

    await database.transaction(async (transaction) => {
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      const trx = transaction as unknown as Kysely<any>;
      for (const row of rows) {
        const before = row[column] ?? '';
        const plaintext = openable(secrets, purpose, before, context(row));
        if (plaintext === undefined) {
          result.unopened += 1;
          continue;
        }
        const update = key.reduce(
          (query, name) => query.where(name, '=', row[name]),
          trx.updateTable(table).set({ [column]: secrets.seal(purpose, plaintext, context(row)) }),
        );
        const { numUpdatedRows } = await update.where(column, '=', before).executeTakeFirst();
        result.rewrapped += Number(numUpdatedRows);
      }
    });
  }
}

/** Undefined, too, for what is sealed with a key that is not here: it is counted. */
function openable(secrets: Secrets, purpose: Purpose, sealed: string, context?: string): string | undefined {
  try {
    return secrets.open(purpose, sealed, context);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

const tuple = (key: readonly string[]) => sql`(${sql.join(key.map((name) => sql.ref(name)))})`;
