import type { Methods } from '../authenticators/authenticators.ts';

/** What there is to judge an account by. */
export type Standing = {
  methods: Methods;
  /** Passkeys that a provider keeps, and so survive the loss of the device. */
  syncedPasskeys: number;
  savedCode: boolean;
  /** Confirmed addresses and numbers besides the account's own address. */
  alternates: number;
  /** Whether there can be passkeys here at all: nobody is advised to make what no browser makes. */
  passkeysHere: boolean;
};

/**
 * weak: one secret that can be guessed, stolen or phished lets anybody in.
 * fair: signing in is safe, losing one thing is not.
 * good: safe, and there is a way back.
 * best: cannot be phished, and there are ways back of two kinds.
 */
export type Level = 'weak' | 'fair' | 'good' | 'best';

/** Things to do, each the name of a message and of a place to do it. */
export type Advice =
  | 'addPasskey'
  | 'addSecondStep'
  | 'makeCodes'
  | 'moreCodes'
  | 'addAddress'
  | 'saveCode'
  | 'secondPasskey';

export const placeOf: Record<Advice, string> = {
  addPasskey: '/security/passkeys/new',
  addSecondStep: '/security/app',
  makeCodes: '/security/recovery-codes',
  moreCodes: '/security/recovery-codes',
  addAddress: '/security/addresses/email/new',
  saveCode: '/security/saved-code',
  secondPasskey: '/security/passkeys/new',
};

const fewCodes = 2;

/** How well an account is protected against others, and its owner against being locked out; the most useful advice first. */
export function protectionOf(standing: Standing): { level: Level; advice: Advice[] } {
  const { methods, syncedPasskeys, savedCode, alternates, passkeysHere } = standing;
  const twoSteps = methods.app || methods.keys > 0;
  // NIST SP 800-63B-4 §2.2.2 (E26): one-time codes never count as resistant to phishing.
  const safe = !methods.password || twoSteps;
  const unphishable = methods.passkeys > 0;
  const anotherKey = methods.passkeys + methods.keys > 1 || syncedPasskeys > 0;
  const codes = savedCode || methods.recoveryCodes > 0;
  const waysBack = [anotherKey, codes, alternates > 0].filter(Boolean).length;

  const advice: Advice[] = [];
  if (passkeysHere && !unphishable) advice.push('addPasskey');
  if (!safe) advice.push('addSecondStep');
  if (methods.password && twoSteps && methods.recoveryCodes === 0) advice.push('makeCodes');
  if (methods.password && twoSteps && methods.recoveryCodes > 0 && methods.recoveryCodes <= fewCodes)
    advice.push('moreCodes');
  if (alternates === 0) advice.push('addAddress');
  if (!savedCode) advice.push('saveCode');
  if (passkeysHere && unphishable && !anotherKey) advice.push('secondPasskey');

  if (!safe && !unphishable) return { level: 'weak', advice };
  if (!safe || waysBack === 0) return { level: 'fair', advice };
  return { level: unphishable && waysBack >= 2 ? 'best' : 'good', advice };
}
