import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto';
import { AppError } from './errors.ts';

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
  | 'lookup-key'
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
  /** What sealed values begin with, before a dot, if they are sealed with the key of today. */
  readonly keyName: string;
  /** The names of all keys that are here, that of today first. */
  readonly keyNames: readonly string[];
  /** The name of the key that seals just now: that of today, as soon as all processes can open what it seals. */
  readonly sealsWith: string;
  /** What processes have agreed on: which key seals, and which keys there are elsewhere. */
  agree(on: { sealWith: string; elsewhere: readonly string[] }): void;
  /** HMAC-SHA-256, base64url: how every bearer value is stored and looked up. */
  hash(purpose: Purpose, value: string): string;
  /** AES-256-GCM; `context` must be the same when opening, so that a sealed value cannot be moved to another row. */
  seal(purpose: Purpose, plaintext: string, context?: string): string;
  /**
   * The plaintext of a value that we have stored, or undefined if it was altered or moved. What is sealed with a key that is
   * not here is not forged (fault E2): it may be opened by another process, or by this one once it has been given its
   * secret. So that is the error `unavailable`, which names the key, and nobody is signed out for it.
   */
  open(purpose: Purpose, sealed: string, context?: string): string | undefined;
  /** The same for a value that comes from outside, where anybody may write any name: `unavailable` only if there is such a key. */
  openGiven(purpose: Purpose, sealed: string, context?: string): string | undefined;
};

/** The name of the key that a database began with: what was sealed before keys had names carries it, too. */
const first = '1';

type Key = { name: string; root: Buffer };

/**
 * `previous` opens what it sealed; `master` seals. `lookupRoot` is the root of the key that the hashes of this database
 * were made with, where that is no longer the master's: hashes must stay the same for ever, for nobody can make them again
 * without the value (bearer values are random, so that the key is a second lock on them, not the first).
 */
export function createSecrets(
  master: Buffer,
  { previous = [], lookupRoot }: { previous?: readonly Buffer[]; lookupRoot?: Buffer | undefined } = {},
): Secrets {
  const hashRoot = lookupRoot ?? rootOf(master);
  const named = (secret: Buffer): Key => ({ name: nameOf(rootOf(secret), hashRoot), root: rootOf(secret) });
  const current = named(master);
  const ring = new Map([current, ...previous.map(named)].map((key) => [key.name, key]));
  let sealing = current;
  let elsewhere = new Set<string>();

  const keys = new Map<string, KeyObject>();
  const keyFor = (purpose: Purpose, { name, root }: Key): KeyObject => {
    const id = `${name} ${purpose}`;
    let key = keys.get(id);
    if (!key) {
      key = createSecretKey(expand(root, purpose));
      keys.set(id, key);
    }
    return key;
  };

  const pads = new Map<Purpose, Pads>();
  const padsFor = (purpose: Purpose): Pads => {
    let known = pads.get(purpose);
    if (!known) {
      known = padsOf(expand(hashRoot, purpose));
      pads.set(purpose, known);
    }
    return known;
  };

  const openWith = (key: Key, purpose: Purpose, sealed: string, context: string): string | undefined => {
    const bytes = Buffer.from(sealed.slice(sealed.indexOf('.') + 1), 'base64url');
    if (bytes.length < 28) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', keyFor(purpose, key), bytes.subarray(0, 12));
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  };

  return {
    keyName: current.name,
    keyNames: [...ring.keys()],
    get sealsWith() {
      return sealing.name;
    },
    agree(on) {
      sealing = ring.get(on.sealWith) ?? current;
      elsewhere = new Set(on.elsewhere);
    },

    hash: (purpose, value) => hmac(padsFor(purpose), value),

    seal(purpose, plaintext, context = '') {
      const nonce = newNonce();
      const cipher = createCipheriv('aes-256-gcm', keyFor(purpose, sealing), nonce);
      cipher.setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${sealing.name}.${sealed.toString('base64url')}`;
    },

    open(purpose, sealed, context = '') {
      const name = nameIn(sealed);
      const key = ring.get(name);
      if (!key && isKeyName(name)) throw missing(name);
      return key && openWith(key, purpose, sealed, context);
    },

    openGiven(purpose, sealed, context = '') {
      const name = nameIn(sealed);
      const key = ring.get(name);
      if (!key && elsewhere.has(name)) throw missing(name);
      return key && openWith(key, purpose, sealed, context);
    },
  };
}

const nameIn = (sealed: string): string => sealed.slice(0, Math.max(sealed.indexOf('.'), 0));
const isKeyName = (name: string): boolean => name === first || /^k[0-9a-f]{12}$/.test(name);
const missing = (name: string): AppError =>
  new AppError('unavailable', `Sealed with the key ${name}, whose secret this process was not given.`);

const nonceLength = 12;
const nonces = Buffer.alloc(256 * nonceLength);
let noncesUsed = nonces.length;

/** Good until the next call. The system is asked for many at a time, because a call costs a fifth of a sealed value. */
function newNonce(): Buffer {
  if (noncesUsed === nonces.length) {
    randomFillSync(nonces);
    noncesUsed = 0;
  }
  noncesUsed += nonceLength;
  return nonces.subarray(noncesUsed - nonceLength, noncesUsed);
}

/** RFC 5869 §2.2: all that keys are derived from, and nothing that leads back to the secret. */
export function rootOf(secret: Buffer): Buffer {
  if (secret.length < 32) throw new TypeError('The master secret must be at least 32 bytes.');
  return createHmac('sha256', 'latchkey').update(secret).digest();
}

/** RFC 5869 §2.3, for one block. */
function expand(root: Buffer, purpose: string): Buffer {
  return createHmac('sha256', root).update(purpose).update(Buffer.of(1)).digest();
}

function nameOf(root: Buffer, firstRoot: Buffer): string {
  return root.equals(firstRoot) ? first : `k${expand(root, 'name of the key').toString('hex').slice(0, 12)}`;
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
  // By way of a string, which costs half of what a buffer for it does.
  outer.write(hash('sha256', message, 'latin1'), block, 'latin1');
  return hash('sha256', outer, 'base64url');
}

/** Compares two strings without telling, by its time, where they differ. */
export function sameString(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
