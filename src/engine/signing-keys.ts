import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Clock, days } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import { newId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { createEngineStore, type SigningKeyRow } from './engine-store.ts';

/** ES256 signs unless a client asks for RS256: it is ten times cheaper and every current client verifies it. */
const algorithms = ['ES256', 'RS256'] as const;

/** How long a retired key stays published: longer than any token signed with it lives. */
const overlap = days(7);
/** How long we know our own signature again: apps give back ID tokens of long ago (RP-Initiated Logout §2). */
const remembered = days(365);

export type SigningKey = { id: string; alg: string; createdAt: number; retiredAt: number | undefined };

export type SigningKeys = {
  /** Private keys for the engine, newest first, so that the newest signs and all verify. */
  load(): Promise<JWK[]>;
  /** Public halves of all that ever signed, as far as they are remembered: no longer published, and good for hints alone. */
  known(): Promise<JWK[]>;
  list(): Promise<SigningKey[]>;
  /** Makes one fresh key of each algorithm; the old ones verify for seven more days. */
  rotate(): Promise<SigningKey[]>;
};

type Needs = { database: Database; secrets: Secrets; clock: Clock; random: Random };

export function createSigningKeys({ database, secrets, clock, random }: Needs): SigningKeys {
  const store = createEngineStore(database);

  const generate = (): Promise<SigningKeyRow[]> =>
    Promise.all(
      algorithms.map(async (alg) => {
        const id = newId<string>(random);
        const { privateKey } = await generateKeyPair(alg, { extractable: true });
        const jwk = { ...(await exportJWK(privateKey)), kid: id, alg, use: 'sig' };
        return {
          id,
          alg,
          sealed_key: secrets.seal('signing-key', JSON.stringify(jwk), id),
          created_at: clock.now(),
          retired_at: null,
        };
      }),
    );

  const open = (row: SigningKeyRow): JWK => {
    const json = secrets.open('signing-key', row.sealed_key, row.id);
    if (json === undefined)
      throw new Error('A signing key cannot be opened: LATCHKEY_SECRET is not the one it was made with.');
    return JSON.parse(json) as JWK;
  };

  return {
    async load() {
      let rows = await store.listKeys();
      if (rows.length === 0) {
        await store.addKeys(await generate());
        // Read again: of two processes that start together, both must end with the same set.
        rows = await store.listKeys();
      }
      const published = clock.now() - overlap;
      return rows.filter(({ retired_at: at }) => at === null || at >= published).map(open);
    },

    known: async () => (await store.listKeys()).map((row) => publicHalf(open(row))),

    list: async () => (await store.listKeys()).map(keyOf),

    async rotate() {
      const fresh = await generate();
      await store.replaceKeys(fresh, clock.now(), clock.now() - remembered);
      return fresh.map(keyOf);
    },
  };
}

const publicHalf = ({ kty, kid, alg, use, crv, x, y, n, e }: JWK): JWK =>
  Object.fromEntries(
    Object.entries({ kty, kid, alg, use, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  );

const keyOf = (row: SigningKeyRow): SigningKey => ({
  id: row.id,
  alg: row.alg,
  createdAt: row.created_at,
  retiredAt: row.retired_at ?? undefined,
});
