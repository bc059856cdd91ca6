/** Tells the browser which passkeys still work (WebAuthn Level 3, §5.1.10), so that it stops offering the others. */
type Signals = {
  current?: { rpId: string; userId: string; allAcceptedCredentialIds: string[]; name: string; displayName: string };
  unknown?: { rpId: string; credentialId: string };
};
type Signalling = {
  signalAllAcceptedCredentials?: (options: object) => Promise<void>;
  signalCurrentUserDetails?: (options: object) => Promise<void>;
  signalUnknownCredential?: (options: object) => Promise<void>;
};

const box = document.querySelector<HTMLElement>('[data-passkey-signals]');
if (box && window.PublicKeyCredential) void signal(JSON.parse(box.dataset.passkeySignals ?? '{}') as Signals);

async function signal({ current, unknown }: Signals): Promise<void> {
  const browser = window.PublicKeyCredential as unknown as Signalling;
  try {
    if (unknown) await browser.signalUnknownCredential?.(unknown);
    if (!current) return;
    const { rpId, userId, allAcceptedCredentialIds, name, displayName } = current;
    await browser.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
    await browser.signalCurrentUserDetails?.({ rpId, userId, name, displayName });
  } catch {
    // Best effort: what the browser shows is its own business.
  }
}

export {};
