import { type Methods, twoStep, usable } from '../authenticators/authenticators.ts';
import type { Acr } from '../engine/acr.ts';

/**
 * One authenticator used: a password, a code of an authenticator app, a passkey with user verification, a security key
 * without, a recovery code.
 */
export type Method = 'pwd' | 'otp' | 'passkey' | 'key' | 'recovery';

/** A second step beside a password, as pages name it. */
export type SecondStep = 'code' | 'key' | 'recovery';

/**
 * RFC 8176 values. A passkey may be synced, so `pop` and not `hwk`; it brings possession and user verification.
 * A recovery code is a password for one use, like those of an app.
 */
export function amrOf(methods: readonly Method[]): string[] {
  const used = (...any: Method[]): boolean => any.some((method) => methods.includes(method));
  const values = new Set<string>();
  if (used('pwd')) values.add('pwd');
  if (used('otp', 'recovery')) values.add('otp');
  if (used('passkey', 'key')) values.add('pop');
  if (used('passkey')) values.add('user');
  if (twoFactors(methods)) values.add('mfa');
  return [...values];
}

/** The strongest value that is true of what was used. E26: of two factors, only a key makes it one that resists phishing. */
export function acrOf(methods: readonly Method[]): Acr {
  if (!twoFactors(methods)) return 'aal1';
  return methods.includes('passkey') || methods.includes('key') ? 'phr' : 'aal2';
}

/** E27: a key alone is one factor, however good a key it is. */
function twoFactors(methods: readonly Method[]): boolean {
  const second: readonly Method[] = ['otp', 'key', 'recovery'];
  return methods.includes('passkey') || (methods.includes('pwd') && methods.some((method) => second.includes(method)));
}

/** The strongest an account can prove with what it has and has not reported lost. */
export function reachOf(has: Methods): Acr {
  const { password, passkeys, app, keys, recoveryCodes } = usable(has);
  if (passkeys > 0 || (password && keys > 0)) return 'phr';
  return password && (app || (twoStep(has) && recoveryCodes > 0)) ? 'aal2' : 'aal1';
}

/** What may follow the password, the usual one first. Recovery codes stand in for the others, never alone. */
export function secondStepsOf(has: Methods): SecondStep[] {
  if (!twoStep(has)) return [];
  const { app, keys, recoveryCodes } = usable(has);
  // E30: with all of it reported lost the step is asked for all the same; the pages lead to other ways.
  if (!app && keys === 0 && recoveryCodes === 0) return has.app ? ['code'] : ['key'];
  return [
    ...(app ? (['code'] as const) : []),
    ...(keys > 0 ? (['key'] as const) : []),
    ...(recoveryCodes > 0 ? (['recovery'] as const) : []),
  ];
}
