import { isListed } from './blocklist.ts';
import { commonWords } from './common-words.ts';

/** Why a password cannot be chosen: a message key with its values. */
export type PasswordProblem = { key: string; values?: Record<string, number> };

/** NIST SP 800-63B-4 §3.1.1.2: fifteen characters where a password alone can sign in, eight where it never does. */
export const shortestPassword = { alone: 15, besideSecondStep: 8 };
export const longestPassword = 256;

const rows = ['qwertyuiopasdfghjklzxcvbnm', 'qwertzuiopasdfghjklyxcvbnm', 'azertyuiopqsdfghjklmwxcvbn'];
const runs = ['abcdefghijklmnopqrstuvwxyz', '01234567890123456789', ...rows].flatMap((run) => [
  run,
  [...run].reverse().join(''),
]);
const lookalikes: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/**
 * Undefined if the candidate may be used. No rules of composition (E3); length, and a blocklist that works offline (E4).
 * `words` are what an attacker tries first for this person: the service's name, the parts of the address.
 */
export function checkPassword(
  candidate: string,
  rules: { minimum?: number; words?: readonly string[] } = {},
): PasswordProblem | undefined {
  const { minimum = shortestPassword.alone, words = [] } = rules;
  const password = candidate.normalize('NFC');
  const length = lengthOf(password);
  if (length === 0) return { key: 'authenticators.password.empty' };
  if (length < minimum) return { key: 'authenticators.password.short', values: { minimum, length } };
  if (length > longestPassword) return { key: 'authenticators.password.long', values: { maximum: longestPassword } };

  const plain = password.toLowerCase();
  if (isRepetition(plain) || isRun(plain)) return { key: 'authenticators.password.pattern' };
  const own = words.map((word) => word.toLowerCase()).filter((word) => word.length >= 3);
  if (isMadeOf(plain, own)) return { key: 'authenticators.password.personal' };
  if (spellings(plain).some(isListed)) return { key: 'authenticators.password.listed' };
  if (isMadeOf(plain, [...own, ...commonWords])) return { key: 'authenticators.password.common' };
  return undefined;
}

/** E2: code points, after NFC. */
export const lengthOf = (password: string): number => [...password.normalize('NFC')].length;

/** Whether it is good beside a second step only (E1). */
export const isShort = (password: string): boolean => lengthOf(password) < shortestPassword.alone;

/** `aaaaaaaaaaaaaaaa`, `passwordpassword`, `1212121212121212`: one half or less, again and again. */
function isRepetition(text: string): boolean {
  for (let size = 1; size <= text.length / 2; size += 1) {
    const unit = text.slice(0, size);
    if (unit.repeat(Math.ceil(text.length / size)).slice(0, text.length) === text) return true;
  }
  return new Set(text).size <= 3;
}

/** As it is, and without what people put around a word to please a rule: `Sunshine!`, `pr1ncess2026`. */
function spellings(text: string): string[] {
  const bare = text.replace(/^[^\p{L}]{0,4}(?=\p{L})/u, '').replace(/(?<=\p{L})[^\p{L}]{0,4}$/u, '');
  return [text, bare, readLookalikes(text), readLookalikes(bare)];
}

const readLookalikes = (text: string): string =>
  text.replace(/[013457@$!]/g, (character) => lookalikes[character] ?? character);

/** Neighbours in the alphabet or on a keyboard all the way, in pieces of four or more. */
function isRun(text: string): boolean {
  let rest = text.replace(/[^\p{L}\p{N}]/gu, '');
  if (rest.length < 4) return false;
  let pieces = 0;
  while (rest.length >= 4) {
    const piece = longestRun(rest);
    if (piece < 4) return false;
    rest = rest.slice(piece);
    pieces += 1;
  }
  return pieces <= 4;
}

function longestRun(text: string): number {
  let longest = 0;
  for (const run of runs) {
    let size = 0;
    while (size < text.length && run.includes(text.slice(0, size + 1))) size += 1;
    longest = Math.max(longest, size);
  }
  return longest;
}

/**
 * Whether nothing is left but digits and punctuation once well-known words are taken out, at most three different ones:
 * `Password123!Password`, `welcome-admin-2026`. Four words drawn by lot from a dictionary stay possible.
 */
function isMadeOf(text: string, words: readonly string[]): boolean {
  return [text, readLookalikes(text)].some((spelling) => {
    let rest = spelling;
    let used = 0;
    for (const word of words) {
      if (!rest.includes(word)) continue;
      rest = rest.replaceAll(word, ' ');
      used += 1;
    }
    return used > 0 && used <= 3 && rest.replace(/[^\p{L}]/gu, '').length <= 1;
  });
}
