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

  const artifactById = database.statement<{ id: string }, ArtifactRow>((value) =>
    root.selectFrom('artifact').selectAll().where('id', '=', value('id')),
  );
  const insertArtifact = database.statement<ArtifactRow>((value) =>
    root.insertInto('artifact').values({
      id: value('id'),
      kind: value('kind'),
      grant_id: value('grant_id'),
      account_id: value('account_id'),
      uid: value('uid'),
      sealed_payload: value('sealed_payload'),
      consumed_at: value('consumed_at'),
      expires_at: value('expires_at'),
    }),
  );
  const consume = database.statement<{ id: string; now: number }>((value) =>
    root
      .updateTable('artifact')
      .set({ consumed_at: value('now') })
      .where('id', '=', value('id'))
      .where('consumed_at', 'is', null),
  );
  const consumeAndForget = database.statement<{ id: string; now: number; sealed_payload: string }>((value) =>
    root
      .updateTable('artifact')
      .set({ consumed_at: value('now'), sealed_payload: value('sealed_payload') })
      .where('id', '=', value('id'))
      .where('consumed_at', 'is', null),
  );
  const insertAnswer = database.statement<TokenAnswerRow>((value) =>
    root.insertInto('token_answer').values({
      id: value('id'),
      grant_id: value('grant_id'),
      sealed_answer: value('sealed_answer'),
      expires_at: value('expires_at'),
    }),
  );

  return {
    async putArtifact(row: ArtifactRow, transaction?: DatabaseTransaction): Promise<void> {
      const { id: _id, consumed_at: _consumed, ...changes } = row;
      await on(transaction)
        .insertInto('artifact')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
        .execute();
    },

    /** Fresh ones. */
    async addArtifacts(rows: ArtifactRow[], transaction: DatabaseTransaction): Promise<void> {
      for (const row of rows) await insertArtifact.change(row, transaction);
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

    findArtifact: async (id: string): Promise<ArtifactRow | undefined> => (await artifactById.rows({ id }))[0],

    findArtifactByUid: (uid: string): Promise<ArtifactRow | undefined> =>
      root.selectFrom('artifact').selectAll().where('uid', '=', uid).executeTakeFirst(),

    /** True for the one caller that consumes; the database decides, not a value read before (K5). */
    async consumeArtifact(id: string, now: number, transaction: DatabaseTransaction): Promise<boolean> {
      return (await consume.change({ id, now }, transaction)) === 1;
    },

    /**
     * The same for what lies there long afterwards, to be recognised and for nothing else: only so much of it stays (fault
     * E10).
     */
    async consumeToRemains(
      id: string,
      now: number,
      remains: string,
      transaction: DatabaseTransaction,
    ): Promise<boolean> {
      return (await consumeAndForget.change({ id, now, sealed_payload: remains }, transaction)) === 1;
    },

    async deleteArtifact(id: string): Promise<void> {
      await root.deleteFrom('artifact').where('id', '=', id).execute();
    },

    /** Stored answers stay for their minute: they are not given to whoever has no grant any more. */
    async deleteArtifactsOfGrant(grantId: string, transaction?: DatabaseTransaction): Promise<void> {
      await on(transaction).deleteFrom('artifact').where('grant_id', '=', grantId).execute();
    },

    async deleteArtifactsOfAccount(accountId: string, transaction?: DatabaseTransaction): Promise<void> {
      const grants = on(transaction)
        .selectFrom('artifact')
        .select('grant_id')
        .where('account_id', '=', accountId)
        .where('kind', '=', 'Grant');
      await on(transaction).deleteFrom('artifact').where('grant_id', 'in', grants).execute();
      await on(transaction)
        .deleteFrom('artifact')
        .where('account_id', '=', accountId)
        .where('grant_id', 'is', null)
        .execute();
    },

    /**
     * What the engine itself was given for an account: its sessions, and the grants of apps, without which no token of
     * theirs is worth anything. Grants of devices name themselves in `grant_id`, and stay.
     */
    async deleteArtifactsOfApps(accountId: string, transaction?: DatabaseTransaction): Promise<void> {
      await on(transaction)
        .deleteFrom('artifact')
        .where('account_id', '=', accountId)
        .where('grant_id', 'is', null)
        .where('kind', 'in', ['Grant', 'Session'])
        .execute();
    },

    async putAnswer(row: TokenAnswerRow, transaction: DatabaseTransaction): Promise<void> {
      await insertAnswer.change(row, transaction);
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
