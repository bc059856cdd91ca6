import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { drawChart } from './chart.ts';
import { judgeGoals } from './goals.ts';
import { type Load, type LoadOrder, startLoad } from './load/load.ts';
import { readOptions, UsageError, usage } from './options.ts';
import type { Running } from './targets/target.ts';
import { allTargets, stopSharedStores } from './targets/targets.ts';
import { rightAnswers } from './workloads/right-answers.ts';

/** Nothing is timed here: only that every server of the bench gives right answers to what the bench sends it. */
describe('the bench', () => {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-bench-test-'));
  let load: Load;

  before(async () => {
    load = await startLoad({ core: undefined });
  });
  after(async () => {
    await load.stop();
    await stopSharedStores();
    rmSync(root, { recursive: true, force: true });
  });

  const send = (server: Running, order: Partial<LoadOrder> & Pick<LoadOrder, 'request'>) =>
    load.run({
      port: server.port,
      connections: 2,
      pace: { kind: 'closed' },
      warmup: 0,
      // It ends with the last value or at the limit, long before this.
      seconds: 20,
      watch: [server.pid],
      ...order,
    });

  for (const target of allTargets) {
    it(`${target.name} answers every workload rightly`, async () => {
      const server = await target.start({ folder: mkdtempSync(join(root, 'server-')), core: undefined, waiting: 5 });
      try {
        const { issue, poll, refresh } = target.requests;
        const issued = await send(server, { request: issue, limit: 3 });
        assert.ok(issued.answers.every(rightAnswers.issue), `${issued.answers[0]?.sample}`);

        const waiting = { file: server.waiting ?? '', use: 'shuffled' as const };
        const polled = await send(server, { request: poll, values: waiting, limit: 20 });
        assert.equal(polled.requests, 20);
        assert.ok(polled.answers.every(rightAnswers.poll), `${polled.answers[0]?.sample}`);

        const codes = await server.prepare('approved', 4);
        const collect = refresh ? { collect: { field: 'refresh_token', file: `${codes}.refresh` } } : {};
        const redeemed = await send(server, { request: poll, values: { file: codes, use: 'once' }, ...collect });
        assert.equal(redeemed.requests, 4);
        assert.ok(redeemed.answers.every(rightAnswers.redeem), `${redeemed.answers[0]?.sample}`);
        if (refresh) {
          const values = { file: `${codes}.refresh`, use: 'chained' as const, field: 'refresh_token' };
          const refreshed = await send(server, { request: refresh, values, limit: 9 });
          assert.ok(refreshed.answers.every(rightAnswers.refresh), `${refreshed.answers[0]?.sample}`);
        }
        assert.ok((await server.memory()).heap > 0);
      } finally {
        await server.stop();
      }
    });
  }

  it('judges a goal by repetitions of the same number, and leaves wrong answers out', () => {
    const options = readOptions(['--quick']);
    assert.ok(options !== 'help');
    const issue = (target: string, repetition: number, perSecond: number, wrong = 0) => ({
      workload: 'issue' as const,
      target,
      repetition,
      figures: { perSecond },
      wrong,
    });
    const measurements = [
      issue('latchkey-sqlite', 0, 60),
      issue('latchkey-sqlite', 1, 80),
      issue('latchkey-sqlite', 2, 10),
      issue('floor-http', 0, 100),
      issue('floor-http', 1, 200),
      issue('floor-http', 2, 1, 7),
    ];
    const goal = judgeGoals(measurements, options).find(({ measure }) => measure.startsWith('issue a code'));
    assert.deepEqual(goal?.measured, { median: 0.5, min: 0.4, max: 0.6, count: 2 });
    assert.equal(goal?.met, true);
    assert.match(drawChart(measurements), /<svg .*>floor-http<.*<\/svg>/s);
  });
});

describe('the options of the bench', () => {
  it('are refused in one line each when they make no sense', () => {
    const wrong: Record<string, string[]> = {
      "Unknown option '--nonsense'": ['--nonsense'],
      "Unknown option '-x'": ['-x'],
      "Unexpected argument 'quick'. This command does not take positional arguments": ['quick'],
      "Option '--only <value>' argument missing": ['--only'],
      "Option '--only' argument is ambiguous.": ['--only', '--quick'],
      "Option '--quick' does not take an argument": ['--quick=1'],
      'There is no workload "w0". Use issue, poll': ['--only', 'w0'],
      'There is no target "ours". Use ': ['--targets', 'floor-http,ours'],
      '--repetitions takes a number, not "0".': ['--repetitions', '0'],
      '--repetitions takes a number, not "1.5".': ['--repetitions', '1.5'],
      '--seconds takes a number, not "0.0".': ['--seconds', '0.0'],
      '--seconds takes a number, not "soon".': ['--seconds', 'soon'],
    };
    for (const [words, args] of Object.entries(wrong)) {
      assert.throws(
        () => readOptions(args),
        (error) => error instanceof UsageError && error.message.startsWith(words) && !error.message.includes('\n'),
        args.join(' '),
      );
    }
    const right = readOptions(['--only', 'w2,redeem', '--repetitions', '3', '--seconds', '0.5']);
    assert.ok(right !== 'help');
    assert.deepEqual([right.workloads, right.repetitions, right.seconds], [['poll', 'redeem'], 3, 0.5]);
  });

  it('end the command with their usage and exit code 2, and start nothing', () => {
    const command = fileURLToPath(new URL('./bench.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, '--nonsense'], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [2, '']);
    assert.equal(stderr, `bench: Unknown option '--nonsense'\n\n${usage}`);
  });
});
