import type { SecurityEvent } from '../drivers/journal/journal.ts';

export type EventType = SecurityEvent['type'];

export const filters = ['all', 'signins', 'devices', 'changes', 'problems'] as const;
export type Filter = (typeof filters)[number];

/** What is drawn beside a row; a device's own drawing takes the place of `link`. */
export type Picture = 'in' | 'out' | 'link' | 'unlink' | 'key' | 'address' | 'account' | 'warning';

type Kind = { picture: Picture; shownIn: readonly Filter[] };

const signin = (picture: Picture): Kind => ({ picture, shownIn: ['signins'] });
const device = (picture: Picture): Kind => ({ picture, shownIn: ['devices'] });
const change = (picture: Picture): Kind => ({ picture, shownIn: ['changes'] });
const problem = (...also: Filter[]): Kind => ({ picture: 'warning', shownIn: ['problems', ...also] });

/** What people see of what the journal holds. The rest (codes drawn, proofs, retries) would only hide it. */
const kinds: Partial<Record<EventType, Kind>> = {
  account_created: change('account'),
  signed_in: signin('in'),
  signed_out: signin('out'),
  session_ended: signin('out'),
  sign_in_failed: problem('signins'),
  proof_failed: problem(),
  passkey_counter: problem(),
  approved: device('link'),
  declined: device('unlink'),
  reported: problem('devices'),
  replayed: problem('devices'),
  code_contested: problem('devices'),
  wrong_code: problem(),
  guess_limit_reached: problem(),
  unlinked: device('unlink'),
  link_undone: device('unlink'),
  renamed: device('link'),
  authenticator_added: change('key'),
  authenticator_removed: change('key'),
  password_changed: change('key'),
  recovery_codes_made: change('key'),
  recovery_code_used: { picture: 'key', shownIn: ['signins', 'changes'] },
  address_added: change('address'),
  address_removed: change('address'),
  email_changed: change('address'),
  recovery_begun: problem('changes'),
  recovery_cancelled: change('key'),
  recovered: change('key'),
  disowned: problem(),
  exported: change('account'),
  closing_begun: change('account'),
  closing_cancelled: change('account'),
};

export const shownTypes = Object.keys(kinds) as EventType[];

export function typesOf(filter: Filter): EventType[] {
  return filter === 'all' ? shownTypes : shownTypes.filter((type) => kinds[type]?.shownIn.includes(filter));
}

export const pictureOf = (type: EventType): Picture => kinds[type]?.picture ?? 'account';

/** What a failed try at signing in was a try at. */
export type Tried = 'password' | 'second' | 'passkey' | 'recovery';

export function triedBy(reason: unknown): Tried {
  const [, what = ''] = String(reason).split('.');
  if (/^passkey/.test(what)) return 'passkey';
  if (/^(recovery|saved)/.test(what)) return 'recovery';
  // F4: whoever comes so far knows the password.
  return /^(code|key|app|second)/.test(what) ? 'second' : 'password';
}
