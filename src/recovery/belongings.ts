import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import { type Clock, days } from '../clock.ts';
import type { Device } from '../devices/devices.ts';
import type { AccountId, AddressId, DeviceId } from '../ids.ts';
import type { Attempt } from './attempt.ts';

/** A way into the account, or something that acts for it, as the end of a recovery lists it (fault A3). */
export type Belonging = {
  kind: 'passkey' | 'key' | 'app' | 'own' | 'email' | 'phone' | 'device';
  /** Which one of its kind. */
  ref: string;
  name: string;
  /** Of a device. */
  type?: string | undefined;
  at: number;
  browser?: string | undefined;
  country?: string | undefined;
  /** Ticked for removal: it came since its owner was last here for certain. */
  ticked: boolean;
  /** False for a second step that has not been proven to be lost: it is asked for at the next sign-in (E18). */
  removable: boolean;
};

export type BelongingNeeds = {
  clock: Clock;
  authenticators: Pick<Authenticators, 'listPasskeys' | 'listKeys' | 'appSince'>;
  addresses: {
    list: Addresses['list'];
    ownSince: Addresses['ownSince'];
    findUndo(key: { accountId: AccountId; id: string }): Promise<{ state: string; newEmail: string } | undefined>;
    shown(address: { kind: 'email' | 'phone'; value: string }): string;
  };
  devices: { list(accountId: AccountId): Promise<Device[]> };
  /** Who made which change of a way in, as far as it is known. */
  changesOf(
    accountId: AccountId,
  ): Promise<{ ref: string | undefined; kind: string; browser: string | undefined; country: string | undefined }[]>;
  /** When the account was last signed in to in a browser that it had by then. */
  lastInBrowserOf(accountId: AccountId, settledBy: number): Promise<number | undefined>;
};

/** What came in that time is never taken for the owner's, however lately they were seen. */
const least = days(30);

/** Whoever gets back in rarely knows who else is in: everything that opens the account is shown, the new ticked. */
export function createBelongings(needs: BelongingNeeds) {
  const { authenticators, addresses, devices } = needs;

  return async (attempt: Attempt): Promise<Belonging[]> => {
    const { accountId, settledBy, startedAt } = attempt;
    if (!accountId || !attempt.mayFinish) return [];
    // One after the other: shown once, and not worth eight connections at once.
    const passkeys = await authenticators.listPasskeys(accountId);
    const keys = await authenticators.listKeys(accountId);
    const app = await authenticators.appSince(accountId);
    const listed = await addresses.list(accountId);
    const own = await addresses.ownSince(accountId);
    const linked = await devices.list(accountId);
    const changes = await needs.changesOf(accountId);
    const lastSeen = await needs.lastInBrowserOf(accountId, settledBy);
    const since = Math.min(lastSeen ?? startedAt, startedAt - least);

    const belonging = (kind: Belonging['kind'], ref: string, name: string, at: number): Belonging => {
      const change = changes.findLast((one) => one.kind === kind && (one.ref === ref || kind === 'app'));
      const isStep = kind === 'key' || kind === 'app';
      const removable = !isStep || at > settledBy;
      const from = { browser: change?.browser, country: change?.country };
      return { kind, ref, name, at, ...from, ticked: removable && at > since, removable };
    };
    const undo = own?.change && (await addresses.findUndo({ accountId, id: own.change }));
    return [
      ...passkeys.map(({ id, name, createdAt }) => belonging('passkey', id, name, createdAt)),
      ...keys.map(({ id, name, createdAt }) => belonging('key', id, name, createdAt)),
      ...(app === undefined ? [] : [belonging('app', 'app', '', app)]),
      // Whoever proved themselves at the address that the account had before has it put back.
      ...(own?.change && undo && undo.state === 'possible' && own.value !== attempt.email
        ? [belonging('own', own.change, own.value, own.since)]
        : []),
      ...listed.map(({ id, kind, addedAt, value }) => belonging(kind, id, addresses.shown({ kind, value }), addedAt)),
      ...linked.map((device) => ({
        ...belonging('device', device.id, device.name || device.clientName, device.linkedAt),
        type: device.type,
        country: device.country,
      })),
    ];
  };
}

/** What is to be removed, by rooms. */
export function sorted(chosen: readonly Belonging[]) {
  const refs = (...kinds: Belonging['kind'][]): string[] =>
    chosen.filter(({ kind, removable }) => removable && kinds.includes(kind)).map(({ ref }) => ref);
  return {
    app: refs('app').length > 0,
    credentials: refs('passkey', 'key'),
    addresses: refs('email', 'phone') as AddressId[],
    devices: refs('device') as DeviceId[],
    own: refs('own')[0],
  };
}
