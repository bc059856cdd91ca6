import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { answerQuestions } from '../child.ts';
import type { ServerOrder } from './own-server.ts';
import { probeAnswers } from './probe.ts';
import type { CodeState } from './target.ts';

type Preparation = { state: CodeState; count: number; file: string };

/** How a server script lets itself be prepared: through its own storage, without a request. */
type Controls = {
  /** Makes one code and returns it. */
  makeCode(state: CodeState): Promise<string> | string;
  approve(userCode: string): Promise<void> | void;
  /** Until `end` is called, writes need not be durable. */
  hurry?(): { end(): void };
};

export const serverOrder = (): ServerOrder => JSON.parse(process.argv[2] ?? '{}') as ServerOrder;

export function takeControl({ makeCode, approve, hurry }: Controls): void {
  answerQuestions({
    ...probeAnswers,
    async prepare({ state, count, file }: Preparation) {
      const hurried = hurry?.();
      const lines = createWriteStream(file);
      for (let i = 0; i < count; i++) {
        if (!lines.write(`${await makeCode(state)}\n`)) await once(lines, 'drain');
      }
      lines.end();
      await once(lines, 'close');
      hurried?.end();
    },
    approve: async (userCode: string) => approve(userCode),
  });
  // Whoever asks may have ended without a word.
  process.on('disconnect', () => process.exit(1));
}
