import { type Methods, twoStep, usable } from '../authenticators/authenticators.ts';

/**
 * What a proof is worth (NIST SP 800-63B-4 §4.2.2; security.md E17). Two proofs of one kind are one proof: an e-mail and a
 * text message are both codes that we issued to an address.
 */
export const kinds = ['issued', 'saved', 'bound', 'operator'] as const;
export type Kind = (typeof kinds)[number];

/** How a proof is given. A passkey is missing: whoever has one signs in with it. */
export const ways = ['email', 'text', 'app', 'key', 'paper', 'saved', 'operator'] as const;
export type Way = (typeof ways)[number];

export const kindOf: Readonly<Record<Way, Kind>> = {
  email: 'issued',
  text: 'issued',
  saved: 'saved',
  operator: 'operator',
  app: 'bound',
  paper: 'bound',
  key: 'bound',
};

/**
 * Offered to everybody who types any address, and so the same for everybody (F5). What is still bound comes after a first
 * proof: a stranger who could try codes of an app here would switch it off by failing (E10).
 */
export const firstWays = ['email', 'text', 'saved', 'operator'] as const;

/** Of what an account has, what it had seven days before the attempt began: the rest proves nothing here. */
export type Held = {
  password: boolean;
  passkeys: number;
  app: boolean;
  keys: number;
  recoveryCodes: number;
  off?: NonNullable<Methods['off']>;
  savedCode: boolean;
  phones: number;
  /**
   * It asks for two kinds for another reason than what it has had for a while: it asked for them seven days ago, it would
   * ask for them with what is younger, or a stranger who got in may have taken off what was the reason (fault A2).
   */
  guarded: boolean;
};

export type Proven = Readonly<Partial<Record<Kind, number>>>;

/**
 * Whether one proof would weaken the account: it asks for two steps, or for a passkey, which is both at once. An account
 * whose password alone signs in is not made weaker by a code to its address.
 */
export function isStrong(held: Pick<Held, 'password' | 'passkeys' | 'app' | 'keys'>): boolean {
  return held.password ? twoStep(held) : held.passkeys > 0;
}

/** How many kinds are still missing: 0 to 2. */
export function kindsMissing(held: Held, proven: Proven): number {
  const given = kinds.filter((kind) => proven[kind] !== undefined);
  const needed = isStrong(held) || held.guarded ? 2 : 1;
  // An authenticator that is still there is no recovery by itself (E17), and nothing a first proof can begin with.
  if (given.every((kind) => kind === 'bound')) return needed === 2 ? 2 - given.length : 1;
  return Math.max(0, needed - given.length);
}

/** What can still bring another kind. Shown only after a first proof, which shows that the account may be spoken of. */
export function furtherWays(held: Held, proven: Proven): Way[] {
  const here = usable(held);
  const has: Record<Way, boolean> = {
    email: true,
    text: held.phones > 0,
    saved: held.savedCode,
    operator: true,
    app: here.app,
    paper: held.recoveryCodes > 0,
    // E30: what was reported lost is in the hands of whoever has it.
    key: here.keys + here.passkeys > 0,
  };
  return ways.filter((way) => has[way] && proven[kindOf[way]] === undefined);
}
