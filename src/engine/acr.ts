/**
 * How strongly a person proved who they are, the weakest first; each means all before it as well. `aal1` and `aal2`: one
 * factor and two, in the sense of NIST SP 800-63B. `phr`: two factors of which one cannot be phished (OpenID EAP ACR
 * Values §2). Codes that a person reads and types never are (E26).
 */
export const acrValues = ['aal1', 'aal2', 'phr'] as const;
export type Acr = (typeof acrValues)[number];

/** The weakest that would do, or undefined if nothing that we know would. `wanted` holds at least one. */
export function leastAcr(wanted: readonly string[]): Acr | undefined {
  return acrValues.find((value) => wanted.includes(value));
}

/**
 * What to tell an app: the strongest of those it wants that was reached (OpenID Connect Core §5.5.1.1), or simply what
 * was reached if it wants nothing. Undefined if none of them was.
 */
export function acrFor(reached: string | undefined, wanted: readonly string[]): Acr | undefined {
  const met = acrValues.slice(0, acrValues.indexOf(reached as Acr) + 1);
  return wanted.length === 0 ? met.at(-1) : met.findLast((value) => wanted.includes(value));
}

/** The values asked for by `acr_values`, or else by the claims parameter; empty if any will do. */
export function wantedAcr(parameters: { acr_values?: unknown; claims?: unknown }): string[] {
  const { acr_values: values, claims } = parameters;
  if (typeof values === 'string' && values.trim() !== '') return values.split(' ').filter(Boolean);
  const asked = acrClaim(claims);
  return [asked?.value, asked?.values].flat().filter((value) => typeof value === 'string');
}

function acrClaim(claims: unknown): { value?: unknown; values?: unknown } | undefined {
  try {
    const parsed = (typeof claims === 'string' ? JSON.parse(claims) : claims) as { id_token?: { acr?: object | null } };
    return parsed?.id_token?.acr ?? undefined;
  } catch {
    return undefined;
  }
}
