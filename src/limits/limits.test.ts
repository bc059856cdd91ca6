import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { minutes } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createLimits } from './limits.ts';

const fiveInTen = { limit: 5, window: minutes(10) };

test('the sixth of five tries is refused until the window ends, at a time that can be named', async () => {
  const clock = createTestClock();
  const limits = createLimits({ ephemeral: createMemory({ clock }), clock });
  const end = clock.now() + minutes(10);
  for (let n = 1; n <= 5; n++) {
    assert.equal((await limits.peek('a', fiveInTen)).allowed, true);
    assert.deepEqual(await limits.hit('a', fiveInTen), { allowed: true, count: n, retryAt: end });
    clock.advance(minutes(1));
  }
  assert.deepEqual(await limits.peek('a', fiveInTen), { allowed: false, count: 5, retryAt: end });
  assert.deepEqual(await limits.hit('a', fiveInTen), { allowed: false, count: 6, retryAt: end });
  assert.equal((await limits.hit('b', fiveInTen)).allowed, true, 'keys do not share');

  clock.set(end - 1);
  assert.equal((await limits.hit('a', fiveInTen)).allowed, false);
  clock.set(end);
  assert.equal((await limits.peek('a', fiveInTen)).count, 0);
  assert.deepEqual(await limits.hit('a', fiveInTen), { allowed: true, count: 1, retryAt: end + minutes(10) });
});

test('of many tries at once exactly the limit is allowed', async () => {
  const clock = createTestClock();
  const limits = createLimits({ ephemeral: createMemory({ clock }), clock });
  const results = await Promise.all(Array.from({ length: 50 }, () => limits.hit('a', fiveInTen)));
  assert.equal(results.filter(({ allowed }) => allowed).length, 5);
});
