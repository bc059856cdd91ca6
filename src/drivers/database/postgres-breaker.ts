import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two probes. */
const probeEvery = 500;
/** So long whoever asks waits for the probe: a server that is back answers sooner. */
const moment = 150;

export type Breaker = {
  /** Undefined while the server is thought to be there, else why it is not. */
  readonly open: Error | undefined;
  /** Whether the server is back just now: by one probe for all who ask, for which nobody waits longer than a moment. */
  isBack(): Promise<boolean>;
  /** Rejects as soon as the server is known to be away; never resolves. */
  readonly opened: Promise<never>;
  /**
   * When somebody last was not answered, as the processor counts it: a connection that has not been heard of since may be one
   * that the network has forgotten.
   */
  readonly suspectBefore: number;
  /** Somebody was not answered in time, or met nobody. */
  failed(cause: unknown): void;
  close(): void;
};

/**
 * What is known to be away is not waited for: after one who waited in vain everybody else is told at once (fault E7), and
 * so are those who wait just now. Meanwhile one at a time looks whether it is back.
 */
export function createBreaker(probe: () => Promise<unknown>): Breaker {
  let open: Error | undefined;
  let suspectBefore = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let signal = createSignal();

  let looking: Promise<void> | undefined;

  async function lookOnce(): Promise<void> {
    clearTimeout(timer);
    try {
      await probe();
      open = undefined;
      signal = createSignal();
    } catch {
      if (!closed) timer = setTimeout(() => void look(), probeEvery).unref();
    } finally {
      looking = undefined;
    }
  }
  const look = (): Promise<void> => {
    looking ??= lookOnce();
    return looking;
  };

  return {
    get open() {
      return open;
    },
    async isBack() {
      await Promise.race([look(), pause(moment, undefined, { ref: false })]);
      return open === undefined;
    },
    get opened() {
      return signal.promise;
    },
    get suspectBefore() {
      return suspectBefore;
    },
    failed(cause) {
      suspectBefore = performance.now();
      if (open || closed) return;
      open = cause instanceof Error ? cause : new Error(String(cause));
      signal.reject(open);
      void look();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function createSignal(): { promise: Promise<never>; reject(reason: Error): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  // Often nobody waits just then.
  promise.catch(() => {});
  return { promise, reject };
}
