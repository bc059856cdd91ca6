import type { Measurement } from './bench-context.ts';
import type { Options } from './options.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A promise of the project, as a figure that can be measured on any machine. */
type Goal = {
  measure: string;
  unit: string;
  atLeast?: number;
  atMost?: number;
  /** One value for each repetition; none if what it needs was not measured. */
  values(all: Measurement[]): number[];
};

export type Judged = {
  measure: string;
  goal: string;
  measured: Spread | undefined;
  unit: string;
  met: boolean | undefined;
};

const ours = 'latchkey-sqlite';

export function judgeGoals(all: Measurement[], options: Options): Judged[] {
  return goalsFor(options).map(({ measure, unit, atLeast, atMost, values }) => {
    const measured = spreadOf(values(all));
    const met =
      measured &&
      (atLeast === undefined || measured.median >= atLeast) &&
      (atMost === undefined || measured.median <= atMost);
    return { measure, goal: atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`, measured, unit, met };
  });
}

function goalsFor({ few, many }: Options): Goal[] {
  const small = few.toLocaleString('en');
  const large = many.toLocaleString('en');
  const perCpu = (measurement: Measurement) => 1 / (measurement.figures.cpuMicros ?? Number.NaN);
  const perSecond = (measurement: Measurement) => measurement.figures.perSecond ?? Number.NaN;
  const pollAgainst = (rival: string) => (all: Measurement[]) =>
    ratios(all, { workload: 'poll', target: ours, variant: small }, { target: rival }, perCpu);
  const rateAgainst = (workload: Measurement['workload'], rival: string) => (all: Measurement[]) =>
    ratios(all, { workload, target: ours }, { target: rival }, perSecond);

  return [
    {
      measure: 'pending poll, requests per CPU second, against floor-http',
      unit: '×',
      atLeast: 0.85,
      values: pollAgainst('floor-http'),
    },
    { measure: 'the same against oidc-memory', unit: '×', atLeast: 4, values: pollAgainst('oidc-memory') },
    { measure: 'the same against better-auth', unit: '×', atLeast: 40, values: pollAgainst('better-auth') },
    {
      measure: `cost of a poll with ${large} codes waiting against ${small}`,
      unit: '×',
      atMost: 1.15,
      values: (all) =>
        ratios(
          all,
          { workload: 'poll', target: ours, variant: large },
          { variant: small },
          ({ figures }) => figures.cpuMicros ?? Number.NaN,
        ),
    },
    {
      measure: 'issue a code, durable, against floor-http',
      unit: '×',
      atLeast: 0.5,
      values: rateAgainst('issue', 'floor-http'),
    },
    { measure: 'the same against oidc-sqlite', unit: '×', atLeast: 2, values: rateAgainst('issue', 'oidc-sqlite') },
    {
      measure: 'redeem, durable, against floor-http',
      unit: '×',
      atLeast: 0.4,
      values: rateAgainst('redeem', 'floor-http'),
    },
    { measure: 'the same against oidc-sqlite', unit: '×', atLeast: 2.5, values: rateAgainst('redeem', 'oidc-sqlite') },
    {
      measure: 'refresh with rotation, durable, against oidc-sqlite',
      unit: '×',
      atLeast: 2,
      values: rateAgainst('refresh', 'oidc-sqlite'),
    },
    {
      measure: 'approval to token, waiting, p99',
      unit: 'ms',
      atMost: 50,
      values: (all) =>
        select(all, { workload: 'latency', target: ours, variant: 'waiting' }).map(
          ({ figures }) => figures.p99 ?? Number.NaN,
        ),
    },
    {
      measure: 'heap and buffers of 100,000 waiting codes',
      unit: 'MiB',
      atMost: 30,
      values: (all) =>
        select(all, { workload: 'memory', target: ours }).map(
          ({ figures }) => (figures.heapMiB ?? 0) + (figures.buffersMiB ?? 0),
        ),
    },
    {
      measure: 'p99 of a pending poll at half saturation against floor-http',
      unit: '×',
      atMost: 2,
      values: (all) =>
        ratios(
          all,
          { workload: 'poll', target: ours, variant: small },
          { target: 'floor-http' },
          ({ figures }) => figures.p99 ?? Number.NaN,
        ),
    },
    {
      measure: 'start to first answer, empty data folder',
      unit: 'ms',
      atMost: 1000,
      values: (all) =>
        select(all, { workload: 'startup', target: ours }).map(({ figures }) => figures.milliseconds ?? Number.NaN),
    },
    {
      measure: 'two processes against one, pending polls',
      unit: '×',
      atLeast: 1.7,
      values: (all) => select(all, { workload: 'processes' }).map(({ figures }) => figures.ratio ?? Number.NaN),
    },
    // With --under-attack. Both were measured in the same server, one after the other.
    {
      measure: 'a known person signs in beside 150 of the worst requests a second, against quiet',
      unit: '×',
      atMost: 3,
      values: (all) => select(all, { workload: 'attack' }).map(({ figures }) => figures.signInTimes ?? Number.NaN),
    },
    {
      measure: 'a pending poll beside the same',
      unit: '×',
      atMost: 2,
      values: (all) => select(all, { workload: 'attack' }).map(({ figures }) => figures.pollTimes ?? Number.NaN),
    },
  ];
}

type Which = Partial<Pick<Measurement, 'workload' | 'target' | 'variant'>>;

/** Measurements with wrong answers are worth nothing. */
export function select(all: Measurement[], { workload, target, variant }: Which): Measurement[] {
  return all.filter(
    (one) =>
      (workload === undefined || one.workload === workload) &&
      (target === undefined || one.target === target) &&
      (variant === undefined || one.variant === variant) &&
      !one.wrong,
  );
}

/** Of each repetition the one divided by the other: both met the same minute of the machine. */
function ratios(all: Measurement[], which: Which, against: Which, figure: (one: Measurement) => number): number[] {
  const others = select(all, { ...which, ...against });
  return select(all, which).flatMap((one) => {
    const other = others.find(({ repetition }) => repetition === one.repetition);
    return other ? [figure(one) / figure(other)] : [];
  });
}
