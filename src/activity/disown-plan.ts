import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Devices } from '../devices/devices.ts';
import type { Journal, RecordedEvent } from '../drivers/journal/journal.ts';
import type { AccountId, DeviceId, SessionId } from '../ids.ts';
import type { Signin } from '../signin/signin.ts';
import type { EventType } from './kinds.ts';
import { detailOf, type Row } from './rows.ts';

/** Who says "this wasn't me", and in which session: that one stays. */
export type Owner = { accountId: AccountId; sessionId: SessionId; browserId: string };

/** What is done for certain. Those that end in `Over` say that there is nothing left to do. */
export type Effect =
  | 'session'
  | 'sessionOver'
  | 'thisBrowser'
  | 'others'
  | 'device'
  | 'deviceOver'
  | 'authenticator'
  | 'authenticatorLast'
  | 'authenticatorOver'
  | 'address'
  | 'addressOver'
  | 'email'
  | 'recovery'
  | 'recoveryOver'
  | 'closing'
  | 'report'
  | 'nothingLost';

/** What is done if its box is ticked. */
export type Choice = { kind: 'device' | 'passkey' | 'session'; id: string; name: string; ticked: boolean };

/** The page that helps from there. */
export type Next = 'password' | 'passkeys' | 'codes' | 'addresses' | 'email' | 'devices' | 'sessions' | 'ways' | 'none';

export type Plan = { row: Row; event: RecordedEvent; effects: Effect[]; choices: Choice[]; next: Next };

export type PlanNeeds = {
  journal: Pick<Journal, 'recent'>;
  signin: Pick<Signin, 'sessionsOf'>;
  devices: Pick<Devices, 'list' | 'find'>;
  authenticators: Pick<Authenticators, 'methodsOf' | 'listPasskeys' | 'listKeys'>;
  addresses: Pick<Addresses, 'list' | 'findUndo'>;
  /** The room of recovery: what waits to be done. */
  recovery: { pending(accountId: AccountId): Promise<{ id: string } | undefined> };
};

type Found = { row: Row; event: RecordedEvent };
type Part = Pick<Plan, 'effects' | 'next'> & { choices?: Choice[] };

/** Links looked through for those made in one session. */
const linksRead = 300;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What "this wasn't me" will do about one event, worked out from how things are now. Changes nothing. */
export async function planDisowning(needs: PlanNeeds, owner: Owner, found: Found): Promise<Plan> {
  const make = plans[found.event.type];
  return { ...found, choices: [], ...(await (make ? make(needs, owner, found.event) : somebodyElse('ways'))) };
}

/** True if it changes more than the record: then a fresh proof is asked for (E38). */
export const needsProof = ({ effects, choices }: Pick<Plan, 'effects' | 'choices'>): boolean =>
  choices.length > 0 ||
  effects.some((effect) => !['report', 'nothingLost'].includes(effect) && !effect.endsWith('Over'));

type Make = (needs: PlanNeeds, owner: Owner, event: RecordedEvent) => Promise<Part> | Part;

/** Whoever did it is signed in somewhere else: everything else is signed out. */
const somebodyElse = (next: Next): Part => ({ effects: ['others'], next });

const plans: Partial<Record<EventType, Make>> = {
  signed_in: planSignIn,
  sign_in_failed: planFailure,
  proof_failed: () => somebodyElse('password'),
  passkey_counter: () => somebodyElse('passkeys'),
  approved: planLink,
  declined: () => ({ effects: ['report'], next: 'sessions' }),
  code_contested: () => ({ effects: ['report'], next: 'sessions' }),
  replayed: () => ({ effects: ['deviceOver'], next: 'devices' }),
  reported: () => somebodyElse('devices'),
  // Nobody did: it ran out because nobody used it.
  unlinked: (_needs, _owner, { data }) =>
    data?.reason === 'unused' ? { effects: ['nothingLost'], next: 'devices' } : somebodyElse('devices'),
  link_undone: () => somebodyElse('devices'),
  renamed: () => somebodyElse('devices'),
  wrong_code: () => somebodyElse('password'),
  guess_limit_reached: () => somebodyElse('password'),
  authenticator_added: planAuthenticator,
  authenticator_removed: () => somebodyElse('ways'),
  password_changed: () => somebodyElse('password'),
  recovery_codes_made: () => somebodyElse('codes'),
  recovery_code_used: () => somebodyElse('codes'),
  address_added: planAddress,
  address_removed: () => somebodyElse('addresses'),
  email_changed: planEmail,
  recovery_begun: planRecovery,
  recovered: () => somebodyElse('password'),
  closing_begun: () => ({ effects: ['closing', 'others'], next: 'password' }),
};

