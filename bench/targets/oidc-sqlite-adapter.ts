import { DatabaseSync } from 'node:sqlite';
import type { AdapterFactory, AdapterPayload } from 'oidc-provider';

type Row = { payload: string; consumed: number | null };

/** One table on the SQLite of Node.js; every write is durable when it returns (WAL, synchronous=FULL). */
export function openSqliteAdapter(path: string): { adapter: AdapterFactory; hurry(): { end(): void } } {
  const database = new DatabaseSync(path);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    create table artifact (
      key text primary key,
      payload text not null,
      grant_id text,
      user_code text,
      uid text,
      consumed integer,
      expires_at integer
    ) without rowid;
    create index artifact_grant on artifact (grant_id) where grant_id is not null;
    create unique index artifact_user_code on artifact (user_code) where user_code is not null;
    create index artifact_uid on artifact (uid) where uid is not null;
  `);
  const put = database.prepare(`
    insert into artifact (key, payload, grant_id, user_code, uid, expires_at) values (?, ?, ?, ?, ?, ?)
    on conflict (key) do update set payload = excluded.payload, grant_id = excluded.grant_id,
      user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at
  `);
  const get = database.prepare('select payload, consumed from artifact where key = ?');
  const getByUserCode = database.prepare('select payload, consumed from artifact where user_code = ?');
  const getByUid = database.prepare('select payload, consumed from artifact where uid = ?');
  const consume = database.prepare('update artifact set consumed = ? where key = ?');
  const remove = database.prepare('delete from artifact where key = ?');
  const removeGrant = database.prepare('delete from artifact where grant_id = ?');

  const read = (row: unknown): AdapterPayload | undefined => {
    if (!row) return undefined;
    const { payload, consumed } = row as Row;
    const artifact = JSON.parse(payload) as AdapterPayload;
    if (consumed !== null) artifact.consumed = consumed;
    return artifact;
  };
  const now = (): number => Math.floor(Date.now() / 1000);

  const adapter: AdapterFactory = (kind) => ({
    async upsert(id, payload, expiresIn) {
      const { grantId = null, userCode = null, uid = null } = payload;
      put.run(`${kind}:${id}`, JSON.stringify(payload), grantId, userCode, uid, expiresIn ? now() + expiresIn : null);
    },
    find: async (id) => read(get.get(`${kind}:${id}`)),
    findByUserCode: async (userCode) => read(getByUserCode.get(userCode)),
    findByUid: async (uid) => read(getByUid.get(uid)),
    async consume(id) {
      consume.run(now(), `${kind}:${id}`);
    },
    async destroy(id) {
      remove.run(`${kind}:${id}`);
    },
    async revokeByGrantId(grantId) {
      removeGrant.run(grantId);
    },
  });

  return {
    adapter,
    hurry() {
      database.exec('pragma synchronous = off');
      return { end: () => database.exec('pragma synchronous = full; pragma wal_checkpoint(truncate)') };
    },
  };
}
