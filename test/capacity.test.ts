import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { flowOf, type Inputs, meanWait, plan, planCells, planWith, spread } from '../tools/capacity-model.ts';
import { simulate } from '../tools/capacity-simulation.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const described = JSON.parse(readFileSync(`${root}/tools/capacity-inputs.json`, 'utf8'));

/** The numbers of the file, with some of the load replaced. */
function inputsWith(load: Partial<Inputs['load']> = {}): Inputs {
  const groups = Object.entries<Record<string, { value: number }>>(described).map(([group, entries]) => [
    group,
    Object.fromEntries(Object.entries(entries).map(([name, { value }]) => [name, value])),
  ]);
  const inputs = Object.fromEntries(groups) as Inputs;
  return { ...inputs, load: { ...inputs.load, ...load } };
}

const near = (actual: number, expected: number, share: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * share, `${what}: ${actual} is not ${expected}`);

test('devices that all run out: a code per life, a poll per interval, nothing else', () => {
  const inputs = inputsWith({ approvedShare: 0, heldShare: 0, linkedPerWaiting: 0 });
  assert.equal(meanWait(inputs.load, 600), 600);
  const flow = flowOf(6000, inputs, 5);
  assert.deepEqual(flow, { interval: 5, codes: 10, approvals: 0, polls: 1200, heldPolls: 0, refreshes: 0 });
  const { databaseWrites, catchUpRows, valkeyCommands } = planWith(6000, 1, inputs);
  assert.deepEqual(
    { databaseWrites, catchUpRows, valkeyCommands },
    { databaseWrites: 10, catchUpRows: 0, valkeyCommands: 0 },
  );
});

test('held devices ask once in the time they are held, and linked ones once in the life of a token', () => {
  const flow = flowOf(25_000, inputsWith({ heldShare: 1, linkedPerWaiting: 6 }), 5);
  assert.equal(flow.polls, 0);
  assert.equal(flow.heldPolls, 1000);
  assert.equal(flow.refreshes, 250);
});

test('a code is known to one process, or with time to all of them', () => {
  const { load } = inputsWith();
  assert.deepEqual(spread(1, 5, load, 600), { known: 1, met: 1 });
  const settled = spread(8, 5, { ...load, affinity: 1 }, 600);
  assert.deepEqual(settled, { known: 1 / 8, met: 1 });
  const endless = spread(8, 5, { ...load, approvedShare: 0 }, 1e6);
  near(endless.known, 1, 0.001, 'known');
  near(endless.met, 8, 0.001, 'met');
});

test('a plan keeps what it promises, and more devices never need less', () => {
  for (const heldShare of [0, 0.5, 1]) {
    for (const affinity of [0, 1]) {
      let before = 0;
      for (const waiting of [1e3, 1e4, 1e5, 3e5]) {
        const inputs = inputsWith({ heldShare, affinity });
        const { processes, cores, heldPerProcess } = plan(waiting, inputs);
        assert.ok(cores / processes <= inputs.limits.coreUse, `${waiting}: ${cores} cores on ${processes}`);
        assert.ok(heldPerProcess <= inputs.product.mostHeld);
        assert.ok(processes >= before);
        before = processes;
      }
    }
  }
});

test('cells keep what processes share below what was planned, and no plan is without end', () => {
  const inputs = inputsWith();
  for (const waiting of [1e4, 1e6, 1e7, 1e8]) {
    const { cells, cell } = planCells(waiting, inputs);
    assert.ok(cell.use <= inputs.limits.sharedUse);
    near(cells * cell.waiting, waiting, 1e-9, 'devices');
  }
});

test('the arithmetic says what devices do that are played out one by one', () => {
  const { load, product } = inputsWith({ approvedShare: 0.7, timeToApprove: 90 });
  for (const processes of [1, 3, 12]) {
    const seen = simulate({ load, product, interval: 5, processes, codes: 8, watched: 4000, seed: 7 });
    const waiting = 8 * meanWait(load, product.codeLife);
    const { known, met } = spread(processes, 5, load, product.codeLife);
    near(seen.waiting, waiting, 0.04, 'waiting');
    near(seen.polls, waiting / 5, 0.05, 'polls');
    near(seen.codesKnown, waiting * known, 0.05, 'known');
    near(seen.firstSights, 8 * (met - 1), 0.05, 'first sights');
  }
});

test('docs/scale.md says what the model says', () => {
  const checked = spawnSync(process.execPath, ['tools/simulate-capacity.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(checked.status, 0, checked.stderr);
});
