import type { Account } from '../account/account.ts';
import type { Methods, Passkey } from '../authenticators/authenticators.ts';
import type { Device } from '../devices/devices.ts';
import type { RecordedEvent } from '../drivers/journal/journal.ts';

/** Everything kept about a person, as it is kept; what is secret is left out because only its hash is there. */
export type Kept = {
  account: Account;
  methods: Methods;
  passkeys: Passkey[];
  keys: Passkey[];
  savedCode: boolean;
  addresses: readonly { kind: string; value: string; addedAt: number }[];
  devices: Device[];
  sessions: readonly {
    userAgent?: string | undefined;
    country?: string | undefined;
    signedInAt: number;
    seenAt: number;
  }[];
  activity: readonly RecordedEvent[];
};

/** One JSON document, times as ISO 8601 in UTC. The names of its members are a promise: tools read them. */
export function exportDocument(kept: Kept, at: number): object {
  const { account, methods, passkeys, keys, savedCode, addresses, devices, sessions, activity } = kept;
  return {
    format: 'latchkey-account-export/1',
    exported_at: iso(at),
    account: {
      id: account.id,
      email: account.email,
      name: account.name ?? null,
      locale: account.locale ?? null,
      created_at: iso(account.createdAt),
    },
    ways_to_sign_in: {
      password: methods.password,
      authenticator_app: methods.app,
      recovery_codes_left: methods.recoveryCodes,
      saved_code: savedCode,
      passkeys: passkeys.map((passkey) => ({ ...credential(passkey), synced: passkey.synced })),
      security_keys: keys.map(credential),
    },
    addresses: addresses.map(({ kind, value, addedAt }) => ({ kind, value, added_at: iso(addedAt) })),
    devices: devices.map((device) => ({
      name: device.name,
      app: device.clientName,
      model: device.model ?? null,
      kind: device.type ?? null,
      scope: device.scope,
      country: device.country ?? null,
      linked_at: iso(device.linkedAt),
      last_used_at: iso(device.lastUsedAt),
      linked_until: iso(device.expiresAt),
    })),
    sessions: sessions.map(({ userAgent, country, signedInAt, seenAt }) => ({
      user_agent: userAgent ?? null,
      country: country ?? null,
      signed_in_at: iso(signedInAt),
      seen_at: iso(seenAt),
    })),
    activity: activity.map(({ at: when, type, data }) => ({ at: iso(when), type, data: data ?? {} })),
  };
}

const credential = ({ name, createdAt, lastUsedAt }: Passkey) => ({
  name,
  added_at: iso(createdAt),
  last_used_at: iso(lastUsedAt),
});

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
