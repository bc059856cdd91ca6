import { limitTable } from '../limits/limit-table.ts';
import { draw, type Random } from '../random.ts';

/** RFC 8628 §6.1: no vowels, so no words; no digits, so no 0 for an O. 4.32 bits a character. */
export const alphabet = 'BCDFGHJKLMNPQRSTVWXZ';

export const shortest = 8;
export const longest = 13;

/** Wrong codes a day, all people together, that the length of codes is made for (security.md J3). */
export const guessBudget = limitTable.wrongCodesInAll.limit;
/** The chance a day that anybody's guess meets anybody's code. */
const acceptedRisk = 1e-6;

/**
 * Characters a new code needs so that `guesses` wrong codes a day meet one of `live` codes with a chance of at most
 * one in a million: 20^L ≥ guesses · live / 10⁻⁶ (security.md J).
 */
export function codeLength(live: number, guesses: number = guessBudget): number {
  const space = (Math.max(1, live) * Math.max(1, guesses)) / acceptedRisk;
  const length = Math.ceil(Math.log(space) / Math.log(alphabet.length) - 1e-9);
  return Math.min(longest, Math.max(shortest, length));
}

/** Codes of one network in ten minutes that are as short as everybody's: more than a home has to link at once. */
export const networkShare = 3;
/** The part of the accepted risk that is for codes beyond it. */
const crowdedPart = 0.1;

/**
 * The length of the next code of a network that has asked for `asked` already. What one network asks for beyond its share
 * is drawn from a part of the risk of its own: it makes codes longer there, and nowhere else (fault B7). Both parts
 * together are the risk that `codeLength` accepts.
 */
export function lengthFor(asked: number, live: { all: number; crowded: number }, guesses: number): number {
  const ordinary = codeLength((live.all - live.crowded + 1) / (1 - crowdedPart), guesses);
  if (asked < networkShare) return ordinary;
  return Math.max(ordinary, codeLength((live.crowded + 1) / crowdedPart, guesses));
}

export const drawUserCode = (random: Random, length: number): string => draw(random, alphabet, length);

const groupsOf: Record<number, number[]> = { 9: [3, 3, 3], 10: [5, 5], 11: [4, 4, 3], 12: [4, 4, 4], 13: [5, 4, 4] };

/** `BCDFGHJK` → `BCDF-GHJK`: in groups that an eye can carry from one screen to the other. */
export function showUserCode(code: string): string {
  const groups: string[] = [];
  for (const size of groupsOf[code.length] ?? [4, 4])
    groups.push(code.slice(groups.join('').length, groups.join('').length + size));
  return groups.join('-');
}

/** What a person typed: a code worth looking up, or what is wrong with it in a word. */
export type TypedCode =
  | { code: string }
  | { problem: 'empty' }
  | { problem: 'impossible' }
  | { problem: 'too_short' | 'too_long'; typed: number };

/**
 * Reads any sane typing (security.md A28, ux.md §6): small letters, spaces, dashes of any kind, full-width letters,
 * letters of a Cyrillic or Greek keyboard that look the same, or a whole pasted address.
 * Only a well-formed code is looked up, so a slip costs nobody a guess (J6).
 */
export function readUserCode(text: unknown): TypedCode {
  if (typeof text !== 'string') return { problem: 'empty' };
  const letters = fromAddress(text.slice(0, 2000))
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/./gu, (letter) => sameLooking[letter] ?? letter);
  if (letters === '') return { problem: 'empty' };
  if (![...letters].every((letter) => alphabet.includes(letter))) return { problem: 'impossible' };
  if (letters.length < shortest) return { problem: 'too_short', typed: letters.length };
  if (letters.length > longest) return { problem: 'too_long', typed: letters.length };
  return { code: letters };
}

/** The code within a pasted `…/L/BCDFGHJK` or `…?user_code=BCDF-GHJK`, or the text itself. */
function fromAddress(text: string): string {
  const match = /\/l\/([^/?#\s]+)/i.exec(text) ?? /[?&]user_code=([^&#\s]+)/i.exec(text);
  return match?.[1] ?? text;
}

const sameLooking: Record<string, string> = Object.fromEntries([
  ...[...'ВСНКМРТХ'].map((letter, i) => [letter, 'BCHKMPTX'[i]]),
  ...[...'ΒΗΚΜΝΡΤΧΖ'].map((letter, i) => [letter, 'BHKMNPTXZ'[i]]),
]);
