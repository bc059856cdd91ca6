import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until the test moves it. */
export type TestClock = Clock & {
  /** Moves it by so many milliseconds. */
  advance(milliseconds: number): void;
  set(time: number): void;
};

export function createTestClock(start = Date.UTC(2030, 0, 1, 12)): TestClock {
  let time = start;
  return {
    now: () => time,
    advance(milliseconds) {
      time += milliseconds;
    },
    set(to) {
      time = to;
    },
  };
}
