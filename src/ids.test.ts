import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '../test/helpers/clock.ts';
import { days } from './clock.ts';
import { newOrderedId } from './ids.ts';
import { systemRandom as random } from './random.ts';

test('what is made later sorts behind', () => {
  const clock = createTestClock();
  const made = Array.from({ length: 50 }, () => {
    clock.advance(days(400));
    return newOrderedId<string>({ random, clock });
  });
  assert.deepEqual(made, made.toSorted());
});

test('F24: behind the time there are 128 random bits', () => {
  const clock = createTestClock();
  const ids = Array.from({ length: 100 }, () => newOrderedId<string>({ random, clock }));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-z]{9}\.[\w-]{22}$/);
});
