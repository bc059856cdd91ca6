import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answerQuestions } from '../child.ts';

/** Bytes, after a full collection; `buffers` lie outside the heap. */
export type Memory = { heap: number; buffers: number };

let session: Session | undefined;

/** What every measured process can be asked. */
export const probeAnswers = {
  memory(): Memory {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return { heap: heapUsed, buffers: external };
  },

  async startProfile() {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
  },

  async stopProfile(file: string) {
    if (!session) throw new Error('No profile was started.');
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
};

// Loaded into the real server by `--import`, which then needs no code for being measured.
if (process.execArgv.includes('--import') && process.channel) {
  answerQuestions(probeAnswers);
  process.channel.unref();
}
