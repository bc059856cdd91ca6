import { parseArgs } from 'node:util';
import type { Target } from './targets/target.ts';
import { allTargets } from './targets/targets.ts';

export const workloadNames = [
  'issue',
  'poll',
  'redeem',
  'refresh',
  'latency',
  'memory',
  'startup',
  'processes',
  'costs',
  'attack',
] as const;
export type WorkloadName = (typeof workloadNames)[number];
/** A run of its own: it says nothing of speed. */
const alone: WorkloadName = 'attack';

export type Options = {
  quick: boolean;
  workloads: WorkloadName[];
  targets: Target[];
  /** How often each target is measured, the others in between. */
  repetitions: number;
  /** Of one measurement. */
  seconds: number;
  warmup: number;
  /** Waiting codes: what a small and what a large install has. */
  few: number;
  many: number;
  /** Approvals whose way to the device is timed. */
  approvals: number;
  profile: boolean;
  results: string;
};

export const usage = `npm run bench -- [options]

  --quick           a few minutes instead of half an hour: short runs, few repetitions, 100,000 codes for a million
  --only A,B        workloads: ${workloadNames.join(', ')} (or w1 … w10)
  --under-attack    only W10: what people and devices notice while strangers send the worst requests known
  --targets A,B     servers: ${allTargets.map((target) => target.name).join(', ')}
  --repetitions N   how often each is measured
  --seconds N       how long each measurement takes
  --profile         also sample where the processor time of latchkey goes
  --results FOLDER  where the report goes (bench/results)
`;

/** Typed in a way that cannot be run. */
export class UsageError extends Error {}

const text = { type: 'string' } as const;
const known = {
  help: { type: 'boolean', short: 'h' },
  quick: { type: 'boolean' },
  'under-attack': { type: 'boolean' },
  profile: { type: 'boolean' },
  only: text,
  targets: text,
  repetitions: text,
  seconds: text,
  results: text,
} as const;

/** Throws UsageError. */
export function readOptions(words: string[]): Options | 'help' {
  const values = parse(words);
  if (values.help) return 'help';
  const quick = values.quick ?? false;
  return {
    quick,
    workloads: values['under-attack'] ? [alone] : workloadsIn(values.only),
    targets: chosen(values.targets, [...allTargets], ({ name }) => name, 'target'),
    repetitions: numberOf('repetitions', values.repetitions, /^[1-9]\d{0,3}$/) ?? (quick ? 2 : 5),
    seconds: numberOf('seconds', values.seconds, /^(?!0+(?:\.0*)?$)\d{1,4}(?:\.\d+)?$/) ?? (quick ? 1.5 : 4),
    warmup: quick ? 0.5 : 1,
    few: 10_000,
    many: quick ? 100_000 : 1_000_000,
    approvals: quick ? 20 : 100,
    profile: values.profile ?? false,
    results: values.results ?? 'bench/results',
  };
}

function workloadsIn(only: string | undefined): WorkloadName[] {
  const all = chosen(only, [...workloadNames], (name) => name, 'workload');
  return only === undefined ? all.filter((name) => name !== alone) : all;
}

function parse(words: string[]) {
  try {
    return parseArgs({ args: words, options: known }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // What follows in it is about words that begin with a dash, which nothing here takes.
    throw code?.startsWith('ERR_PARSE_ARGS_') ? new UsageError(message.split('\n')[0]) : error;
  }
}

function numberOf(name: string, word: string | undefined, shape: RegExp): number | undefined {
  if (word !== undefined && !shape.test(word)) throw new UsageError(`--${name} takes a number, not "${word}".`);
  return word === undefined ? undefined : Number(word);
}

function chosen<T>(words: string | undefined, all: T[], nameOf: (one: T) => string, kind: string): T[] {
  if (words === undefined) return all;
  return words.split(',').map((word) => {
    const numbered = /^w(\d\d?)$/i.exec(word)?.[1];
    const found = all.find((one, i) => nameOf(one) === word || (numbered !== undefined && i + 1 === Number(numbered)));
    if (found === undefined) throw new UsageError(`There is no ${kind} "${word}". Use ${all.map(nameOf).join(', ')}.`);
    return found;
  });
}
