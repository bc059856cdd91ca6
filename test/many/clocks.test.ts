import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seconds } from '../../src/clock.ts';
import { expectFairAnswers } from '../helpers/balancer.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { createManyProcesses, type ManyProcesses } from '../helpers/many-processes.ts';
import { linkDevices, startRefreshLoad } from '../helpers/refresh-load.ts';
import { createSeeded } from '../helpers/seeded.ts';

/** How long the load lasts. */
const budget = seconds(Number(process.env.FAULT_SECONDS || 6));

/** Three processes, of which one is a minute and a half ahead and one as much behind. */
describe('clocks apart', () => {
  let many: ManyProcesses;
  before(async () => {
    many = await createManyProcesses();
    const skewed = (milliseconds: number) => ({
      NODE_OPTIONS: `--import ${fileURLToPath(new URL('../helpers/skewed-clock.js', import.meta.url))}`,
      SKEWED_CLOCK: String(milliseconds),
    });
    await many.start();
    await many.start(skewed(seconds(90)));
    await many.start(skewed(-seconds(90)));
  });
  after(() => many?.remove());

  it('fault E1: no link ends, nothing is lost and nothing is given twice, whichever process a retry meets', async (t) => {
    const seeded = createSeeded();
    t.diagnostic(`seed ${seeded.seed}`);
    const { balancer, tv, people } = many;
    const tokens = await linkDevices(balancer.url, tv, people[0] ?? '', 8);
    const refreshing = startRefreshLoad({ url: balancer.url, client: tv, tokens, seeded });
    const linking = startLinkLoad({ url: balancer.url, client: tv, emails: [...people], devices: 2 });
    await pause(budget);
    await Promise.all([refreshing.finish(), linking.finish()]);
    assert.deepEqual(refreshing.wrong, []);
    await expectEachLinkedOnce(linking, balancer.url, tv);
    const { answered, longest } = expectFairAnswers(balancer.ledger);
    t.diagnostic(
      `${refreshing.refreshed} refreshes, ${refreshing.repeated} of them asked for again; ${linking.linkings.length} links; ` +
        `${answered} answers, the slowest after ${longest} ms`,
    );
  });

  it('fault E1: a process whose clock is off says so: not ready, a line in the log, a number among the metrics', async () => {
    const [right, ahead, behind] = many.processes;
    for (const [process, skew] of [
      [right, 0],
      [ahead, 90],
      [behind, -90],
    ] as const) {
      const ready = await fetch(`${process?.url}/readyz`);
      assert.equal(ready.status, skew === 0 ? 200 : 503);
      assert.equal(((await ready.json()) as { clock: boolean }).clock, skew === 0);
      const metrics = await (await fetch(`${process?.url}/metrics`)).text();
      const told = Number(/^latchkey_clock_skew_seconds (\S+)$/m.exec(metrics)?.[1]);
      assert.ok(Math.abs(told - skew) < 2, `${told} for ${skew}`);
      assert.equal(/clock of this machine/.test(process?.output() ?? ''), skew !== 0);
    }
  });
});
