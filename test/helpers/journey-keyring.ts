import type { Page as Tab } from 'playwright-core';

/** A platform authenticator, as a phone has it, over the browser's own testing protocol. */
export type Keyring = {
  /** Whether the finger is on the sensor: without it, requests wait. Set it before a page with autofill is loaded. */
  present(isPresent: boolean): Promise<void>;
  count(): Promise<number>;
};

export async function giveKeyring(tab: Tab): Promise<Keyring> {
  const session = await tab.context().newCDPSession(tab);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async present(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async count() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.length;
    },
  };
}
