import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * What each derived key is for. One key never serves two purposes, so that a value made for one cannot be
 * presented for another.
 */
export type Purpose =
  | 'address-code'
  | 'address-link'
  | 'artifact'
  | 'browser'
  | 'client-secret'
  | 'csrf'
  | 'device-code'
  | 'email-undo'
  | 'flow'
  | 'mail-code'
  | 'mail-link'
  | 'network'
  | 'password'
  | 'recovery'
  | 'recovery-code'
  | 'saved-code'
  | 'session'
  | 'signing-key'
  | 'totp'
  | 'undo'
  | 'user-code';

/** Keyed hashes and authenticated encryption, all derived from one master secret that never reaches the database. */
export type Secrets = {
  /** HMAC-SHA-256, base64url: how every bearer value is stored and looked up. */
  hash(purpose: Purpose, value: string): string;
  /** AES-256-GCM; `context` must be the same when opening, so that a sealed value cannot be moved to another row. */
  seal(purpose: Purpose, plaintext: string, context?: string): string;
  /** The plaintext, or undefined if it was altered, moved or made with another key. */
  open(purpose: Purpose, sealed: string, context?: string): string | undefined;
};

const version = '1';

export function createSecrets(master: Buffer): Secrets {
  if (master.length < 32) throw new TypeError('The master secret must be at least 32 bytes.');
  const keys = new Map<Purpose, Buffer>();
  const keyFor = (purpose: Purpose): Buffer => {
    let key = keys.get(purpose);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', master, 'latchkey', purpose, 32));
      keys.set(purpose, key);
    }
    return key;
  };

  const pads = new Map<Purpose, Pads>();
  const padsFor = (purpose: Purpose): Pads => {
    let known = pads.get(purpose);
    if (!known) {
      known = padsOf(keyFor(purpose));
      pads.set(purpose, known);
    }
    return known;
  };

  return {
    hash: (purpose, value) => hmac(padsFor(purpose), value),

    seal(purpose, plaintext, context = '') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keyFor(purpose), nonce);
      cipher.setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${sealed.toString('base64url')}`;
    },

    open(purpose, sealed, context = '') {
      if (!sealed.startsWith(`${version}.`)) return undefined;
      const bytes = Buffer.from(sealed.slice(version.length + 1), 'base64url');
      if (bytes.length < 28) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', keyFor(purpose), bytes.subarray(0, 12));
        decipher.setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(-16));
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

/** Each begins with a block of the key; after it there is room for what is hashed. */
type Pads = { inner: Buffer; outer: Buffer };

const block = 64;
const digestLength = 32;
/** Longer values are hashed too, in a buffer of their own. */
const roomFor = 512;

/** FIPS 198-1: the key, padded to a block of SHA-256 and masked. */
function padsOf(key: Buffer): Pads {
  const masked = (mask: number, room: number): Buffer => {
    const pad = Buffer.alloc(block + room, mask);
    for (const [i, byte] of key.entries()) pad[i] = byte ^ mask;
    return pad;
  };
  return { inner: masked(0x36, roomFor), outer: masked(0x5c, digestLength) };
}

/** HMAC-SHA-256 out of two one-shot hashes, at a third of what a `Hmac` object costs: every poll pays for one. */
function hmac({ inner, outer }: Pads, value: string): string {
  // A character of JavaScript is at most three bytes.
  const long = value.length * 3 > roomFor;
  const message = long
    ? Buffer.concat([inner.subarray(0, block), Buffer.from(value)])
    : inner.subarray(0, block + inner.write(value, block));
  hash('sha256', message, 'buffer').copy(outer, block);
  return hash('sha256', outer, 'base64url');
}

/** Compares two strings without telling, by its time, where they differ. */
export function sameString(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
