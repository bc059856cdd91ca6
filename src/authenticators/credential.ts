/** The largest credential a browser could mean: ids of 1023 bytes, RSA keys, no attestation. */
const largest = 16_384;

type CredentialJson = {
  id: string;
  rawId: string;
  type: 'public-key';
  response: { clientDataJSON: string } & Record<string, unknown>;
};

/** What a browser's `toJSON()` of a public-key credential must look like before anything is believed of it. */
export function readCredential(text: string): CredentialJson | undefined {
  if (text.length > largest) return undefined;
  const value = parse(text) as Partial<CredentialJson> | undefined;
  if (typeof value?.id !== 'string' || typeof value.rawId !== 'string' || value.type !== 'public-key') return undefined;
  // WebAuthn §7.1 step 25: ids are at most 1023 bytes.
  if (Buffer.from(value.id, 'base64url').length > 1023) return undefined;
  const { response } = value;
  if (typeof response !== 'object' || response === null || typeof response.clientDataJSON !== 'string')
    return undefined;
  const { transports, userHandle } = response;
  if (transports !== undefined && !(Array.isArray(transports) && transports.every(isShortText))) return undefined;
  if (userHandle !== undefined && userHandle !== null && typeof userHandle !== 'string') return undefined;
  return value as CredentialJson;
}

type Response = { response: { clientDataJSON: string } };

/** G19: no page of ours lives in a frame; the library looks only where the browser also names the top origin. */
export function isFramed({ response }: Response): boolean {
  const client = parse(Buffer.from(response.clientDataJSON, 'base64url').toString('utf8'));
  return client === undefined || client.crossOrigin === true || client.topOrigin !== undefined;
}

/** Whether a creation vouches for itself only: no certificate to believe, or to look up. */
export async function isSelfAttested({ response }: { response: { attestationObject: string } }): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    const bytes = new Uint8Array(Buffer.from(response.attestationObject, 'base64url'));
    const attestation = decodeAttestationObject(bytes);
    const format = attestation.get('fmt');
    return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined);
  } catch {
    return false;
  }
}

const isShortText = (value: unknown): boolean => typeof value === 'string' && value.length <= 32;

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
