import { createRequire } from 'node:module';
import type { CountryCode } from 'libphonenumber-js/max';

/** Every numbering plan of the world, loaded for the first number: most servers never see one. */
const library = (): typeof import('libphonenumber-js/max') => require('libphonenumber-js/max');
const require = createRequire(import.meta.url);

/** What can be sent a text without costing extra. In some countries, numbers do not tell mobile from fixed. */
const kinds = ['MOBILE', 'FIXED_LINE_OR_MOBILE'];

/**
 * A mobile number in E.164, or undefined if it cannot be one. `country` is where a number without a country code is
 * looked for.
 */
export function parsePhone(text: string, country?: string): string | undefined {
  const typed = text.normalize('NFKC').trim().slice(0, 40);
  const where = country && library().isSupportedCountry(country) ? (country as CountryCode) : undefined;
  const number = library().parsePhoneNumberFromString(typed, {
    ...(where ? { defaultCountry: where } : {}),
    extract: false,
  });
  if (!number?.isValid() || number.ext) return undefined;
  return kinds.includes(number.getType() ?? '') ? number.number : undefined;
}

/** ISO 3166-1 alpha-2, or undefined for a number that belongs to no country. */
export function countryOf(phone: string): string | undefined {
  return library().parsePhoneNumberFromString(phone)?.country;
}

/** As people write it, `+49 176 12345678`, and on one line. */
export function readablePhone(phone: string): string {
  return (library().parsePhoneNumberFromString(phone)?.formatInternational() ?? phone).replaceAll(' ', '\u00a0');
}

/** `+49` of `+4917612345678`. */
export function callingCode(phone: string): string {
  const code = library().parsePhoneNumberFromString(phone)?.countryCallingCode;
  return code ? `+${code}` : phone.slice(0, 3);
}
