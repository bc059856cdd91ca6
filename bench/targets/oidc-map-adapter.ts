import type { AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Everything in one map, for as long as the process lives: the least storage the engine can have. */
export function createMapAdapter(): AdapterFactory {
  const artifacts = new Map<string, AdapterPayload>();
  const byUserCode = new Map<string, string>();
  const byUid = new Map<string, string>();
  const byGrant = new Map<string, string[]>();
  const found = (key: string | undefined): AdapterPayload | undefined =>
    key === undefined ? undefined : artifacts.get(key);

  return (kind) => ({
    async upsert(id, payload) {
      const key = `${kind}:${id}`;
      artifacts.set(key, payload);
      if (payload.userCode) byUserCode.set(payload.userCode, key);
      if (payload.uid) byUid.set(payload.uid, key);
      if (payload.grantId) {
        const keys = byGrant.get(payload.grantId);
        if (keys) keys.push(key);
        else byGrant.set(payload.grantId, [key]);
      }
    },
    find: async (id) => artifacts.get(`${kind}:${id}`),
    findByUserCode: async (userCode) => found(byUserCode.get(userCode)),
    findByUid: async (uid) => found(byUid.get(uid)),
    async consume(id) {
      const payload = artifacts.get(`${kind}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      artifacts.delete(`${kind}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const key of byGrant.get(grantId) ?? []) artifacts.delete(key);
      byGrant.delete(grantId);
    },
  });
}
