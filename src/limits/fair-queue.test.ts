import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createFairQueue } from './fair-queue.ts';

/** Work that ends when told to, one at a time, and the order in which it came to be done. */
function createBench({ slots = 1, mostWaiting = 8, crowd = 1000 } = {}) {
  let now = 0;
  const later: { at: number; work: () => void }[] = [];
  const timer = {
    now: () => now,
    later: (after: number, work: () => void) => void later.push({ at: now + after, work }),
  };
  const queue = createFairQueue({ slots, mostWaiting, crowd, timer });
  const order: string[] = [];
  const refused: string[] = [];
  const running: (() => void)[] = [];
  const ask = (line: string, known = false) =>
    queue
      .run({ line, known }, () => {
        order.push(line);
        return new Promise<void>((resolve) => running.push(resolve));
      })
      .catch(({ code }: { code: string }) => void refused.push(`${line}: ${code}`));
  const finish = async () => {
    running.shift()?.();
    await turn();
  };
  const finishAll = async () => {
    while (running.length > 0) await finish();
  };
  const advance = async (milliseconds: number) => {
    now += milliseconds;
    for (const one of later.splice(0)) one.at <= now ? one.work() : later.push(one);
    await turn();
  };
  return { ask, order, refused, running, finish, finishAll, advance };
}

test('fault B2: networks take turns, however many one of them has heaped up', async () => {
  const { ask, order, finishAll } = createBench({ mostWaiting: 20 });
  for (let i = 0; i < 10; i++) void ask('greedy');
  for (const other of ['a', 'b', 'b']) void ask(other);
  await finishAll();
  assert.deepEqual(order.slice(0, 7), ['greedy', 'greedy', 'a', 'b', 'greedy', 'b', 'greedy']);
  assert.equal(order.length, 13);
});

test('fault B2: known browsers get every other turn in whatever crowd of networks', async () => {
  const { ask, order, finishAll } = createBench({ mostWaiting: 200 });
  for (let i = 0; i < 100; i++) void ask(`network ${i}`);
  for (let i = 0; i < 3; i++) void ask(`owner ${i}`, true);
  await finishAll();
  assert.deepEqual(
    [0, 1, 2].map((i) => order.indexOf(`owner ${i}`)),
    [1, 3, 5],
  );
});

test('fault B2: when there is no room, whoever has most waiting is refused, and nobody else', async () => {
  const { ask, order, refused, finishAll } = createBench({ mostWaiting: 8 });
  for (let i = 0; i < 12; i++) void ask('greedy');
  await turn();
  assert.equal(refused.length, 3, 'one runs, eight wait');
  for (const other of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void ask(other);
  for (let i = 0; i < 5; i++) void ask('owner', true);
  await finishAll();
  assert.ok(
    refused.every((one) => one === 'greedy: unavailable'),
    refused.join(', '),
  );
  for (const other of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'owner']) assert.ok(order.includes(other), other);
});

test('fault B2: where all have the same, the last one to come is refused', async () => {
  const { ask, refused, finishAll } = createBench({ mostWaiting: 3 });
  for (const network of ['a', 'b', 'c', 'd', 'e']) void ask(network);
  await turn();
  assert.deepEqual(refused, ['e: unavailable']);
  await finishAll();
});

test('fault B2: there are never more at work than slots, also after failures', async () => {
  const queue = createFairQueue({ slots: 2, mostWaiting: 100, crowd: 10 });
  let atWork = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) =>
      queue.run({ line: `${i % 3}`, known: i % 2 === 0 }, async () => {
        most = Math.max(most, ++atWork);
        await turn();
        atWork -= 1;
        if (i % 5 === 0) throw new Error('failed');
      }),
    ),
  );
  assert.equal(most, 2);
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 10);
});

test('fault B2: a crowd of strangers rests for as long as it worked; whoever is known does not wait for that', async () => {
  const { ask, order, finish, advance, running } = createBench({ mostWaiting: 20, crowd: 3 });
  for (let i = 0; i < 6; i++) void ask(`network ${i}`);
  await advance(30);
  await finish();
  assert.deepEqual(order, ['network 0'], 'five wait, and the slot rests');
  await advance(29);
  assert.equal(running.length, 0);
  await advance(1);
  assert.deepEqual(order, ['network 0', 'network 1']);
  await advance(30);
  await finish();
  void ask('owner', true);
  await advance(0);
  assert.equal(order.at(-1), 'owner', 'at once');
  await advance(30);
  assert.equal(running.length, 1, 'and nobody else beside them');
  await finish();
  // Three that wait are still a crowd, two are none.
  await advance(30);
  await finish();
  assert.equal(running.length, 0);
  await advance(30);
  await finish();
  await finish();
  assert.deepEqual(order.slice(-2), ['network 4', 'network 5']);
});
