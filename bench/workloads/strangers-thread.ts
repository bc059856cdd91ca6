import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { LatchkeyRunning } from '../targets/latchkey.ts';
import { inviteStrangers } from './strangers.ts';

type Invitation = { server: Pick<LatchkeyRunning, 'port' | 'env'>; crowds: number };

export type Strangers = {
  begin(): void;
  /** What was answered how often. */
  stop(): Promise<Record<string, number>>;
};

/**
 * Strangers in a thread of their own: their sending and reading must not stand between the clock and the people and devices
 * whose waiting is measured.
 */
export async function startStrangers({ port, env }: LatchkeyRunning, crowds: number): Promise<Strangers> {
  const invitation: Invitation = { server: { port, env }, crowds };
  const thread = new Worker(new URL(import.meta.url), { workerData: invitation });
  await once(thread, 'message');
  return {
    begin: () => thread.postMessage('begin'),
    async stop() {
      const told = once(thread, 'message');
      thread.postMessage('stop');
      const [statuses] = (await told) as [Record<string, number>];
      await thread.terminate();
      return statuses;
    },
  };
}

if (parentPort) {
  const { server, crowds } = workerData as Invitation;
  const strangers = await inviteStrangers(server, crowds);
  parentPort.postMessage('here');
  await once(parentPort, 'message');
  const done = new AbortController();
  parentPort.once('message', () => done.abort());
  parentPort.postMessage(await strangers.attack(done.signal));
}
