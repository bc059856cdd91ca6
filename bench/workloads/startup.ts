import type { Context } from '../bench-context.ts';
import type { RequestShape } from '../load/load.ts';
import { latchkeySqlite } from '../targets/targets.ts';

/** The client that a fresh install has by itself. */
const exampleClient = 'example-tv';

/**
 * W7: from starting the command, on an empty folder and with both cores as a person would, to the first code issued.
 * Keys are made and the database is laid out in that time.
 */
export async function measureStartup(context: Context): Promise<void> {
  const targets = context.options.targets.filter((target) => target.alone);
  for (let repetition = 0; repetition < context.options.repetitions; repetition++) {
    for (const target of targets) {
      const server = await context.start(target, { core: undefined, untouched: true });
      const { issue } = target.requests;
      const shape =
        target === latchkeySqlite
          ? { ...issue, body: issue.body.replace('client_id=tv', `client_id=${exampleClient}`) }
          : issue;
      await firstAnswer(server.port, shape);
      const milliseconds = performance.now() - server.spawnedAt;
      await server.stop();
      context.note({ workload: 'startup', target: target.name, repetition, figures: { milliseconds } });
      context.say(`startup #${repetition + 1} ${target.name}: ${Math.round(milliseconds)} ms to the first code`);
    }
  }
}

async function firstAnswer(port: number, { path, type, body }: RequestShape): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`The first answer was ${response.status} ${text}`);
}
