import { existsSync, readFileSync } from 'node:fs';

/** Written by the build from two word lists: what people choose, words, names, titles; 70,000 of eight characters or more. */
const file = new URL('./common-passwords.txt', import.meta.url);

let listed: Set<string> | undefined;

/** Whether so many people use it that it is tried first. `plain` is in small letters; the list works offline (E4). */
export function isListed(plain: string): boolean {
  listed ??= read();
  return listed.has(plain);
}

function read(): Set<string> {
  if (!existsSync(file)) throw new Error('The list of common passwords is missing: run `npm run build` first.');
  return new Set(readFileSync(file, 'utf8').split('\n'));
}
