import { randomFillSync, randomInt } from 'node:crypto';

/** Randomness, handed in so that a test can force a collision. Production always uses the system's CSPRNG. */
export type Random = {
  /** `bytes` random bytes as base64url, without padding. 32 bytes are 43 characters. */
  token(bytes: number): string;
  /** A uniform integer in [0, limit). */
  below(limit: number): number;
};

const pool = Buffer.alloc(8192);
let used = pool.length;

/** The system is asked for many bytes at a time, because a call costs far more than the bytes; none is given out twice. */
function randomText(bytes: number): string {
  if (bytes > pool.length) throw new RangeError(`${bytes} random bytes are more than anybody needs.`);
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('base64url', used, used + bytes);
  // What somebody holds as a secret must not also lie here.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}

export const systemRandom: Random = {
  token: randomText,
  below: (limit) => randomInt(limit),
};

/** `length` characters drawn uniformly from `alphabet`. */
export function draw(random: Random, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('');
}