async function planSignIn(needs: PlanNeeds, owner: Owner, event: RecordedEvent): Promise<Part> {
  const session = text(event.data?.session);
  const methods = (text(event.data?.methods) ?? '').split(' ');
  const live = await needs.signin.sessionsOf(owner.accountId);
  const choices = await linksOf(needs, owner.accountId, session);
  if (methods.includes('passkey')) choices.push(...(await passkeysOf(needs, owner.accountId, event)));
  return { effects: [sessionEffect()], choices, next: nextAfter(methods) };

  function sessionEffect(): Effect {
    if (session === owner.sessionId) return 'thisBrowser';
    // Recorded before sessions were: which it was is not known, so none is spared.
    if (session === undefined) return 'others';
    return live.some(({ sessionId }) => sessionId === session) ? 'session' : 'sessionOver';
  }
}

function nextAfter(methods: readonly string[]): Next {
  if (methods.includes('pwd')) return 'password';
  if (methods.includes('recovery')) return 'codes';
  return methods.includes('passkey') ? 'passkeys' : 'ways';
}

/** Devices that were linked from that session and still are, ticked. */
async function linksOf(needs: PlanNeeds, accountId: AccountId, session: string | undefined): Promise<Choice[]> {
  if (session === undefined) return [];
  const links = await needs.journal.recent(accountId, linksRead, { types: ['approved'] });
  const ids = links.filter(({ data }) => data?.session === session).map(({ data }) => data?.device);
  const devices = (await needs.devices.list(accountId)).filter(({ id }) => ids.includes(id));
  return devices.map(({ id, name, clientName }) => ({ kind: 'device', id, name: name || clientName, ticked: true }));
}

/** Only its owner knows which passkey was used by a stranger; the one that was used is ticked if the record tells. */
async function passkeysOf(needs: PlanNeeds, accountId: AccountId, { data }: RecordedEvent): Promise<Choice[]> {
  const [passkeys, methods] = await Promise.all([
    needs.authenticators.listPasskeys(accountId),
    needs.authenticators.methodsOf(accountId),
  ]);
  if (passkeys.length === 1 && !methods.password) return [];
  return passkeys.map(({ id, name }) => ({ kind: 'passkey', id, name, ticked: data?.credential === id }));
}

function planFailure(_needs: PlanNeeds, _owner: Owner, event: RecordedEvent): Part {
  // F4: the password is known to whoever came to the second step. A passkey that fails as the first names no account.
  const known = detailOf(event) !== 'password';
  return { effects: ['nothingLost'], next: known ? 'password' : 'none' };
}

async function planLink(needs: PlanNeeds, owner: Owner, { data }: RecordedEvent): Promise<Part> {
  const device = await needs.devices.find(owner.accountId, (text(data?.device) ?? '') as DeviceId);
  const sessions = await needs.signin.sessionsOf(owner.accountId);
  const from = sessions.find(({ sessionId }) => sessionId === data?.session && sessionId !== owner.sessionId);
  // Whoever approved it is signed in there.
  const choices: Choice[] = from ? [{ kind: 'session', id: from.sessionId, name: '', ticked: true }] : [];
  return { effects: [device ? 'device' : 'deviceOver'], choices, next: 'password' };
}

async function planAuthenticator(needs: PlanNeeds, owner: Owner, event: RecordedEvent): Promise<Part> {
  return { effects: [await authenticatorEffect(needs, owner.accountId, event), 'others'], next: 'password' };
}

async function authenticatorEffect(
  { authenticators }: PlanNeeds,
  accountId: AccountId,
  { data }: RecordedEvent,
): Promise<Effect> {
  const methods = await authenticators.methodsOf(accountId);
  if (data?.kind === 'app') return methods.app ? 'authenticator' : 'authenticatorOver';
  const passkeys = await authenticators.listPasskeys(accountId);
  if (passkeys.some(({ id }) => id === data?.credential)) {
    return passkeys.length === 1 && !methods.password ? 'authenticatorLast' : 'authenticator';
  }
  const keys = await authenticators.listKeys(accountId);
  return keys.some(({ id }) => id === data?.credential) ? 'authenticator' : 'authenticatorOver';
}

async function planAddress(needs: PlanNeeds, owner: Owner, { data }: RecordedEvent): Promise<Part> {
  const there = (await needs.addresses.list(owner.accountId)).some(({ id }) => id === data?.id);
  return { effects: [there ? 'address' : 'addressOver', 'others'], next: 'password' };
}

async function planEmail({ addresses }: PlanNeeds, { accountId }: Owner, { data }: RecordedEvent): Promise<Part> {
  const id = text(data?.change);
  const change = id === undefined ? undefined : await addresses.findUndo({ accountId, id });
  if (change?.state !== 'possible') return somebodyElse('email');
  return { effects: ['email', 'others'], next: 'password' };
}

async function planRecovery(needs: PlanNeeds, owner: Owner): Promise<Part> {
  const pending = await needs.recovery.pending(owner.accountId);
  return { effects: [pending ? 'recovery' : 'recoveryOver', 'others'], next: 'password' };
}
