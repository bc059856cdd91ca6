import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, ClientId, DeviceId, GrantId, LinkId } from '../ids.ts';

/**
 * pending → claimed → approved → redeemed
 *              ↘ declined → ended        (ended: the device has been told)
 *              ↘ contested → ended       (a second account typed the same code)
 */
export type LinkStatus = 'pending' | 'claimed' | 'approved' | 'redeemed' | 'declined' | 'contested' | 'ended';

export type LinkRow = {
  id: LinkId;
  device_code_hash: string;
  user_code_hash: string;
  sealed_user_code: string;
  client_id: ClientId;
  /** JSON of the checked request parameters. */
  params: string;
  device_name: string | null;
  device_model: string | null;
  device_type: string | null;
  user_agent: string | null;
  network: string | null;
  country: string | null;
  interval_ms: number;
  /** 1 if its network had asked for more than its share; absent in what an older version stored. */
  from_crowd: number | null;
  status: LinkStatus;
  account_id: AccountId | null;
  browser_hash: string | null;
  grant_id: GrantId | null;
  device_id: DeviceId | null;
  /** JSON: how the person proved themselves when approving. */
  approval: string | null;
  created_at: number;
  expires_at: number;
  claimed_at: number | null;
  decided_at: number | null;
  redeemed_at: number | null;
};

/** What a poll needs to know: the hot path reads no more. */
export type PolledRow = Pick<LinkRow, (typeof polledColumns)[number]>;
const polledColumns = [
  'id',
  'device_code_hash',
  'client_id',
  'params',
  'interval_ms',
  'from_crowd',
  'status',
  'account_id',
  'grant_id',
  'device_id',
  'approval',
  'expires_at',
  'redeemed_at',
] as const;

type RedeemedRow = Pick<LinkRow, 'id' | 'account_id' | 'grant_id' | 'device_id'>;

/** What memory keeps of a code that waits. */
export type WaitingRow = Pick<LinkRow, 'device_code_hash' | 'client_id' | 'expires_at' | 'interval_ms' | 'from_crowd'>;

type LinkTables = { device_authorization: LinkRow };

/** Rows read at once when all that wait are loaded. */
const waitingPage = 20_000;

export type LinkStore = ReturnType<typeof createLinkStore>;

