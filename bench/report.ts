import type { Measurement } from './bench-context.ts';
import { type Judged, select } from './goals.ts';
import { type Options, type WorkloadName, workloadNames } from './options.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { allTargets } from './targets/targets.ts';

type Facts = {
  options: Options;
  measurements: Measurement[];
  judged: Judged[];
  remarks: string[];
  machine: string;
  versions: string;
  /** ISO 8601. */
  date: string;
  minutes: number;
  pinned: boolean;
};

/** The report in Markdown; `chart` is the file name of the picture beside it. */
export function writeReport(facts: Facts, chart: string): string {
  const { options, measurements, judged, machine, versions, date, minutes, pinned } = facts;
  const sections = workloadNames.flatMap((workload) => section(workload, measurements, options));
  return `${[
    '# Bench',
    '',
    `${date}, ${Math.round(minutes)} minutes. ${machine}. ${versions}.`,
    pinned
      ? 'Servers ran on one core, the load generator and databases on another.'
      : 'Servers and the load generator shared all cores: absolute figures mean little here.',
    `Each figure is the median of ${options.repetitions} interleaved repetitions of ${options.seconds} s [smallest–largest].`,
    ...(options.quick ? ['**A quick run**: good for finding out that something broke, not for quoting.'] : []),
    'What the workloads are and how to read the figures: `docs/bench.md`.',
    '',
    ...goalTable(judged),
    `![Requests a second of one core](${chart})`,
    '',
    ...sections,
    '## Servers',
    '',
    ...allTargets
      .filter(({ name }) => measurements.some(({ target }) => target === name))
      .map(({ name, meaning }) => `- \`${name}\`: ${meaning}.`),
    '',
    ...remarks(facts),
  ].join('\n')}\n`;
}

export function goalLines(judged: Judged[]): string[] {
  return judged.map(({ measure, goal, measured, unit, met }) => {
    const word = met === undefined ? 'not measured' : met ? 'met' : 'MISSED';
    return `${word.padEnd(13)} ${measure}: ${measured ? show(measured, unit) : '–'} (goal ${goal} ${unit})`;
  });
}

function goalTable(judged: Judged[]): string[] {
  const rows = judged.map(({ measure, goal, measured, unit, met }) => [
    measure,
    `${goal} ${unit}`,
    measured ? show(measured, unit) : '–',
    met === undefined ? 'not measured' : met ? 'met' : '**missed**',
  ]);
  return ['## Goals', '', ...table(['measure', 'goal', 'measured', ''], rows), ''];
}

type Column = { title: string; figure: string; digits: number };

const throughputColumns: Column[] = [
  { title: 'requests/s', figure: 'perSecond', digits: 0 },
  { title: 'CPU µs/request', figure: 'cpuMicros', digits: 1 },
  { title: 'p50 ms at half', figure: 'p50', digits: 2 },
  { title: 'p99 ms at half', figure: 'p99', digits: 2 },
  { title: 'database CPU µs', figure: 'storeMicros', digits: 1 },
  { title: 'resident MiB', figure: 'residentMiB', digits: 0 },
  { title: 'server busy', figure: 'serverBusy', digits: 2 },
  { title: 'generator busy', figure: 'generatorBusy', digits: 2 },
];

const shapes: Record<WorkloadName, { title: string; columns: Column[] }> = {
  issue: { title: 'W1 Issue a code', columns: throughputColumns },
  poll: {
    title: 'W2 Poll while the code waits',
    columns: [...throughputColumns, { title: 'told slow_down', figure: 'slowDownShare', digits: 2 }],
  },
  redeem: { title: 'W3 Redeem an approved code', columns: throughputColumns },
  refresh: { title: 'W4 Refresh with rotation', columns: throughputColumns },
  latency: {
    title: 'W5 From the approval to the tokens in the device',
    columns: ['mean', 'p50', 'p99', 'max'].map((figure) => ({ title: `${figure} ms`, figure, digits: 1 })),
  },
  memory: {
    title: 'W6 Memory of 100,000 waiting codes',
    columns: [
      { title: 'heap MiB', figure: 'heapMiB', digits: 1 },
      { title: 'buffers MiB', figure: 'buffersMiB', digits: 1 },
      { title: 'resident MiB', figure: 'residentMiB', digits: 1 },
      { title: 'heap without them MiB', figure: 'emptyHeapMiB', digits: 1 },
    ],
  },
  startup: {
    title: 'W7 From an empty folder to the first code',
    columns: [{ title: 'ms', figure: 'milliseconds', digits: 0 }],
  },
  processes: {
    title: 'W8 Two processes against one',
    columns: [
      { title: 'one, polls/s', figure: 'one', digits: 0 },
      { title: 'two, polls/s', figure: 'two', digits: 0 },
      { title: '×', figure: 'ratio', digits: 2 },
    ],
  },
  costs: {
    title: 'W9 What else costs processor time, in microseconds each',
    columns: [
      { title: 'sign in', figure: 'signIn', digits: 0 },
      { title: 'approve', figure: 'approve', digits: 0 },
      { title: 'a held poll', figure: 'heldPoll', digits: 0 },
      { title: 'first sight of a code', figure: 'firstSight', digits: 0 },
      { title: 'poll of a known code', figure: 'knownPoll', digits: 1 },
      { title: 'a decision heard', figure: 'decisionHeard', digits: 1 },
      { title: 'resident MiB, idle', figure: 'idleMiB', digits: 0 },
    ],
  },
  attack: {
    title: 'W10 Beside strangers who send 150 of the worst requests a second',
    columns: [
      { title: 'sign in, quiet, ms', figure: 'signInQuiet', digits: 0 },
      { title: 'attacked, ms', figure: 'signInAttacked', digits: 0 },
      { title: '×', figure: 'signInTimes', digits: 2 },
      { title: 'poll, quiet, ms', figure: 'pollQuiet', digits: 1 },
      { title: 'attacked, ms', figure: 'pollAttacked', digits: 1 },
      { title: '×', figure: 'pollTimes', digits: 2 },
      { title: 'p99 attacked, ms', figure: 'pollAttackedP99', digits: 0 },
    ],
  },
};

function section(workload: WorkloadName, measurements: Measurement[], _options: Options): string[] {
  const found = select(measurements, { workload });
  if (found.length === 0) return [];
  const { title, columns } = shapes[workload];
  const keys = [...new Set(found.map(keyOf))];
  const rows = keys.map((key) => {
    const own = found.filter((one) => keyOf(one) === key);
    return [key, ...columns.map(({ figure, digits }) => cell(own, figure, digits))];
  });
  return [`## ${title}`, '', ...table(['', ...columns.map((column) => column.title)], rows), ''];
}

