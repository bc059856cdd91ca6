import type { Context } from '../bench-context.ts';
import { connections, measureThroughput, type Subject } from './throughput.ts';

/** Linked devices that refresh in turns. */
const devices = 1000;

/** W4: a linked device renews its tokens; the refresh token it gets is the one it uses the next time. */
export async function measureRefresh(context: Context): Promise<void> {
  const subjects: Subject[] = [];
  for (const target of context.options.targets) {
    const { refresh, poll } = target.requests;
    if (!refresh) {
      context.remark(`${target.name} has no refresh tokens in its device flow, so it is missing there.`);
      continue;
    }
    const server = await context.start(target);
    const codes = await server.prepare('approved', devices);
    const file = `${codes}.refresh`;
    await context.load.run({
      port: server.port,
      request: poll,
      values: { file: codes, use: 'once' },
      collect: { field: 'refresh_token', file },
      connections,
      pace: { kind: 'closed' },
      warmup: 0,
      seconds: 60,
      watch: [],
    });
    subjects.push({
      server,
      request: refresh,
      values: async () => ({ file, use: 'chained', field: 'refresh_token' }),
    });
  }
  await measureThroughput(context, 'refresh', subjects);
}
