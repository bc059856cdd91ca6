import { AppError } from '../errors.ts';

/** What is looked at after the code was issued, and whether it is a list of words. What else a device sends is dropped. */
const kept = {
  scope: true,
  acr_values: true,
  prompt: true,
  resource: false,
  claims: false,
  max_age: false,
  dpop_jkt: false,
} as const;

/** Characters of all of them. Anyone may ask for codes, and each one's row stays for a day (fault B3). */
const longestKept = 2000;

/** The parameters of a request as they are stored: each word and each resource once, and not more than there is room for. */
export function keptParams(params: Record<string, unknown>): string {
  const chosen = Object.entries(kept).flatMap(([name, words]) => {
    const value = params[name];
    if (value === undefined || value === '') return [];
    if (Array.isArray(value)) return [[name, [...new Set(value)]]];
    return [[name, words && typeof value === 'string' ? [...new Set(value.split(' '))].join(' ') : value]];
  });
  const text = JSON.stringify(Object.fromEntries(chosen));
  if (text.length > longestKept) throw new AppError('bad_request', 'This asks for more than a device can need.');
  return text;
}
