import type { Context } from '../bench-context.ts';
import { floor, latchkeySqlite } from '../targets/targets.ts';
import { measureThroughput, type Subject } from './throughput.ts';

/**
 * W2: a device asks while its code waits. Each poll is of another code, in random order; even so a fast server is
 * asked for each code more often than its interval allows, and one that minds says slow_down instead of
 * authorization_pending. Both are the same work and nearly the same bytes.
 */
export async function measurePoll(context: Context): Promise<void> {
  const { few, many, targets } = context.options;
  const subjects: Subject[] = [];
  const add = async (target: (typeof targets)[number], waiting: number): Promise<void> => {
    context.say(`${target.name}: preparing ${waiting.toLocaleString('en')} waiting codes …`);
    const server = await context.start(target, { waiting });
    const file = server.waiting ?? '';
    subjects.push({
      server,
      variant: waiting.toLocaleString('en'),
      request: target.requests.poll,
      values: async () => ({ file, use: 'shuffled' }),
    });
  };
  for (const target of targets) await add(target, few);
  for (const target of targets) if (target === latchkeySqlite || target === floor) await add(target, many);
  await measureThroughput(context, 'poll', subjects);
}
