import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** What a test may bend to see it refused. `flags` replaces the authenticator data's flags byte. */
export type Bent = {
  type?: string;
  challenge?: string;
  origin?: string;
  crossOrigin?: boolean;
  topOrigin?: string;
  rpId?: string;
  flags?: number;
  counter?: number;
  alg?: number;
  /** `packed` is signed by the passkey's own key, and has a `certificate` if one is given. */
  format?: string;
  certificate?: Buffer;
  userHandle?: string | null;
  spoilSignature?: boolean;
  credentialId?: string;
};

type CreationOptions = { challenge: string; user: { id: string }; rp: { id?: string } };
type RequestOptions = { challenge: string; rpId?: string };

export const flag = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };

/**
 * A passkey in software: real ES256 keys, attestations and assertions, for tests without a browser.
 * `create` and `get` take the options a page carries and give the JSON that a browser would post as `credential`.
 */
export function createSoftwareAuthenticator(settings: {
  origin: string;
  synced?: boolean;
  /** A key that is touched, knows no user and keeps no account. */
  securityKey?: boolean;
}) {
  const { origin, securityKey = false, synced = !securityKey } = settings;
  const backup = synced ? flag.backupEligible | flag.backedUp : 0;
  const usual = flag.userPresent | (securityKey ? 0 : flag.userVerified) | backup;
  let keys: { id: string; privateKey: KeyObject; publicKey: KeyObject; userHandle: string } | undefined;
  let counter = 0;

  const clientData = (type: string, challenge: string, bent: Bent): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: bent.type ?? type,
        challenge: bent.challenge ?? challenge,
        origin: bent.origin ?? origin,
        crossOrigin: bent.crossOrigin ?? false,
        ...(bent.topOrigin ? { topOrigin: bent.topOrigin } : {}),
      }),
    );

  const authenticatorData = (rpId: string, flags: number, bent: Bent): Buffer => {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(bent.counter ?? counter);
    return Buffer.concat([sha256(bent.rpId ?? rpId), Buffer.from([bent.flags ?? flags]), count]);
  };

  const signed = (key: KeyObject, authData: Buffer, client: Buffer, { spoilSignature }: Bent): Buffer => {
    const signature = createSign('sha256').update(authData).update(sha256(client)).sign(key);
    if (spoilSignature) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    return signature;
  };

  return {
    get credentialId(): string | undefined {
      return keys?.id;
    },

    create(options: unknown, bent: Bent = {}): string {
      const { challenge, user, rp } = options as CreationOptions;
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const id = bent.credentialId ?? randomBytes(32).toString('base64url');
      keys = { id, ...pair, userHandle: user.id };
      const credentialId = Buffer.from(id, 'base64url');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credentialId.length);
      const authData = Buffer.concat([
        authenticatorData(rp.id ?? new URL(origin).hostname, usual | flag.attested, bent),
        Buffer.alloc(16),
        length,
        credentialId,
        coseKey(pair.publicKey, bent.alg ?? -7),
      ]);
      const client = clientData('webauthn.create', challenge, bent);
      const signature = signed(pair.privateKey, authData, client, bent);
      const selfSigned: [string, Buffer][] = [
        ['alg', cborInteger(-7)],
        ['sig', cborBytes(signature)],
      ];
      if (bent.certificate) selfSigned.push(['x5c', cborArray([cborBytes(bent.certificate)])]);
      const attestation = cborMap([
        ['fmt', cborText(bent.format ?? 'none')],
        ['attStmt', cborMap(bent.format === 'packed' ? selfSigned : [])],
        ['authData', cborBytes(authData)],
      ]);
      return JSON.stringify({
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          attestationObject: attestation.toString('base64url'),
          transports: securityKey ? ['usb', 'nfc'] : ['internal', 'hybrid'],
        },
      });
    },

    get(options: unknown, bent: Bent = {}): string {
      if (!keys) throw new Error('This authenticator has no passkey yet.');
      const { challenge, rpId } = options as RequestOptions;
      if (!synced) counter += 1;
      const client = clientData('webauthn.get', challenge, bent);
      const authData = authenticatorData(rpId ?? new URL(origin).hostname, usual, bent);
      const signature = signed(keys.privateKey, authData, client, bent);
      const id = bent.credentialId ?? keys.id;
      const userHandle = bent.userHandle === undefined ? (securityKey ? null : keys.userHandle) : bent.userHandle;
      return JSON.stringify({
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: authData.toString('base64url'),
          signature: signature.toString('base64url'),
          ...(userHandle === null ? {} : { userHandle }),
        },
      });
    },
  };
}

const sha256 = (value: string | Buffer): Buffer => createHash('sha256').update(value).digest();

/** RFC 9052 §7: an EC2 key on P-256. */
function coseKey(publicKey: KeyObject, alg: number): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return cborMap([
    [1, cborInteger(2)],
    [3, cborInteger(alg)],
    [-1, cborInteger(1)],
    [-2, cborBytes(Buffer.from(x, 'base64url'))],
    [-3, cborBytes(Buffer.from(y, 'base64url'))],
  ]);
}

/** The few shapes of RFC 8949 that an attestation needs. */
function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

const cborInteger = (value: number): Buffer => (value >= 0 ? cborHead(0, value) : cborHead(1, -1 - value));
const cborBytes = (value: Buffer): Buffer => Buffer.concat([cborHead(2, value.length), value]);
const cborText = (value: string): Buffer => Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
const cborArray = (items: Buffer[]): Buffer => Buffer.concat([cborHead(4, items.length), ...items]);
const cborMap = (entries: [string | number, Buffer][]): Buffer =>
  Buffer.concat([
    cborHead(5, entries.length),
    ...entries.flatMap(([key, value]) => [typeof key === 'string' ? cborText(key) : cborInteger(key), value]),
  ]);
