import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';

/** What was added, changed, by `removed` taken away, or, by `resumed`, counts again after it was reported lost. */
export type ChangeKind =
  | 'passkey'
  | 'key'
  | 'app'
  | 'password'
  | 'recoveryCodes'
  | 'savedCode'
  | 'email'
  | 'phone'
  | 'own'
  | 'removed'
  | 'resumed';

export type WayChangeRow = {
  id: string;
  account_id: AccountId;
  session_id: SessionId;
  kind: ChangeKind;
  /** Which one of its kind: the id of a credential, of an address, of a change of the own address; `app` if resumed. */
  ref: string | null;
  /** Of the session, as it was then. */
  methods: string;
  signed_in_at: number;
  vouched_since: number;
  browser: string | null;
  country: string | null;
  at: number;
  token_hash: string;
  undone_at: number | null;
};

type Tables = { way_change: WayChangeRow };

export function createWayChangesStore(database: Database) {
  const db = database.query.withTables<Tables>();

  return {
    async insert(row: WayChangeRow): Promise<void> {
      await db.insertInto('way_change').values(row).execute();
    },

    findByToken: (tokenHash: string): Promise<WayChangeRow | undefined> =>
      db.selectFrom('way_change').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst(),

    findByRef: (accountId: AccountId, kind: ChangeKind, ref: string): Promise<WayChangeRow | undefined> =>
      db
        .selectFrom('way_change')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('kind', '=', kind)
        .where('ref', '=', ref)
        .executeTakeFirst(),

    since: (accountId: AccountId, time: number, trx?: DatabaseTransaction): Promise<WayChangeRow[]> =>
      (trx ? trx.withTables<Tables>() : db)
        .selectFrom('way_change')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('at', '>=', time)
        .orderBy('at')
        .execute(),

    /** True for the one caller that takes it back. */
    async claim(id: string, now: number, trx: DatabaseTransaction): Promise<boolean> {
      const result = await trx
        .withTables<Tables>()
        .updateTable('way_change')
        .set({ undone_at: now })
        .where('id', '=', id)
        .where('undone_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async removeBefore(time: number): Promise<void> {
      await db.deleteFrom('way_change').where('at', '<=', time).execute();
    },
  };
}

export type WayChangesStore = ReturnType<typeof createWayChangesStore>;
