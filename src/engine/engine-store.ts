import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';

/** A token, code, session or other artifact of the engine. `id` and `uid` are keyed hashes, the payload is sealed. */
export type ArtifactRow = {
  id: string;
  kind: string;
  grant_id: string | null;
  account_id: string | null;
  uid: string | null;
  sealed_payload: string;
  consumed_at: number | null;
  expires_at: number | null;
};

/** The answer to one redemption, kept for the short time in which a client may have lost it. */
export type TokenAnswerRow = { id: string; grant_id: string; sealed_answer: string; expires_at: number };

export type SigningKeyRow = {
  id: string;
  alg: string;
  sealed_key: string;
  created_at: number;
  retired_at: number | null;
};

type EngineTables = {
  artifact: ArtifactRow;
  token_answer: TokenAnswerRow;
  signing_key: SigningKeyRow;
};

export type EngineStore = ReturnType<typeof createEngineStore>;

/** All SQL of the engine's room. Where a transaction is accepted, the statement joins it. */
export function createEngineStore(database: Database) {
  const root = database.query.withTables<EngineTables>();
  const on = (transaction?: DatabaseTransaction) => transaction?.withTables<EngineTables>() ?? root;

  return {
    async putArtifact(row: ArtifactRow, transaction?: DatabaseTransaction): Promise<void> {
      const { id: _id, consumed_at: _consumed, ...changes } = row;
      await on(transaction)
        .insertInto('artifact')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
        .execute();
    },

    /** Fresh ones, all in one statement. */
    async addArtifacts(rows: ArtifactRow[], transaction: DatabaseTransaction): Promise<void> {
      await on(transaction).insertInto('artifact').values(rows).execute();
    },

    /** For values that may be seen only once: true for the first, false for every repetition. */
    async addArtifact(row: ArtifactRow, transaction: DatabaseTransaction): Promise<boolean> {
      const result = await on(transaction)
        .insertInto('artifact')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    findArtifact: (id: string): Promise<ArtifactRow | undefined> =>
      root.selectFrom('artifact').selectAll().where('id', '=', id).executeTakeFirst(),

    findArtifactByUid: (uid: string): Promise<ArtifactRow | undefined> =>
      root.selectFrom('artifact').selectAll().where('uid', '=', uid).executeTakeFirst(),

    /** True for the one caller that consumes; the database decides, not a value read before (K5). */
    async consumeArtifact(id: string, now: number, transaction: DatabaseTransaction): Promise<boolean> {
      const result = await on(transaction)
        .updateTable('artifact')
        .set({ consumed_at: now })
        .where('id', '=', id)
        .where('consumed_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async deleteArtifact(id: string): Promise<void> {
      await root.deleteFrom('artifact').where('id', '=', id).execute();
    },

    async deleteArtifactsOfGrant(grantId: string, transaction?: DatabaseTransaction): Promise<void> {
      await on(transaction).deleteFrom('artifact').where('grant_id', '=', grantId).execute();
      await on(transaction).deleteFrom('token_answer').where('grant_id', '=', grantId).execute();
    },

    async deleteArtifactsOfAccount(accountId: string, transaction?: DatabaseTransaction): Promise<void> {
      await on(transaction).deleteFrom('artifact').where('account_id', '=', accountId).execute();
    },

    async putAnswer(row: TokenAnswerRow, transaction: DatabaseTransaction): Promise<void> {
      await on(transaction).insertInto('token_answer').values(row).execute();
    },

    findAnswer: (id: string): Promise<TokenAnswerRow | undefined> =>
      root.selectFrom('token_answer').selectAll().where('id', '=', id).executeTakeFirst(),

    /** Consumed refresh tokens stay until they expire, so that a replay is noticed for as long as it could matter. */
    async deleteExpired(now: number): Promise<void> {
      await root.deleteFrom('artifact').where('expires_at', '<', now).execute();
      await root.deleteFrom('token_answer').where('expires_at', '<', now).execute();
    },

    listKeys: (): Promise<SigningKeyRow[]> =>
      root.selectFrom('signing_key').selectAll().orderBy('created_at', 'desc').orderBy('id').execute(),

    async replaceKeys(fresh: SigningKeyRow[], retiredAt: number, forgetBefore: number): Promise<void> {
      await database.transaction(async (transaction) => {
        const tx = on(transaction);
        await tx.updateTable('signing_key').set({ retired_at: retiredAt }).where('retired_at', 'is', null).execute();
        await tx.deleteFrom('signing_key').where('retired_at', '<', forgetBefore).execute();
        await tx.insertInto('signing_key').values(fresh).execute();
      });
    },

    async addKeys(fresh: SigningKeyRow[]): Promise<void> {
      await root
        .insertInto('signing_key')
        .values(fresh)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    },
  };
}
