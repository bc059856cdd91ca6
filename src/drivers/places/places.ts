import type { IncomingHttpHeaders } from 'node:http';

/** Where a request comes from, as coarse as a country: enough to notice a stranger, too little to follow a person. */
export type Places = {
  /** ISO 3166-1 alpha-2 code, upper case, or undefined if it is not known. */
  countryOf(headers: IncomingHttpHeaders): string | undefined;
};

export const noPlaces: Places = { countryOf: () => undefined };

/**
 * Trusts the country that the operator's own proxy or network writes into a header, such as `cf-ipcountry`.
 * Only used when the operator names the header and the proxies, because anyone could send it otherwise.
 */
export function placesFromHeader(name: string): Places {
  const header = name.toLowerCase();
  return {
    countryOf(headers) {
      const value = headers[header];
      const code = (Array.isArray(value) ? value[0] : value)?.trim().toUpperCase();
      // XX and T1 are what such proxies write for "unknown" and "Tor".
      return code && /^[A-Z]{2}$/.test(code) && code !== 'XX' ? code : undefined;
    },
  };
}
