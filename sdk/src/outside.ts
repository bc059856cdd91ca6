import { LinkError } from './link-error.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What the SDK takes from the machine. Tests hand in their own. */
export type Time = {
  /** Milliseconds that never jump, whatever happens to the wall clock: a TV often starts in 1970. */
  now(): number;
  /** Epoch milliseconds, for showing to people and for storing. */
  date(): number;
  setTimeout(run: () => void, milliseconds: number): unknown;
  clearTimeout(handle: unknown): void;
};

export type Outside = { fetch: Fetch; time: Time; random: () => number };

const systemTime: Time = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

export function outsideOf(options: {
  fetch?: Fetch | undefined;
  time?: Time | undefined;
  random?: (() => number) | undefined;
}): Outside {
  return {
    // Called through a closure: browsers refuse a `fetch` whose `this` is not the window.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    time: options.time ?? systemTime,
    random: options.random ?? Math.random,
  };
}

/** Rejects with `aborted` as soon as the signal fires. */
export function wait(time: Time, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const stop = () => {
      time.clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = time.setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

export function aborted(signal: AbortSignal | undefined): LinkError {
  return new LinkError('aborted', 'Cancelled.', { cause: signal?.reason });
}
