/** Time, handed in so that a test can move it. */
export type Clock = {
  /** Epoch milliseconds. */
  now(): number;
};

export const systemClock: Clock = { now: () => Date.now() };

/** One that goes by another, which it is told now and then. */
export type FollowingClock = Clock & {
  /** It is `time` there just now, give or take `doubt` milliseconds. */
  follow(time: number, doubt: number): void;
};

/** Two clocks that go alike are not set for less, so that time goes on evenly. In milliseconds. */
const evenly = 100;

/** In between, time goes on as the processor counts it: whoever sets the clock of this machine moves nothing here. */
export function createFollowingClock(local: Clock): FollowingClock {
  let at = { time: local.now(), counted: performance.now() };
  const now = (): number => Math.round(at.time + performance.now() - at.counted);
  return {
    now,
    follow(time, doubt) {
      if (Math.abs(time - now()) > doubt + evenly) at = { time, counted: performance.now() };
    },
  };
}

export const seconds = (n: number): number => n * 1000;
export const minutes = (n: number): number => n * 60_000;
export const hours = (n: number): number => n * 3_600_000;
export const days = (n: number): number => n * 86_400_000;
