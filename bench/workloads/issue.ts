import type { Context } from '../bench-context.ts';
import { measureThroughput, type Subject } from './throughput.ts';

/** W1: a device asks for a code; what stores anything has it on disk when it answers. */
export async function measureIssue(context: Context): Promise<void> {
  const subjects: Subject[] = [];
  for (const target of context.options.targets) {
    subjects.push({ server: await context.start(target), request: target.requests.issue });
  }
  await measureThroughput(context, 'issue', subjects);
}
