import type { Context, Measurement } from '../bench-context.ts';
import type { AnswerKind, LoadResult, RequestShape, Values } from '../load/load.ts';
import { descendants, residentBytes } from '../machine.ts';
import type { Ability, Running } from '../targets/target.ts';
import { profileRun } from './profile.ts';
import { rightAnswers } from './right-answers.ts';

export const connections = 64;

/** A server under a workload: what it is sent, and what a right answer looks like. */
export type Subject = {
  server: Running;
  variant?: string;
  request: RequestShape;
  /** Asked before each run, because some values can be used only once; `rate` is what the last run did. */
  values?(rate: number | undefined, seconds: number): Promise<Values>;
};

/**
 * Measures servers in turns, forwards and backwards, so that a slow minute of the machine meets all of them: each at
 * saturation (closed loop), then at half of what it has just done (open loop).
 */
export async function measureThroughput(context: Context, workload: Ability, subjects: Subject[]): Promise<void> {
  const { options, say } = context;
  const rates = new Map<Subject, number>();
  for (const subject of subjects) rates.set(subject, await warmUp(context, subject));

  for (let repetition = 0; repetition < options.repetitions; repetition++) {
    for (const subject of repetition % 2 === 0 ? subjects : subjects.toReversed()) {
      const saturated = await runOnce(context, subject, { rate: rates.get(subject) });
      const rate = saturated.requests / saturated.seconds;
      rates.set(subject, rate);
      const half = await runOnce(context, subject, { rate: rate / 2, open: true });
      const measurement = toMeasurement(workload, subject, repetition, saturated, half);
      context.note(measurement);
      say(line(measurement));
    }
  }
  if (options.profile) {
    for (const subject of subjects.filter(({ server }) => server.target.name.startsWith('latchkey'))) {
      const name = [workload, subject.server.target.name, subject.variant].filter(Boolean).join('-');
      await profileRun(context, subject.server, name, () => runOnce(context, subject, { rate: rates.get(subject) }));
    }
  }
}

/** Until the compiler has seen enough; the answer is how many requests a second it did. */
async function warmUp(context: Context, subject: Subject): Promise<number> {
  const seconds = context.options.quick ? 1 : 3;
  const { requests, seconds: took } = await runOnce(context, subject, { rate: undefined, seconds });
  return requests / took;
}

type RunWishes = { rate: number | undefined; open?: boolean; seconds?: number; attempt?: number };

async function runOnce(context: Context, subject: Subject, wishes: RunWishes): Promise<LoadResult> {
  const { options, load } = context;
  const { rate, open = false, attempt = 1, ...rest } = wishes;
  const { seconds } = rest;
  const { server } = subject;
  const measured = seconds ?? options.seconds;
  const warmup = seconds === undefined ? options.warmup : 0;
  const values = await subject.values?.(rate, measured + warmup);
  const result = await load.run({
    port: server.port,
    request: subject.request,
    ...(values ? { values } : {}),
    connections,
    pace: open ? { kind: 'open', rate: Math.max(1, rate ?? 1), polite: !server.target.alone } : { kind: 'closed' },
    warmup,
    seconds: measured,
    watch: [server.pid, ...stores(server)],
  });
  if (result.requests > 0) return result;
  // It was so much faster than before that all values were gone in the warm-up.
  if (attempt >= 3) throw new Error(`${server.target.name} answers nothing any more.`);
  return runOnce(context, subject, { rate: open ? rate : (rate ?? 100) * 4, open, ...rest, attempt: attempt + 1 });
}

/** Processes of the databases that a server is not alone with. */
const stores = (server: Running): number[] =>
  server.target.alone ? [] : descendants(/^(postgres|redis-server|valkey-server)/);

function toMeasurement(
  workload: Ability,
  { server, variant }: Subject,
  repetition: number,
  saturated: LoadResult,
  half: LoadResult,
): Measurement {
  const storeSeconds = Object.entries(saturated.cpu).reduce(
    (sum, [pid, seconds]) => sum + (Number(pid) === server.pid ? 0 : seconds),
    0,
  );
  const all = [...saturated.answers, ...half.answers];
  const slowDown = count(saturated.answers, ({ sample }) => sample.includes('slow_down'));
  return {
    workload,
    target: server.target.name,
    ...(variant === undefined ? {} : { variant }),
    repetition,
    figures: {
      perSecond: saturated.requests / saturated.seconds,
      cpuMicros: ((saturated.cpu[server.pid] ?? 0) / saturated.requests) * 1e6,
      storeMicros: (storeSeconds / saturated.requests) * 1e6,
      serverBusy: (saturated.cpu[server.pid] ?? 0) / saturated.seconds,
      generatorBusy: saturated.generatorBusy,
      p50: half.latency.p50,
      p99: half.latency.p99,
      max: half.latency.max,
      halfPerSecond: half.requests / half.seconds,
      halfCpuMicros: ((half.cpu[server.pid] ?? 0) / half.requests) * 1e6,
      slowDownShare: slowDown / saturated.requests,
      residentMiB: residentBytes(server.pid) / 2 ** 20,
    },
    wrong: count(all, (answer) => !rightAnswers[workload](answer)),
  };
}

const count = (answers: AnswerKind[], matches: (answer: AnswerKind) => boolean): number =>
  answers.filter(matches).reduce((sum, answer) => sum + answer.count, 0);

function line({ workload, target, variant, repetition, figures, wrong }: Measurement): string {
  const name = variant ? `${target} ${variant}` : target;
  const { perSecond = 0, cpuMicros = 0, p50 = 0, p99 = 0, generatorBusy = 0 } = figures;
  const parts = [
    `${workload} #${repetition + 1} ${name}`.padEnd(32),
    `${Math.round(perSecond)}/s`.padStart(9),
    `${cpuMicros.toFixed(1)} µs`.padStart(10),
    `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms at half`,
    `generator ${Math.round(generatorBusy * 100)} %`,
  ];
  return [...parts, ...(wrong ? [`${wrong} WRONG`] : [])].join('  ');
}
