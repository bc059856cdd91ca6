/** Lets the browser make a passkey by itself after a password was typed (WebAuthn Level 3, §5.1.3, conditional create). */
type Capable = {
  getClientCapabilities?: () => Promise<Record<string, boolean>>;
  parseCreationOptionsFromJSON?: (options: object) => PublicKeyCredentialCreationOptions;
};

const form = document.querySelector<HTMLFormElement>('form[data-passkey-upgrade]');
if (form && window.PublicKeyCredential) void upgrade(form);

async function upgrade(form: HTMLFormElement): Promise<void> {
  const browser = window.PublicKeyCredential as unknown as Capable;
  try {
    const capabilities = await browser.getClientCapabilities?.();
    if (!capabilities?.conditionalCreate || !browser.parseCreationOptionsFromJSON) return;
    const answer = await post(form);
    if (answer.status !== 200) return;
    const publicKey = browser.parseCreationOptionsFromJSON(await answer.json());
    const options = { publicKey, mediation: 'conditional' } as CredentialCreationOptions;
    const credential = (await navigator.credentials.create(options)) as PublicKeyCredential | null;
    if (!credential) return;
    const field = form.querySelector<HTMLInputElement>('[name=credential]');
    if (field) field.value = JSON.stringify(credential.toJSON());
    await post(form);
  } catch {
    // The browser would rather not: nobody asked for it, so nobody hears of it.
  }
}

function post(form: HTMLFormElement): Promise<Response> {
  const fields = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  return fetch(form.action, { method: 'POST', body: fields, redirect: 'error' });
}

export {};
