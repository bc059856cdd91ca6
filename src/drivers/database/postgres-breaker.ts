/** Milliseconds between two probes. */
const probeEvery = 500;

export type Breaker = {
  /** Undefined while the server is thought to be there, else why it is not. */
  readonly open: Error | undefined;
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
 * What is known to be away is not waited for: after one who waited in vain everybody else is told at once (E7), and so are
 * those who wait just now. Meanwhile one at a time looks whether it is back.
 */
export function createBreaker(probe: () => Promise<unknown>): Breaker {
  let open: Error | undefined;
  let suspectBefore = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let signal = createSignal();

  async function look(): Promise<void> {
    try {
      await probe();
      open = undefined;
      signal = createSignal();
    } catch {
      if (!closed) timer = setTimeout(() => void look(), probeEvery).unref();
    }
  }

  return {
    get open() {
      return open;
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