const keyOf = ({ target, variant }: Measurement): string => (variant ? `${target} · ${variant}` : target);

function cell(measurements: Measurement[], figure: string, digits: number): string {
  const values = measurements.flatMap(({ figures }) => figures[figure] ?? []);
  const spread = spreadOf(values);
  if (!spread) return '–';
  return spreadText(spread, digits);
}

function spreadText({ median, min, max, count }: Spread, digits: number): string {
  const text = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return count === 1 ? text(median) : `${text(median)} [${text(min)}–${text(max)}]`;
}

const show = (spread: Spread, unit: string): string => `${spreadText(spread, unit === 'ms' ? 0 : 2)} ${unit}`;

function remarks({ measurements, remarks: given }: Facts): string[] {
  const closed = measurements.filter(({ figures }) => figures.generatorBusy !== undefined);
  const busiest = closed.toSorted((a, b) => (b.figures.generatorBusy ?? 0) - (a.figures.generatorBusy ?? 0))[0];
  const wrong = measurements.filter((one) => one.wrong);
  const lines = [
    ...(busiest
      ? [
          `The generator used at most ${Math.round((busiest.figures.generatorBusy ?? 0) * 100)} % of its core (${keyOf(busiest)}, ${busiest.workload}), while the server used ${Math.round((busiest.figures.serverBusy ?? 0) * 100)} % of its own: the server was what limited.`,
        ]
      : []),
    ...wrong.map(
      (one) =>
        `${one.wrong} answers of ${keyOf(one)} in ${one.workload} #${one.repetition + 1} were wrong; that run is left out.`,
    ),
    ...given,
  ];
  return lines.length === 0 ? [] : ['## Remarks', '', ...lines.map((line) => `- ${line}`), ''];
}

function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)];
}
