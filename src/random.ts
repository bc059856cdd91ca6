import { randomBytes, randomInt } from 'node:crypto';

/** Randomness, handed in so that a test can force a collision. Production always uses the system's CSPRNG. */
export type Random = {
  /** `bytes` random bytes as base64url, without padding. 32 bytes are 43 characters. */
  token(bytes: number): string;
  /** A uniform integer in [0, limit). */
  below(limit: number): number;
};

export const systemRandom: Random = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  below: (limit) => randomInt(limit),
};

/** `length` characters drawn uniformly from `alphabet`. */
export function draw(random: Random, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('');
}
