/** Asks the browser for a passkey and sends it with the form. Standard: WebAuthn Level 3, §5.1.8–5.1.10 (JSON). */
type Json = Record<string, unknown>;
type JsonCredentials = {
  parseCreationOptionsFromJSON?: (options: Json) => PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON?: (options: Json) => PublicKeyCredentialRequestOptions;
  isConditionalMediationAvailable?: () => Promise<boolean>;
};

if (window.PublicKeyCredential) {
  for (const box of document.querySelectorAll<HTMLElement>('[data-passkey]')) start(box);
} else {
  for (const words of document.querySelectorAll<HTMLElement>('[data-passkey-missing]')) words.hidden = false;
}

function start(box: HTMLElement): void {
  const form = box.querySelector('form');
  const field = box.querySelector<HTMLInputElement>('[name=credential]');
  const failed = box.querySelector<HTMLElement>('.passkey-failed');
  if (!form || !field || !failed) return;
  const creating = box.dataset.passkey === 'create';
  const options = JSON.parse(box.dataset.options ?? '{}') as Json;
  let waiting: AbortController | undefined;

  const ask = async (mediation?: CredentialMediationRequirement): Promise<void> => {
    // The browser runs one request at a time: a pressed button takes over from the waiting autofill.
    waiting?.abort();
    const controller = new AbortController();
    waiting = controller;
    try {
      const { signal } = controller;
      const credential = creating
        ? await navigator.credentials.create({ publicKey: creationOptions(options), signal })
        : await navigator.credentials.get({
            publicKey: requestOptions(options),
            signal,
            ...(mediation && { mediation }),
          });
      field.value = JSON.stringify(toJson(credential as PublicKeyCredential));
      form.submit();
    } catch (error) {
      // Taken over, or never chosen from autofill: nothing to report.
      if (controller.signal.aborted || mediation) return;
      // WebAuthn §5.1.3: one of the credentials that were to be excluded is here.
      const isHere = creating && (error as Error).name === 'InvalidStateError';
      if (isHere) failed.textContent = String(failed.dataset.already);
      failed.hidden = false;
      // Put in again, for a status that was hidden is not read out.
      failed.append(...Array.from(failed.childNodes));
    }
  };

  box.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    failed.hidden = true;
    void ask();
  });
  if (box.dataset.autofill === undefined) return;
  void offerInAutofill(ask);
  // Whoever goes on by another form has chosen: no late answer of the autofill may send this one after it (G12).
  document.addEventListener('submit', (event) => {
    if (event.target !== form) waiting?.abort();
  });
}

async function offerInAutofill(ask: (mediation: CredentialMediationRequirement) => Promise<void>): Promise<void> {
  const { isConditionalMediationAvailable } = PublicKeyCredential as unknown as JsonCredentials;
  if (await isConditionalMediationAvailable?.call(PublicKeyCredential)) await ask('conditional');
}

function requestOptions(options: Json): PublicKeyCredentialRequestOptions {
  const parser = PublicKeyCredential as unknown as JsonCredentials;
  if (parser.parseRequestOptionsFromJSON) return parser.parseRequestOptionsFromJSON(options);
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
}

function creationOptions(options: Json): PublicKeyCredentialCreationOptions {
  const parser = PublicKeyCredential as unknown as JsonCredentials;
  if (parser.parseCreationOptionsFromJSON) return parser.parseCreationOptionsFromJSON(options);
  const user = options.user as Json;
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
}

function descriptors(list: unknown): Json[] {
  return ((list as Json[] | undefined) ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
}

function toJson(credential: PublicKeyCredential): unknown {
  if (typeof credential.toJSON === 'function') return credential.toJSON();
  const { response } = credential;
  const fields = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'] as const;
  const given = response as unknown as Record<string, ArrayBuffer | null | undefined>;
  const encoded: Json = {};
  for (const name of fields) if (given[name]) encoded[name] = text(given[name] as ArrayBuffer);
  const transports = (response as Partial<AuthenticatorAttestationResponse>).getTransports?.();
  if (transports) encoded.transports = transports;
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: encoded,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function bytes(value: unknown): Uint8Array {
  const binary = atob(String(value).replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

export {};
