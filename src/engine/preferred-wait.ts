/** Seconds. Proxies on the way bear 30 s of silence, and not all of them more (RFC 6202 §5.5). */
const longest = 30;
/** Characters. No sensible preference is longer. */
const longestHeader = 200;

// A quote that nobody closes goes on to the end: looked for again from each character, it would take a square of time.
const preferences = /(?:[^,"]|"(?:[^"\\]|\\.?)*(?:"|$))+/g;

/**
 * Seconds for which a client would rather wait than ask again: `wait` of the Prefer header (RFC 7240 §4.3), at most 30.
 * Only the first of several counts (§2); undefined if it makes no sense, because a preference is never an error.
 */
export function preferredWait(prefer: string | string[] | undefined): number | undefined {
  const header = String(prefer ?? '');
  if (header.length > longestHeader) return undefined;
  for (const preference of header.match(preferences) ?? []) {
    if (!/^\s*wait\s*(?:=|;|$)/i.test(preference)) continue;
    const [, , seconds] = /^\s*wait\s*=\s*("?)(\d+)\1\s*(?:;|$)/i.exec(preference) ?? [];
    return Math.min(Number(seconds ?? 0), longest) || undefined;
  }
  return undefined;
}
