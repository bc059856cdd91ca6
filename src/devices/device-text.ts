/** Anything that reorders, hides or breaks a line: controls, format and bidi characters, invisible fillers, unassigned. */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const stackedMarks = /(\p{M}{4})\p{M}+/gu;
/** More than any name needs; keeps the work small whatever arrives. */
const longestRead = 2000;

/**
 * A stranger's text made safe to show (security.md F15): one line, NFC, nothing invisible, nothing that reorders its
 * surroundings, no towers of marks, at most `max` UTF-16 units without cutting a character in half.
 * Undefined if nothing visible is left.
 */
export function cleanText(text: unknown, max: number): string | undefined {
  if (typeof text !== 'string') return undefined;
  const oneLine = text
    .slice(0, longestRead)
    .normalize('NFC')
    .replaceAll('\uFEFF', '')
    .replace(/\s+/gu, ' ')
    .replace(unseen, '')
    .replace(stackedMarks, '$1')
    .replace(/ {2,}/g, ' ')
    .trim()
    // Removing a character can bring two together that compose.
    .normalize('NFC');
  const short = cut(oneLine, max);
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(short) ? short : undefined;
}

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    if (index + segment.length > max) break;
    end = index + segment.length;
  }
  return text.slice(0, end).trimEnd();
}

const address = /:\/\/|\bwww\.|@|[\p{L}\p{N}][.。．｡]\p{L}{2,}|\/\S/iu;
const userCode = /(?<![\p{L}\p{N}])[B-DF-HJ-NP-TV-XZ]{4}[\s\p{Pd}]?[B-DF-HJ-NP-TV-XZ]{4,}(?![\p{L}\p{N}])/iu;

/**
 * A device's name goes into our own mail only if it cannot carry a stranger's address or code there: mail readers make
 * links of bare domains, and our mails never hold a user code (security.md B27).
 */
export function fitForMail(text: string | undefined): string | undefined {
  return text !== undefined && !address.test(text) && !userCode.test(text) ? text : undefined;
}
