import type { RecordedEvent } from '../drivers/journal/journal.ts';

/** One event to take along, in the words of its reader. */
export type Line = { event: RecordedEvent; what: string; place?: string; browser?: string; how?: string };

const columns = ['time', 'what', 'place', 'browser', 'how', 'network', 'type', 'id'] as const;

const valuesOf = ({ event, what, place, browser, how }: Line): Record<(typeof columns)[number], string> => ({
  time: new Date(event.at).toISOString(),
  what,
  place: place ?? '',
  browser: browser ?? '',
  how: how ?? '',
  network: String(event.data?.network ?? ''),
  type: event.type,
  id: event.id,
});

export function toJson(lines: readonly Line[]): string {
  return `${JSON.stringify({ activity: lines.map(valuesOf) }, null, 2)}\n`;
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8. */
export function toCsv(lines: readonly Line[]): string {
  const rows = lines.map(valuesOf).map((values) => columns.map((column) => cell(values[column])).join(','));
  return `\uFEFF${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

/**
 * Spreadsheets run cells that begin like a formula, and names of devices are a stranger's text: such a cell gets an
 * apostrophe in front, also where the sign hides behind spaces or direction marks.
 */
function cell(text: string): string {
  const risky = /^[\s\p{C}]*[=+\-@|%]/u.test(text) || /^[\t\r\n]/.test(text);
  return `"${(risky ? `'${text}` : text).replaceAll('"', '""')}"`;
}
