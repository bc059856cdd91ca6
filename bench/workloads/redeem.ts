import type { Context } from '../bench-context.ts';
import { measureThroughput, type Subject } from './throughput.ts';

/** At first nobody knows how many codes a server gets through, and a slow start tells little. */
const fewestCodes = 2000;

/** W3: a device asks after its code was approved, and gets its tokens. Each code is good for one request. */
export async function measureRedeem(context: Context): Promise<void> {
  const subjects: Subject[] = [];
  for (const target of context.options.targets) {
    const server = await context.start(target);
    subjects.push({
      server,
      request: target.requests.poll,
      async values(rate, seconds) {
        const count = Math.max(fewestCodes, Math.ceil((rate ?? 0) * seconds * 1.5));
        return { file: await server.prepare('approved', count), use: 'once' };
      },
    });
  }
  await measureThroughput(context, 'redeem', subjects);
}
