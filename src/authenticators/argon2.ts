import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** The least that security.md E6 allows: 19 MiB, two passes, one lane. */
const current = { memory: 19_456, passes: 2, parallelism: 1 };
const tagLength = 32;
/** Sixteen random bytes that belong to no account, for tries at accounts that do not exist. */
const nobodysSalt = randomBytes(16);

type Parameters = typeof current;

/** A PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return format(current, salt, await run(password, salt, current));
}

/**
 * Whether `password` made `phc`. Without a `phc` it takes as long and is always wrong (F5).
 * `outdated` tells that the hash was made with other parameters than today's.
 */
export async function verifyPassword(
  password: string,
  phc: string | undefined,
): Promise<{ right: boolean; outdated: boolean }> {
  const stored = phc === undefined ? undefined : parse(phc);
  const tag = await run(password, stored?.salt ?? nobodysSalt, stored?.parameters ?? current);
  if (!stored) return { right: false, outdated: false };
  const right = stored.tag.length === tag.length && timingSafeEqual(stored.tag, tag);
  const { memory, passes, parallelism } = stored.parameters;
  const outdated = memory !== current.memory || passes !== current.passes || parallelism !== current.parallelism;
  return { right, outdated };
}

function format({ memory, passes, parallelism }: Parameters, salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

function parse(phc: string): { parameters: Parameters; salt: Buffer; tag: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc);
  if (!match) throw new TypeError('A stored password hash is not an Argon2id PHC string.');
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function run(password: string, nonce: Buffer, parameters: Parameters): Promise<Buffer> {
  // Forms that a keyboard makes differently must be one password (E2).
  const message = Buffer.from(password.normalize('NFC'), 'utf8');
  return derive('argon2id', { message, nonce, tagLength, ...parameters });
}
