import type { CDPSession, Page as Tab } from 'playwright-core';

/** An authenticator in software, over the browser's own testing protocol. */
export type Keyring = {
  /** Whether the finger is on the sensor: without it, requests wait. Set it before a page with autofill is loaded. */
  present(isPresent: boolean): Promise<void>;
  /** Whether the finger is the right one. */
  verified(isVerified: boolean): Promise<void>;
  count(): Promise<number>;
  /** Takes it out, with all it holds. */
  lose(): Promise<void>;
  /** Takes it out, and puts all it holds on another kind of device. */
  become(kind: KeyringKind): Promise<Keyring>;
};

export type KeyringKind = keyof typeof kinds;

const kinds = {
  /** A platform authenticator, as a phone has it. */
  phone: { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  /** Keeps passkeys and does not look who uses them. */
  open: { transport: 'internal', hasResidentKey: true, hasUserVerification: false },
  /** To be plugged in and touched, and no more. */
  securityKey: { transport: 'usb', hasResidentKey: false, hasUserVerification: false },
} as const;

type Credential = Awaited<ReturnType<typeof readCredentials>>[number];
const readCredentials = async (session: CDPSession, authenticatorId: string) =>
  (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;

export async function giveKeyring(tab: Tab, kind: KeyringKind = 'phone', held: Credential[] = []): Promise<Keyring> {
  const session = await tab.context().newCDPSession(tab);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', automaticPresenceSimulation: true, ...kinds[kind] },
  });
  for (const credential of held) await session.send('WebAuthn.addCredential', { authenticatorId, credential });
  const contents = () => readCredentials(session, authenticatorId);
  const lose = async (): Promise<void> => {
    await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  };
  return {
    async present(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async verified(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    count: async () => (await contents()).length,
    lose,
    async become(other) {
      const moved = await contents();
      await lose();
      return giveKeyring(tab, other, moved);
    },
  };
}
