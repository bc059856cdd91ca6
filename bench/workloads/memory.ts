import type { Context } from '../bench-context.ts';
import { residentBytes } from '../machine.ts';
import type { Running, Target } from '../targets/target.ts';

const codes = 100_000;
const mebibyte = 2 ** 20;

/** W6: what 100,000 waiting codes add to a process, by starting it with none and with all of them. */
export async function measureMemory(context: Context): Promise<void> {
  for (const target of context.options.targets) {
    const empty = await sizeOf(context, target, 0);
    const full = await sizeOf(context, target, codes);
    const figures = {
      heapMiB: (full.heap - empty.heap) / mebibyte,
      buffersMiB: (full.buffers - empty.buffers) / mebibyte,
      residentMiB: (full.resident - empty.resident) / mebibyte,
      emptyHeapMiB: empty.heap / mebibyte,
    };
    context.note({ workload: 'memory', target: target.name, repetition: 0, figures });
    const { heapMiB, buffersMiB, residentMiB } = figures;
    context.say(
      `memory ${target.name}: heap ${heapMiB.toFixed(1)} + buffers ${buffersMiB.toFixed(1)} MiB, ` +
        `resident ${residentMiB.toFixed(1)} MiB for ${codes.toLocaleString('en')} codes`,
    );
  }
}

async function sizeOf(context: Context, target: Target, waiting: number) {
  const server = await context.start(target, { waiting });
  try {
    await pollAFew(context, server);
    const { heap, buffers } = await server.memory();
    return { heap, buffers, resident: residentBytes(server.pid) };
  } finally {
    await server.stop();
  }
}

/** So that code loaded on first use is in both sizes. */
async function pollAFew({ load }: Context, server: Running): Promise<void> {
  const file = server.waiting ?? (await server.prepare('pending', 1));
  await load.run({
    port: server.port,
    request: server.target.requests.poll,
    values: { file, use: 'shuffled' },
    connections: 4,
    pace: { kind: 'closed' },
    warmup: 0,
    seconds: 1,
    limit: 500,
    watch: [],
  });
}
