import type { Context } from '../bench-context.ts';
import { type Load, startLoad } from '../load/load.ts';
import { canPin, otherCore, serverCore } from '../machine.ts';
import type { Running } from '../targets/target.ts';
import { latchkeyPostgres } from '../targets/targets.ts';
import { connections } from './throughput.ts';

/**
 * W8: two processes on one database against one. A generator costs time too and there are two cores, so each process
 * shares its core with a generator of its own: one such pair is compared with two.
 */
export async function measureProcesses(context: Context): Promise<void> {
  const { options } = context;
  if (!canPin) {
    context.remark('Two processes against one needs Linux, taskset and two cores; it was left out.');
    return;
  }
  const first = await context.start(latchkeyPostgres, { waiting: options.few, core: serverCore });
  const second = await context.start(latchkeyPostgres, { core: otherCore, beside: first });
  const loads = [await startLoad({ core: serverCore }), await startLoad({ core: otherCore })] as const;
  try {
    // So that the second process has seen the codes, and both are warm.
    await poll(loads[0], first, 3);
    await poll(loads[1], second, 3);
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      const alone = await poll(loads[0], first, options.seconds);
      const both = await Promise.all([poll(loads[0], first, options.seconds), poll(loads[1], second, options.seconds)]);
      const figures = { one: alone, two: both[0] + both[1], ratio: (both[0] + both[1]) / alone };
      context.note({ workload: 'processes', target: latchkeyPostgres.name, repetition, figures });
      context.say(
        `processes #${repetition + 1}: one ${Math.round(figures.one)}/s, two ${Math.round(figures.two)}/s, ` +
          `${figures.ratio.toFixed(2)} ×`,
      );
    }
  } finally {
    for (const load of loads) await load.stop();
    await second.stop();
    await first.stop();
  }
}

async function poll(load: Load, server: Running, seconds: number): Promise<number> {
  const result = await load.run({
    port: server.port,
    request: server.target.requests.poll,
    values: { file: server.waiting ?? '', use: 'shuffled' },
    connections,
    pace: { kind: 'closed' },
    warmup: 0.5,
    seconds,
    watch: [],
  });
  return result.requests / result.seconds;
}
