import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** A string that the compiler will not let pass for another kind of id. */
type Branded<Brand extends string> = string & { readonly __brand: Brand };

export type AccountId = Branded<'account'>;
/** One alternate address of one account. */
export type AddressId = Branded<'address'>;
export type ClientId = Branded<'client'>;
export type DeviceId = Branded<'device'>;
export type GrantId = Branded<'grant'>;
/** One device authorization request, as pages name it in their URLs. Not a secret: every use checks who asks. */
export type LinkId = Branded<'link'>;
/** One browser session, the same through every renewal of its secret. Not a secret itself. */
export type SessionId = Branded<'session'>;

/** A new public id: 128 random bits, no meaning, no order. */
export function newId<Id extends string>(random: Random): Id {
  return random.token(16) as Id;
}

/** Milliseconds in letters that sort as the numbers do, until the year 5188. */
const letters = (now: number): string => now.toString(36).padStart(9, '0');

/**
 * A new public id that sorts behind those made before it, and tells when it was made: 128 random bits after the time.
 * What is made together lies together in an index, so that a commit of many writes changes few pages (decision 35).
 */
export function newOrderedId<Id extends string>({ random, clock }: { random: Random; clock: Clock }): Id {
  return `${letters(clock.now())}.${random.token(16)}` as Id;
}