/** All SQL of the room. Every step is one conditional update, so that a race has one winner by construction. */
export function createLinkStore(database: Database) {
  const root = database.query.withTables<LinkTables>();
  const on = (transaction?: DatabaseTransaction) => transaction?.withTables<LinkTables>() ?? root;
  const one = async (update: Promise<{ numUpdatedRows: bigint }>): Promise<boolean> =>
    (await update).numUpdatedRows === 1n;

  const insert = database.statement<LinkRow>((value) =>
    root.insertInto('device_authorization').values({
      id: value('id'),
      device_code_hash: value('device_code_hash'),
      user_code_hash: value('user_code_hash'),
      sealed_user_code: value('sealed_user_code'),
      client_id: value('client_id'),
      params: value('params'),
      device_name: value('device_name'),
      device_model: value('device_model'),
      device_type: value('device_type'),
      user_agent: value('user_agent'),
      network: value('network'),
      country: value('country'),
      interval_ms: value('interval_ms'),
      from_crowd: value('from_crowd'),
      status: value('status'),
      account_id: value('account_id'),
      browser_hash: value('browser_hash'),
      grant_id: value('grant_id'),
      device_id: value('device_id'),
      approval: value('approval'),
      created_at: value('created_at'),
      expires_at: value('expires_at'),
      claimed_at: value('claimed_at'),
      decided_at: value('decided_at'),
      redeemed_at: value('redeemed_at'),
    }),
  );
  const byDeviceCode = database.statement<{ hash: string }, PolledRow>((value) =>
    root.selectFrom('device_authorization').select(polledColumns).where('device_code_hash', '=', value('hash')),
  );
  const redeemed = database.statement<{ hash: string; now: number }, RedeemedRow>((value) =>
    root
      .updateTable('device_authorization')
      .set({ status: 'redeemed', redeemed_at: value('now') })
      .where('device_code_hash', '=', value('hash'))
      .where('status', '=', 'approved')
      .returning(['id', 'account_id', 'grant_id', 'device_id']),
  );

  return {
    /** Rejects with a duplicate if the user code is taken, by a live code or one that ended within a day (B26, J9). */
    async add(row: LinkRow, transaction: DatabaseTransaction): Promise<void> {
      await insert.change(row, transaction);
    },

    find: (id: LinkId): Promise<LinkRow | undefined> =>
      root.selectFrom('device_authorization').selectAll().where('id', '=', id).executeTakeFirst(),

    findByDeviceCode: async (hash: string): Promise<PolledRow | undefined> => (await byDeviceCode.rows({ hash }))[0],

    findByUserCode: (hash: string): Promise<LinkRow | undefined> =>
      root.selectFrom('device_authorization').selectAll().where('user_code_hash', '=', hash).executeTakeFirst(),

    /** The first signed-in account to type the code holds it; the same browser may change its mind about the account. */
    claim: (id: LinkId, by: { accountId: AccountId; browserHash: string; now: number }): Promise<boolean> =>
      one(
        root
          .updateTable('device_authorization')
          .set({ status: 'claimed', account_id: by.accountId, browser_hash: by.browserHash, claimed_at: by.now })
          .where('id', '=', id)
          .where('expires_at', '>', by.now)
          .where((where) =>
            where.or([
              where('status', '=', 'pending'),
              where.and([
                where('status', '=', 'claimed'),
                where.or([where('account_id', '=', by.accountId), where('browser_hash', '=', by.browserHash)]),
              ]),
            ]),
          )
          .executeTakeFirst(),
      ),

    /** Ends a claimed request without tokens. */
    end: (id: LinkId, status: 'declined' | 'contested', now: number): Promise<boolean> =>
      one(
        root
          .updateTable('device_authorization')
          .set({ status, decided_at: now })
          .where('id', '=', id)
          .where('status', '=', 'claimed')
          .where('expires_at', '>', now)
          .executeTakeFirst(),
      ),

    approve: (
      id: LinkId,
      accountId: AccountId,
      decision: Pick<LinkRow, 'grant_id' | 'device_id' | 'approval' | 'decided_at' | 'expires_at'> & { now: number },
      transaction: DatabaseTransaction,
    ): Promise<boolean> => {
      const { now, ...set } = decision;
      return one(
        on(transaction)
          .updateTable('device_authorization')
          .set({ status: 'approved', ...set })
          .where('id', '=', id)
          .where('status', '=', 'claimed')
          .where('account_id', '=', accountId)
          .where('expires_at', '>', now)
          .executeTakeFirst(),
      );
    },

    /** The row, for the one redemption that wins. */
    redeem: async (hash: string, now: number, transaction: DatabaseTransaction): Promise<RedeemedRow | undefined> =>
      (await redeemed.rows({ hash, now }, transaction))[0],

    /** The device has heard the refusal; from now on its code means nothing (A14). */
    async ended(id: LinkId): Promise<void> {
      await root
        .updateTable('device_authorization')
        .set({ status: 'ended' })
        .where('id', '=', id)
        .where('status', 'in', ['declined', 'contested'])
        .execute();
    },

    /** All codes that wait, in pages: there may be a million. */
    async *eachWaiting(now: number): AsyncGenerator<WaitingRow> {
      let last = '';
      for (;;) {
        const rows: WaitingRow[] = await root
          .selectFrom('device_authorization')
          .select(['device_code_hash', 'client_id', 'expires_at', 'interval_ms', 'from_crowd'])
          .where('device_code_hash', '>', last)
          .where('status', 'in', ['pending', 'claimed'])
          .where('expires_at', '>', now)
          .orderBy('device_code_hash')
          .limit(waitingPage)
          .execute();
        yield* rows;
        const end = rows.at(-1);
        if (!end || rows.length < waitingPage) return;
        last = end.device_code_hash;
      }
    },

    async listDecidedSince(time: number): Promise<{ hash: string; at: number }[]> {
      const rows = await root
        .selectFrom('device_authorization')
        .select(['device_code_hash', 'decided_at'])
        .where('decided_at', '>', time)
        .execute();
      return rows.map((row) => ({ hash: row.device_code_hash, at: row.decided_at ?? time }));
    },

    async countLive(now: number): Promise<{ all: number; crowded: number }> {
      const row = await root
        .selectFrom('device_authorization')
        .select(({ fn }) => [fn.countAll<number>().as('all'), fn.sum<number | null>('from_crowd').as('crowded')])
        .where('expires_at', '>', now)
        .where('status', 'in', ['pending', 'claimed'])
        .executeTakeFirstOrThrow();
      return { all: Number(row.all), crowded: Number(row.crowded ?? 0) };
    },

    async deleteEndedBefore(time: number): Promise<void> {
      await root.deleteFrom('device_authorization').where('expires_at', '<', time).execute();
    },
  };
}
