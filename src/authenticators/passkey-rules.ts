import type { PasskeyRow } from './authenticators-store.ts';

/** A challenge made for one purpose is good for no other (G1). */
export type CreationPurpose = 'sign-up' | 'add' | 'add-key' | 'upgrade' | 'recover';
export type RequestPurpose = 'sign-in' | 'prove' | 'second-step' | 'confirm' | 'recover';

/**
 * A security key that has no finger or PIN is good as a second step (E27); discoverable it need not be. An upgrade
 * happens by itself after a password (WebAuthn §5.1.3, conditional create), with nobody there to touch anything (G13).
 */
export const creationRules = {
  'sign-up': { residentKey: 'required', userVerification: 'required' },
  add: { residentKey: 'required', userVerification: 'required' },
  'add-key': { residentKey: 'discouraged', userVerification: 'discouraged', authenticatorAttachment: 'cross-platform' },
  upgrade: { residentKey: 'required', userVerification: 'preferred' },
  recover: { residentKey: 'required', userVerification: 'required' },
} as const;

export const creationHints: Record<CreationPurpose, string[]> = {
  'sign-up': ['client-device', 'hybrid'],
  add: ['client-device', 'hybrid', 'security-key'],
  'add-key': ['security-key'],
  upgrade: [],
  recover: [],
};

/** What may answer, and whether it must verify its user. */
export const requestRules: Record<
  RequestPurpose,
  { userVerification: 'required' | 'discouraged'; counts(row: PasskeyRow): boolean }
> = {
  'sign-in': { userVerification: 'required', counts: (row) => !row.second_step_only },
  prove: { userVerification: 'required', counts: isWayIn },
  'second-step': { userVerification: 'discouraged', counts: () => true },
  confirm: { userVerification: 'required', counts: (row) => !row.second_step_only },
  // Beside another proof: that it is still in their hands is all that is asked (E17).
  recover: { userVerification: 'discouraged', counts: () => true },
};

/** E30: reported lost, it answers nothing until its owner resumes it. */
export function isLost(row: PasskeyRow): boolean {
  return row.suspended_at !== null;
}

/** Two factors in one: made or confirmed with user verification. */
export function isWayIn(row: PasskeyRow): boolean {
  return row.second_step_only === 0 && row.uv_initialized === 1;
}

/** What tests loosen to see that it was the policy that refused. */
export type PasskeyPolicy = {
  /** COSE algorithms, in order of preference. */
  algorithms: number[];
  /** The origin of a page that may hold ours in a frame; undefined for none (G19). */
  topOrigin: string | undefined;
  /**
   * `self`: none, or by the credential's own key, which is all a browser passes on when no attestation was asked for
   * (WebAuthn §5.1.3). Certificates are strangers' data, and checking their revocation would fetch addresses they name.
   */
  attestation: 'self' | 'any';
};

/** EdDSA, ES256, RS256: what authenticators have. */
export const passkeyPolicy: PasskeyPolicy = { algorithms: [-8, -7, -257], topOrigin: undefined, attestation: 'self' };
