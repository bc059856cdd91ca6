import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '../clock.ts';
import type { GrantId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { ArtifactRow, EngineStore } from './engine-store.ts';
import { ClaimLost, type Units } from './unit-of-work.ts';

type Needs = {
  kind: string;
  store: EngineStore;
  units: Units;
  secrets: Secrets;
  clock: Clock;
  /** Told after a grant has been destroyed by the protocol: by revocation, or by the replay of a one-time value. */
  grantRevoked(grantId: GrantId): Promise<void>;
};

/** How one artifact is named in the database: by a keyed hash, so that a copy of it is not a bag of tokens (K9). */
export const artifactId = (secrets: Secrets, kind: string, id: string): string =>
  secrets.hash('artifact', `${kind}:${id}`);

/**
 * What stays of a refresh token once it is used: enough to know it again for as long as a replay of it could matter (RFC 9700
 * §4.14.2), whose it was, and which key was its own. Grant, account and end stand beside it in the row (fault E10).
 */
export const remainsOf = (secrets: Secrets, rowId: string, { clientId, jkt }: { clientId?: unknown; jkt?: unknown }) =>
  secrets.seal('artifact', JSON.stringify({ clientId, jkt }), rowId);

/** Storage of one kind of the engine's artifacts. */
export function createArtifactAdapter({ kind, store, units, secrets, clock, grantRevoked }: Needs): Adapter {
  const rowId = (id: string): string => artifactId(secrets, kind, id);

  const open = (row: Awaited<ReturnType<EngineStore['findArtifact']>>): AdapterPayload | undefined => {
    if (!row) return undefined;
    const json = secrets.open('artifact', row.sealed_payload, row.id);
    if (json === undefined) return undefined;
    const payload = JSON.parse(json) as AdapterPayload;
    return row.consumed_at === null ? payload : { ...besidePayload(row), ...payload };
  };

  return {
    async upsert(id, payload, expiresIn) {
      const row = {
        id: rowId(id),
        kind,
        grant_id: payload.grantId ?? null,
        account_id: payload.accountId ?? null,
        uid: payload.uid ? artifactId(secrets, `${kind}.uid`, payload.uid) : null,
        sealed_payload: secrets.seal('artifact', JSON.stringify(payload), rowId(id)),
        consumed_at: null,
        expires_at: expiresIn ? clock.now() + expiresIn * 1000 : null,
      };
      const unit = units.current();
      if (!unit) return store.putArtifact(row);
      unit.reads.set(row.id, payload);
      unit.write(async (transaction) => {
        if (kind !== 'ReplayDetection') return store.putArtifact(row, transaction);
        // RFC 9449 §11.1: two copies of one proof may both have been found new; the index lets one through.
        if (!(await store.addArtifact(row, transaction))) throw new ClaimLost();
      });
    },

    async find(id) {
      const key = rowId(id);
      const reads = units.current()?.reads;
      if (reads?.has(key)) return reads.get(key) as AdapterPayload | undefined;
      const payload = open(await store.findArtifact(key));
      reads?.set(key, payload);
      return payload;
    },

    findByUid: async (uid) => open(await store.findArtifactByUid(artifactId(secrets, `${kind}.uid`, uid))),

    /** The engine's own device pages are not mounted, so nothing looks artifacts up by user code (decision 4). */
    findByUserCode: async () => undefined,

    async consume(id) {
      const unit = units.current();
      if (!unit) throw new Error(`A ${kind} was consumed outside a unit of work.`);
      const row = rowId(id);
      const read = unit.reads.get(row);
      unit.write(async (transaction) => {
        const now = clock.now();
        const claimed =
          kind === 'RefreshToken' && read
            ? store.consumeToRemains(row, now, remainsOf(secrets, row, read), transaction)
            : store.consumeArtifact(row, now, transaction);
        if (!(await claimed)) throw new ClaimLost();
      });
    },

    // Destroying and revoking do not wait for the end of the unit: the engine refuses the request right after.
    async destroy(id) {
      await store.deleteArtifact(rowId(id));
      if (kind === 'Grant') {
        await store.deleteArtifactsOfGrant(id);
        await grantRevoked(id as GrantId);
      }
    },

    revokeByGrantId: (grantId) => store.deleteArtifactsOfGrant(grantId),
  };
}

/** What the engine needs to know of what is used up, where its payload does not say it any more. */
function besidePayload(row: ArtifactRow): AdapterPayload {
  return {
    kind: row.kind,
    consumed: Math.floor((row.consumed_at ?? 0) / 1000),
    ...(row.expires_at === null ? {} : { exp: Math.floor(row.expires_at / 1000) }),
    ...(row.grant_id === null ? {} : { grantId: row.grant_id }),
    ...(row.account_id === null ? {} : { accountId: row.account_id }),
  };
}

/** For what the engine is to store nothing of. */
export const noAdapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
};
