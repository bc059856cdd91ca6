import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';

type SetRow = { account_id: AccountId; failed_tries: number; created_at: number };
type CodeRow = { account_id: AccountId; selector: string; sealed_hash: string };
type SavedRow = { account_id: AccountId; sealed_hash: string; failed_tries: number; created_at: number };

export type RecoveryTables = { recovery_code_set: SetRow; recovery_code: CodeRow; saved_code: SavedRow };
export type RecoveryStore = ReturnType<typeof createRecoveryStore>;

/** A time at which nothing was made. */
const never = -1;

/** All SQL about recovery codes and saved codes. */
export function createRecoveryStore(database: Database) {
  const db = database.query.withTables<RecoveryTables>();

  return {
    /** `over` is when the set was made that this one replaces, null for none; false if it is another one by now. */
    async replaceSet(
      set: SetRow,
      codes: Omit<CodeRow, 'account_id'>[],
      trx: DatabaseTransaction,
      over?: number | null,
    ): Promise<boolean> {
      const tables = trx.withTables<RecoveryTables>();
      const { account_id, ...values } = set;
      // Locks the set: of two made at once, the codes of the later one are what is left, and none of the other's.
      const result = await tables
        .insertInto('recovery_code_set')
        .values(set)
        .onConflict((conflict) => {
          const update = conflict.column('account_id').doUpdateSet(values);
          return over === undefined ? update : update.where('recovery_code_set.created_at', '=', over ?? never);
        })
        .executeTakeFirst();
      if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
      await tables.deleteFrom('recovery_code').where('account_id', '=', account_id).execute();
      await tables
        .insertInto('recovery_code')
        .values(codes.map((code) => ({ account_id, ...code })))
        .execute();
      return true;
    },

    findSet: (id: AccountId) =>
      db.selectFrom('recovery_code_set').selectAll().where('account_id', '=', id).executeTakeFirst(),

    findCode: (id: AccountId, selector: string) =>
      db
        .selectFrom('recovery_code')
        .selectAll()
        .where('account_id', '=', id)
        .where('selector', '=', selector)
        .executeTakeFirst(),

    /** True once per code. */
    async takeCode(row: CodeRow, trx: DatabaseTransaction): Promise<boolean> {
      const tables = trx.withTables<RecoveryTables>();
      const result = await tables
        .deleteFrom('recovery_code')
        .where('account_id', '=', row.account_id)
        .where('selector', '=', row.selector)
        .where('sealed_hash', '=', row.sealed_hash)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      await tables
        .updateTable('recovery_code_set')
        .set({ failed_tries: 0 })
        .where('account_id', '=', row.account_id)
        .execute();
      return true;
    },

    async countCodes(id: AccountId, trx?: DatabaseTransaction): Promise<number> {
      const { n } = await (trx ? trx.withTables<RecoveryTables>() : db)
        .selectFrom('recovery_code')
        .select((e) => e.fn.countAll().as('n'))
        .where('account_id', '=', id)
        .executeTakeFirstOrThrow();
      return Number(n);
    },

    findSaved: (id: AccountId) =>
      db.selectFrom('saved_code').selectAll().where('account_id', '=', id).executeTakeFirst(),

    /** `over` as for a set. */
    async saveSaved(row: SavedRow, trx: DatabaseTransaction, over?: number | null): Promise<boolean> {
      const { account_id: _, ...values } = row;
      const result = await trx
        .withTables<RecoveryTables>()
        .insertInto('saved_code')
        .values(row)
        .onConflict((conflict) => {
          const update = conflict.column('account_id').doUpdateSet(values);
          return over === undefined ? update : update.where('saved_code.created_at', '=', over ?? never);
        })
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },

    async removeSet(id: AccountId, trx: DatabaseTransaction): Promise<boolean> {
      const tables = trx.withTables<RecoveryTables>();
      const result = await tables.deleteFrom('recovery_code_set').where('account_id', '=', id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    async removeSaved(id: AccountId, trx: DatabaseTransaction): Promise<boolean> {
      const tables = trx.withTables<RecoveryTables>();
      const result = await tables.deleteFrom('saved_code').where('account_id', '=', id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },

    /** True for one of those who use the same code at once. */
    async replaceSaved(before: SavedRow, after: SavedRow, trx: DatabaseTransaction): Promise<boolean> {
      const { account_id: _, ...values } = after;
      const result = await trx
        .withTables<RecoveryTables>()
        .updateTable('saved_code')
        .set(values)
        .where('account_id', '=', before.account_id)
        .where('sealed_hash', '=', before.sealed_hash)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}
