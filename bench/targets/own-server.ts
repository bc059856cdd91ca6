import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/helpers/servers.ts';
import { startChild } from '../child.ts';
import { untilListening } from './listening.ts';
import type { Running, StartWishes, Target } from './target.ts';

/** What the script of a server gets as its one argument, in JSON. */
export type ServerOrder = { port: number; folder: string; settings: Record<string, string> };

/** Starts one of the server scripts of this folder, which answer the questions of `control.ts`. */
export async function startOwnServer(
  target: Target,
  script: string,
  wishes: StartWishes,
  settings: Record<string, string> = {},
): Promise<Running> {
  const port = await freePort();
  const { folder, core, env = {} } = wishes;
  const child = startChild({
    script: fileURLToPath(new URL(`./${script}.js`, import.meta.url)),
    args: [JSON.stringify({ port, folder, settings } satisfies ServerOrder)],
    name: target.name,
    core,
    env,
    log: join(folder, 'server.log'),
  });
  await Promise.race([untilListening(port), child.failure]);
  let files = 0;
  const prepare: Running['prepare'] = async (state, count) => {
    const file = join(folder, `${state}-${++files}.txt`);
    await child.ask('prepare', { state, count, file });
    return file;
  };
  return {
    target,
    port,
    pid: child.pid,
    spawnedAt: child.startedAt,
    waiting: wishes.waiting ? await prepare('pending', wishes.waiting) : undefined,
    prepare,
    approve: (userCode) => child.ask('approve', userCode),
    memory: () => child.ask('memory'),
    startProfile: () => child.ask('startProfile'),
    stopProfile: (file) => child.ask('stopProfile', file),
    stop: () => child.stop(),
  };
}
