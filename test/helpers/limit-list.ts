import { days, hours, minutes } from '../../src/clock.ts';
import { limitTable, type Row } from '../../src/limits/limit-table.ts';

const [start, end] = ['<!-- limits -->', '<!-- /limits -->'];

/** The page with the list of limits as the server has it. */
export function listLimits(page: string): string {
  const rows = Object.entries<Row>(limitTable).map(([name, { limit, window, counts, binds, exempt }]) => {
    const amount = `${limit.toLocaleString('en')} in ${wordFor(window)}`;
    return `| \`${name}\` | ${counts} | ${amount} | ${binds} | ${exempt} |`;
  });
  const table = [
    '| name | what is counted | how many | whom it binds then | who is exempt |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
  const [before, rest] = [page.slice(0, page.indexOf(start)), page.slice(page.indexOf(end))];
  return `${before}${start}\n${table.join('\n')}\n${rest}`;
}

function wordFor(window: number): string {
  if (window === days(1)) return 'a day';
  if (window === hours(1)) return 'an hour';
  return `${window / minutes(1)} minutes`;
}
