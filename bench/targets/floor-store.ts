import { generateKeyPairSync, hash, randomBytes, randomFillSync, sign } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type CodeState, clientId, scope } from './target.ts';

type Waiting = { expiresAt: number; polledAt: number };
type Succeed = (body: string) => void;

const day = 86_400_000;
const userLetters = 'BCDFGHJKLMNPQRSTVWXZ';

export type FloorStore = ReturnType<typeof openFloorStore>;

/**
 * Codes that wait are in memory and on disk, everything else on disk (WAL, synchronous=FULL). Writes of one turn of
 * the event loop share a commit, and nobody is answered before it.
 */
export function openFloorStore(path: string) {
  const database = new DatabaseSync(path);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    create table code (id text primary key, user_code text not null unique, state text, expires_at integer) without rowid;
    create table token (id text primary key, kind text, account text, scope text, expires_at integer) without rowid;
  `);
  const addCode = database.prepare('insert or ignore into code values (?, ?, ?, ?)');
  const findCode = database.prepare('select state, expires_at from code where id = ?');
  const approveCode = database.prepare("update code set state = 'approved' where user_code = ? returning id");
  const redeemCode = database.prepare("update code set state = 'redeemed' where id = ? and state = 'approved'");
  const addToken = database.prepare('insert into token values (?, ?, ?, ?, ?)');
  const rotateToken = database.prepare("delete from token where id = ? and kind = 'refresh' and expires_at > ?");
  const waiting = new Map<string, Waiting>();
  const afterCommit: (() => void)[] = [];

  /** Starts or joins the commit at the end of this turn. */
  function write(then: () => void): void {
    if (afterCommit.push(then) > 1) return;
    database.exec('begin immediate');
    setImmediate(() => {
      database.exec('commit');
      for (const answer of afterCommit.splice(0)) answer();
    });
  }

  function addNewCode(state: CodeState): { deviceCode: string; userCode: string } {
    const deviceCode = newToken();
    const id = idOf(deviceCode);
    const expiresAt = Date.now() + day;
    let userCode: string;
    do userCode = newUserCode();
    while (addCode.run(id, userCode, state, expiresAt).changes === 0);
    if (state === 'pending') waiting.set(id, { expiresAt, polledAt: 0 });
    return { deviceCode, userCode };
  }

  function newTokens(): string {
    const [access, refresh, now] = [newToken(), newToken(), Date.now()];
    addToken.run(idOf(access), 'access', 'alice', scope, now + day);
    addToken.run(idOf(refresh), 'refresh', 'alice', scope, now + 30 * day);
    const id_token = signIdToken(now);
    return JSON.stringify({
      access_token: access,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: refresh,
      scope,
      id_token,
    });
  }

  return {
    issue(succeed: Succeed): void {
      let body = '';
      write(() => succeed(body));
      const { deviceCode, userCode } = addNewCode('pending');
      const verification_uri = 'http://127.0.0.1/link';
      body = JSON.stringify({
        device_code: deviceCode,
        user_code: userCode,
        verification_uri,
        expires_in: 600,
        interval: 5,
      });
    },

    stateOf(deviceCode: string): 'approved' | 'authorization_pending' | 'expired_token' | 'invalid_grant' {
      const id = idOf(deviceCode);
      const now = Date.now();
      const code = waiting.get(id);
      if (code && code.expiresAt > now) {
        code.polledAt = now;
        return 'authorization_pending';
      }
      const row = findCode.get(id);
      if (!row || row.state === 'redeemed') return 'invalid_grant';
      if (Number(row.expires_at) <= now) return 'expired_token';
      return row.state === 'approved' ? 'approved' : 'authorization_pending';
    },

    redeem(deviceCode: string, succeed: Succeed, fail: () => void): void {
      let body: string | undefined;
      write(() => (body === undefined ? fail() : succeed(body)));
      if (redeemCode.run(idOf(deviceCode)).changes === 1) body = newTokens();
    },

    refresh(token: string, succeed: Succeed, fail: () => void): void {
      let body: string | undefined;
      write(() => (body === undefined ? fail() : succeed(body)));
      if (rotateToken.run(idOf(token), Date.now()).changes === 1) body = newTokens();
    },

    makeCode: (state: CodeState): string => addNewCode(state).deviceCode,
    approve(userCode: string): void {
      const row = approveCode.get(userCode);
      if (!row) throw new Error(`There is no code ${userCode}.`);
      waiting.delete(String(row.id));
    },
    hurry() {
      database.exec('pragma synchronous = off; begin');
      return {
        end: () => void database.exec('commit; pragma synchronous = full; pragma wal_checkpoint(truncate)'),
      };
    },
  };
}

const idOf = (token: string): string => hash('sha256', token, 'base64url');

const pool = Buffer.alloc(32 * 256);
let poolUsed = pool.length;

/** 256 random bits; the system is asked for many at a time. */
function newToken(): string {
  if (poolUsed === pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += 32;
  return pool.toString('base64url', poolUsed - 32, poolUsed);
}

/** Eight letters, each drawn without bias: 240 is a multiple of 20. */
function newUserCode(): string {
  let code = '';
  while (code.length < 8) {
    for (const byte of randomBytes(12)) if (byte < 240 && code.length < 8) code += userLetters[byte % 20];
  }
  return code;
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const header = encode({ alg: 'ES256', typ: 'JWT', kid: 'floor' });

function signIdToken(now: number): string {
  const iat = Math.floor(now / 1000);
  const claims = { iss: 'http://127.0.0.1', sub: 'alice', aud: clientId, iat, exp: iat + 3600, auth_time: iat };
  const input = `${header}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
