import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { type Clock, minutes } from '../clock.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { AuthenticatorsStore, PasskeyRow } from './authenticators-store.ts';
import { isFramed, isSelfAttested, readCredential } from './credential.ts';
import { cleanName, passkeyName } from './passkey-name.ts';
import { type PasskeyRefusal, refusalOf } from './passkey-refusals.ts';
import {
  type CreationPurpose,
  creationHints,
  creationRules,
  isLost,
  type PasskeyPolicy,
  passkeyPolicy,
  type RequestPurpose,
  requestRules,
} from './passkey-rules.ts';

/** Two hundred files, loaded for the first passkey and not before the first code is issued. */
const webauthn = () => import('@simplewebauthn/server');

/** Verified, not yet stored. */
export type NewPasskey = Omit<PasskeyRow, 'account_id' | 'created_at' | 'last_used_at' | 'suspended_at'>;

/**
 * A good signature. `passkey` is possession and user verification, two factors; `key` is possession alone, to be taken
 * with another factor only (E27).
 */
export type ProvenPasskey = {
  accountId: AccountId;
  credentialId: string;
  method: 'passkey' | 'key';
  /** G5: a copy of the key is possible, and so is a restored device: ask for another factor where there is one. */
  counterWentBack: boolean;
};

export type Passkeys = {
  /** Options for `navigator.credentials.create`, good for 5 minutes and one use in this browser. */
  creationOptions(ask: {
    purpose: CreationPurpose;
    browserId: string;
    email: string;
    userId: string;
    accountId?: AccountId;
  }): Promise<object>;
  /** Checks what `create` gave (WebAuthn §7.1); `userId` is the one the options were made for. */
  verifyCreation(answer: {
    purpose: CreationPurpose;
    browserId: string;
    credential: string;
    userAgent?: string | undefined;
    /** What the person calls it, where they were asked. */
    name?: string;
  }): Promise<{ passkey: NewPasskey; userId: string } | undefined>;
  /** Rejects with a duplicate error of the database if any account has that credential (G3). */
  save(accountId: AccountId, passkey: NewPasskey, transaction: DatabaseTransaction, at?: number): Promise<void>;
  /**
   * Options for `navigator.credentials.get`: any passkey to sign in (G12), the account's passkeys to prove, its passkeys
   * and security keys as a second step.
   */
  requestOptions(ask: { purpose: RequestPurpose; browserId: string; accountId?: AccountId }): Promise<object>;
  /**
   * Checks what `get` gave (WebAuthn §7.2); with `accountId`, only that account's credentials count. A proof is always
   * by `passkey`; signing in may be by `key`, with a passkey whose user verification nothing vouches for yet (G6).
   */
  verifyRequest(answer: {
    purpose: RequestPurpose;
    browserId: string;
    credential: string;
    accountId?: AccountId;
    /** Hears why, where the answer is not taken. */
    refused?: (why: PasskeyRefusal) => void;
  }): Promise<ProvenPasskey | undefined>;
  /** For the browser's list of an account's passkeys (WebAuthn §5.1.10): only to be shown to its owner (G14). */
  signals(accountId: AccountId): Promise<PasskeySignals | undefined>;
  /** What to tell the browser about a credential that no account has any more, or undefined if one has. */
  unknownCredential(credential: string): Promise<{ rpId: string; credentialId: string } | undefined>;
};

/** As the signal methods of `PublicKeyCredential` take it; always complete, or a browser would hide good passkeys. */
export type PasskeySignals = { rpId: string; userId: string; allAcceptedCredentialIds: string[] };

const challengeTime = minutes(5);

