import type { Fetch, Time } from '../outside.ts';

type Timer = { at: number; run: () => void };

/**
 * Time that passes only when nothing is on the wire, and then at once to the next timer: ten minutes of polling take
 * milliseconds, and every pause is exact.
 */
export function createSkippingTime() {
  const timers = new Set<Timer>();
  const requests: { path: string; at: number }[] = [];
  let now = 1000;
  let onTheWire = 0;
  const wallClockStart = Date.UTC(2026, 0, 1);

  const time: Time = {
    now: () => now,
    date: () => wallClockStart + now,
    setTimeout: (run, milliseconds) => {
      const timer = { at: now + milliseconds, run };
      timers.add(timer);
      setImmediate(passIfQuiet);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
  };

  const fetchAndCount: Fetch = async (url, init) => {
    onTheWire += 1;
    requests.push({ path: new URL(url).pathname, at: now });
    try {
      const response = await fetch(url, init);
      const body = await response.text();
      return new Response(body, { status: response.status, headers: response.headers });
    } finally {
      onTheWire -= 1;
      setImmediate(passIfQuiet);
    }
  };

  function passIfQuiet() {
    if (onTheWire === 0) pass();
  }

  /** Runs the earliest timer; a test calls it while a request hangs. */
  function pass() {
    const [first] = [...timers].sort((a, b) => a.at - b.at);
    if (!first) return;
    timers.delete(first);
    now = Math.max(now, first.at);
    first.run();
  }

  /** Lets so many seconds pass while a request is on the wire, with every timer that falls into them. */
  function hold(seconds: number) {
    let over = false;
    timers.add({
      at: now + seconds * 1000,
      run: () => {
        over = true;
      },
    });
    while (!over) pass();
  }

  /** Seconds between one request to the path and the next. */
  function gaps(path: string): number[] {
    const times = requests.filter((request) => request.path === path).map((request) => request.at);
    return times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1000);
  }

  return { outside: { time, fetch: fetchAndCount, random: () => 0 }, pass, hold, gaps, requests };
}
