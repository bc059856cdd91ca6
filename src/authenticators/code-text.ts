import { hash } from 'node:crypto';
import { draw, type Random } from '../random.ts';

/** Crockford's thirty-two: no letter that looks like a digit, so that paper and handwriting survive. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What a person typed or pasted, as the alphabet writes it; undefined if it is not `length` characters of it. */
export function readCode(text: string, length: number): string | undefined {
  const plain = text
    .slice(0, 100)
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/[\s\p{Pd}._]/gu, '')
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return plain.length === length && [...plain].every((character) => alphabet.includes(character)) ? plain : undefined;
}

/** In groups that the eye can hold: `7K3M-Q2ZT-9XWB`. */
export function inGroups(code: string, sizes: readonly number[]): string {
  const groups = sizes.map((size, n) => {
    const at = sizes.slice(0, n).reduce((sum, one) => sum + one, 0);
    return code.slice(at, at + size);
  });
  return groups.join('-');
}

export const drawCode = (random: Random, length: number): string => draw(random, alphabet, length);

/** 128 random bits and two that catch most slips of the pen: 26 characters (E14). */
export function drawCheckedCode(random: Random): string {
  const secret = BigInt(`0x${Buffer.from(random.token(16), 'base64url').toString('hex')}`);
  return write((secret << 2n) | checkBits(secret), 26);
}

/** A code of `drawCheckedCode`, however it was typed; undefined if it cannot be one. */
export function readCheckedCode(text: string): string | undefined {
  const code = readCode(text, 26);
  if (code === undefined) return undefined;
  const value = [...code].reduce((sum, character) => (sum << 5n) | BigInt(alphabet.indexOf(character)), 0n);
  return (value & 3n) === checkBits(value >> 2n) ? code : undefined;
}

function checkBits(secret: bigint): bigint {
  return BigInt(Number.parseInt(hash('sha256', secret.toString(16), 'hex').slice(0, 1), 16) & 3);
}

function write(value: bigint, length: number): string {
  return Array.from({ length }, (_, n) => alphabet[Number((value >> BigInt(5 * (length - 1 - n))) & 31n)]).join('');
}
