/**
 * What a browser's own list of passkeys should know (WebAuthn Level 3, §5.1.10): nothing to see, and best effort.
 * `current` is for the signed-in owner's eyes: every credential of theirs that still works, and what they are called.
 */
export function PasskeySignals(props: {
  current?: { rpId: string; userId: string; allAcceptedCredentialIds: string[]; name: string; displayName: string };
  /** A credential that was offered and that no account has. */
  unknown?: { rpId: string; credentialId: string };
}) {
  return <div hidden data-passkey-signals={JSON.stringify(props)} />;
}

/** Asks for options and posts what the browser made of them, if it makes passkeys by itself (WebAuthn §5.1.3). */
export function PasskeyUpgrade({ csrf }: { csrf: string }) {
  return (
    <form hidden method="post" action="/security/passkeys/upgrade" data-passkey-upgrade>
      <input type="hidden" name="csrf" value={csrf} />
      <input type="hidden" name="credential" value="" />
    </form>
  );
}
