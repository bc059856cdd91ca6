import type { Devices } from '../devices/devices.ts';
import type { RecordedEvent } from '../drivers/journal/journal.ts';
import type { AccountId, ClientId, DeviceId } from '../ids.ts';
import { type EventType, type Picture, pictureOf, type Tried, triedBy } from './kinds.ts';

/** One line of the activity: what happened, with the names people know. Times are epoch milliseconds. */
export type Row = {
  /** Of the newest, where it stands for several alike. */
  id: string;
  at: number;
  type: EventType;
  count: number;
  picture: Picture;
  /** The drawing of the device, where one is meant. */
  deviceType: string | undefined;
  /** What the device, app, passkey or address is called: a stranger's text. */
  name: string | undefined;
  /** Which of several of its kind: what was tried, or which authenticator it was. */
  detail: string | undefined;
  browser: string | undefined;
  country: string | undefined;
  methods: string[];
  /** The owner has said that it was not them. */
  disowned: boolean;
};

export type RowNeeds = {
  devices: Pick<Devices, 'find' | 'findUnlinked'>;
  clientNames(ids: ClientId[]): Promise<Map<ClientId, string>>;
};

/** Several alike, one after the other, which make one row. */
export type Group = { newest: RecordedEvent; count: number };

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const grouped: readonly EventType[] = ['sign_in_failed', 'proof_failed', 'wrong_code', 'guess_limit_reached'];

/** Adds an event to the groups; true if it has begun a new one. A flood of failures must not bury what matters. */
export function addToGroups(groups: Group[], event: RecordedEvent): boolean {
  const last = groups.at(-1);
  if (last && areAlike(last.newest, event)) {
    last.count++;
    return false;
  }
  groups.push({ newest: event, count: 1 });
  return true;
}

function areAlike(a: RecordedEvent, b: RecordedEvent): boolean {
  if (a.type !== b.type || !grouped.includes(a.type)) return false;
  if (dayOf(a.at) !== dayOf(b.at)) return false;
  return (['network', 'browser', 'country'] as const).every((name) => a.data?.[name] === b.data?.[name])
    ? detailOf(a) === detailOf(b)
    : false;
}

/** The day in UTC, as `2026-05-14`: a server does not know its readers' time zones. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Gives the rows their names; looks each device and each app up once. */
export async function nameRows(
  needs: RowNeeds,
  accountId: AccountId,
  groups: readonly Group[],
  disowned: ReadonlySet<string>,
): Promise<Row[]> {
  const events = groups.map(({ newest }) => newest);
  const deviceIds = [...new Set(events.map(({ data }) => text(data?.device)).filter((id) => id !== undefined))];
  const found = await Promise.all(deviceIds.map((id) => findDevice(needs.devices, accountId, id as DeviceId)));
  const devices = new Map(deviceIds.map((id, at) => [id, found[at]]));
  const clientIds = [...new Set(events.map(({ data }) => text(data?.client)).filter((id) => id !== undefined))];
  const clients = clientIds.length > 0 ? await needs.clientNames(clientIds as ClientId[]) : new Map<string, string>();
  return groups.map(({ newest: event, count }) => {
    const device = devices.get(text(event.data?.device) ?? '');
    const app = clients.get((text(event.data?.client) ?? '') as ClientId);
    return {
      ...rowOf(event),
      count,
      name: text(event.data?.name) ?? text(event.data?.address) ?? (device ? device.name || device.clientName : app),
      deviceType: device?.type,
      disowned: disowned.has(event.id),
    };
  });
}

async function findDevice(devices: RowNeeds['devices'], accountId: AccountId, id: DeviceId) {
  return (await devices.find(accountId, id)) ?? devices.findUnlinked(accountId, id);
}

function rowOf(event: RecordedEvent): Omit<Row, 'count' | 'name' | 'deviceType' | 'disowned'> {
  const { id, at, type, data = {} } = event;
  return {
    id,
    at,
    type,
    picture: pictureOf(type),
    detail: detailOf(event),
    browser: text(data.browser),
    country: text(data.country),
    methods: (text(data.methods) ?? '').split(' ').filter(Boolean),
  };
}

const authenticators = ['passkey', 'key', 'app', 'saved'];

export function detailOf({ type, data = {} }: RecordedEvent): string | undefined {
  if (type === 'sign_in_failed' || type === 'proof_failed') return triedBy(data.reason) satisfies Tried;
  if (type === 'authenticator_added' || type === 'authenticator_removed') {
    if (data.reason === 'resumed') return 'resumed';
    return authenticators.find((kind) => kind === data.kind) ?? 'other';
  }
  if (type === 'address_added' && data.reason === 'resumed') return 'resumed';
  if (type === 'address_added' || type === 'address_removed') return data.kind === 'phone' ? 'phone' : 'email';
  if (type === 'unlinked') return text(data.reason);
  if (type === 'reported') return text(data.what);
  if (type === 'session_ended') return data.sessions === undefined ? undefined : 'others';
  if (type === 'recovery_codes_made' || type === 'recovery_code_used') return text(data.kind);
  return undefined;
}