export function createPasskeys(needs: {
  store: AuthenticatorsStore;
  ephemeral: Ephemeral;
  clock: Clock;
  random: Random;
  journal: Journal;
  issuer: string;
  /** The RP ID, if it is not the issuer's own name. */
  passkeyDomain?: string | undefined;
  /** The installation's. */
  name?: string;
  /** The user handle an account's passkeys were made with. */
  userIdOf: (accountId: AccountId) => Promise<string | undefined>;
  policy?: PasskeyPolicy;
}): Passkeys {
  const { store, ephemeral, clock, random, journal, issuer, policy = passkeyPolicy } = needs;
  const rpID = needs.passkeyDomain ?? new URL(issuer).hostname;

  type Asked = { purpose: CreationPurpose | RequestPurpose; browserId: string };
  const key = ({ purpose, browserId }: Asked, challenge: string): string =>
    `passkey-challenge:${purpose}:${browserId}:${challenge}`;
  const newChallenge = async (asked: Asked, note: string) => {
    const challenge = random.token(32);
    await ephemeral.set(key(asked, challenge), note, challengeTime);
    return new Uint8Array(Buffer.from(challenge, 'base64url'));
  };

  return {
    async creationOptions({ email, userId, accountId, ...asked }) {
      const existing = accountId ? await store.passkeysOf(accountId) : [];
      const { generateRegistrationOptions } = await webauthn();
      const options = await generateRegistrationOptions({
        rpName: needs.name ?? 'Latchkey',
        rpID,
        userName: email,
        userDisplayName: email,
        userID: new Uint8Array(Buffer.from(userId, 'base64url')),
        challenge: await newChallenge(asked, userId),
        timeout: challengeTime,
        attestationType: 'none',
        excludeCredentials: existing.map(descriptor),
        authenticatorSelection: creationRules[asked.purpose],
        supportedAlgorithmIDs: policy.algorithms,
      });
      // Which dialog the browser opens first; unsigned, and never a policy (G15).
      return { ...options, hints: creationHints[asked.purpose] };
    },

    async verifyCreation({ credential, userAgent, name = '', ...asked }) {
      const response = readCredential(credential) as RegistrationResponseJSON | undefined;
      if (!response || (!policy.topOrigin && isFramed(response))) return undefined;
      if (policy.attestation === 'self' && !(await isSelfAttested(response))) return undefined;
      let userId: string | undefined;
      const expectedChallenge = async (challenge: string): Promise<boolean> => {
        userId = await ephemeral.take(key(asked, challenge));
        return userId !== undefined;
      };
      const { verifyRegistrationResponse } = await webauthn();
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response,
        expectedChallenge,
        expectedOrigin: issuer,
        expectedRPID: rpID,
        requireUserPresence: asked.purpose !== 'upgrade',
        requireUserVerification: creationRules[asked.purpose].userVerification === 'required',
        supportedAlgorithmIDs: policy.algorithms,
      }).catch(refused);
      if (verified !== true || !registrationInfo || userId === undefined) return undefined;
      const { credential: made, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo;
      const passkey = {
        credential_id: made.id,
        public_key: Buffer.from(made.publicKey).toString('base64url'),
        counter: made.counter,
        transports: JSON.stringify((response.response.transports ?? []).slice(0, 8)),
        backup_eligible: Number(credentialDeviceType === 'multiDevice'),
        synced: Number(credentialBackedUp),
        name: cleanName(name) || passkeyName(aaguid, userAgent),
        second_step_only: Number(asked.purpose === 'add-key'),
        uv_initialized: Number(asked.purpose !== 'add-key' && registrationInfo.userVerified),
      };
      return { passkey, userId };
    },

    async save(accountId, passkey, transaction, at = clock.now()) {
      const row = {
        ...passkey,
        account_id: accountId,
        created_at: at,
        last_used_at: null,
        suspended_at: null,
      };
      await store.insertPasskey(row, transaction);
    },

    async requestOptions({ accountId, ...asked }) {
      const rule = requestRules[asked.purpose];
      const allowed = accountId
        ? (await store.passkeysOf(accountId)).filter((row) => !isLost(row) && rule.counts(row))
        : [];
      const { generateAuthenticationOptions } = await webauthn();
      return generateAuthenticationOptions({
        rpID,
        challenge: await newChallenge(asked, 'asked'),
        timeout: challengeTime,
        userVerification: rule.userVerification,
        allowCredentials: allowed.map(descriptor),
      });
    },

    async verifyRequest({ credential, accountId, refused: tell, ...asked }) {
      const no = (why: PasskeyRefusal): undefined => {
        tell?.(why);
      };
      const response = readCredential(credential) as AuthenticationResponseJSON | undefined;
      if (!response) return no('unreadable');
      if (!policy.topOrigin && isFramed(response)) return no('framed');
      const passkey = await store.findPasskey(response.id);
      // The challenge is spent either way, so that an unknown credential tells nothing and can be tried once.
      const expectedChallenge = async (challenge: string): Promise<boolean> =>
        (await ephemeral.take(key(asked, challenge))) !== undefined;
      const { verifyAuthenticationResponse } = await webauthn();
      let failed: PasskeyRefusal | undefined;
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response,
        ...(policy.topOrigin && { expectedTopOrigin: policy.topOrigin }),
        expectedChallenge,
        expectedOrigin: issuer,
        expectedRPID: rpID,
        requireUserVerification: requestRules[asked.purpose].userVerification === 'required',
        credential: {
          id: response.id,
          publicKey: new Uint8Array(Buffer.from(passkey?.public_key ?? '', 'base64url')),
          // The library would refuse a lower counter before it checks the signature; ours is compared after (G5).
          counter: 0,
        },
      }).catch((error: unknown) => {
        failed = refusalOf(error);
        return refused();
      });
      // Without a key to check with, the library stumbles over that; what it said of the rest holds.
      if (failed && (passkey || failed !== 'unreadable')) return no(failed);
      if (!passkey) return no('unknown');
      // A wrong signature is no error to the library: it still describes what was signed.
      if (verified !== true || !authenticationInfo) return no('signature');
      if (accountId && passkey.account_id !== accountId) return no('other_account');
      if (isLost(passkey)) return no('lost');
      if (!requestRules[asked.purpose].counts(passkey)) return no('not_for_this');
      // G4: the user handle must be the owner's; without a list of allowed credentials it must be there.
      const { userHandle } = response.response;
      if (userHandle ? userHandle !== (await needs.userIdOf(passkey.account_id)) : !accountId) return no('user_handle');
      if (passkey.backup_eligible !== Number(authenticationInfo.credentialDeviceType === 'multiDevice'))
        return no('backup');
      const verifiedUser = authenticationInfo.userVerified && passkey.uv_initialized === 1;
      return {
        accountId: passkey.account_id,
        credentialId: passkey.credential_id,
        method: verifiedUser ? 'passkey' : 'key',
        counterWentBack: await remember(passkey, authenticationInfo.newCounter, authenticationInfo.credentialBackedUp),
      };
    },

    async signals(accountId) {
      const userId = await needs.userIdOf(accountId);
      const all = await store.passkeysOf(accountId);
      return userId ? { rpId: rpID, userId, allAcceptedCredentialIds: all.map((row) => row.credential_id) } : undefined;
    },

    async unknownCredential(credential) {
      const credentialId = readCredential(credential)?.id;
      if (!credentialId || (await store.findPasskey(credentialId))) return undefined;
      return { rpId: rpID, credentialId };
    },
  };

  /** True if the counter went back: a sign to look at, not a lock (G5). */
  async function remember(passkey: PasskeyRow, counter: number, synced: boolean): Promise<boolean> {
    const wentBack = (counter > 0 || passkey.counter > 0) && counter <= passkey.counter;
    if (wentBack) {
      const data = { passkey: passkey.name, counter, before: passkey.counter };
      await journal.append({ type: 'passkey_counter', accountId: passkey.account_id, data });
    }
    await store.passkeyUsed(passkey.credential_id, { counter, synced: Number(synced), last_used_at: clock.now() });
    return wentBack;
  }
}

function descriptor(row: PasskeyRow): { id: string; transports: string[] } {
  return { id: row.credential_id, transports: JSON.parse(row.transports) };
}

/** The library throws for every step that fails; the person gets one answer for all. */
function refused(): { verified: false; registrationInfo?: undefined; authenticationInfo?: undefined } {
  return { verified: false };
}
