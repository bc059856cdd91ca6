/** Held requests at most, in one process: each costs a socket and some 16 KiB. Beyond it, polls are answered at once. */
const mostHeld = 20_000;

type Release = () => void;

export type HeldPolls = ReturnType<typeof createHeldPolls>;

/**
 * Polls that wait for the decision instead of asking again (RFC 7240 `Prefer: wait`, as CIBA Core §10.1 has it).
 * One per device code: a device that asks again has given up on the request before.
 */
export function createHeldPolls() {
  const held = new Map<string, Release>();
  let draining = false;

  return {
    get size() {
      return held.size;
    },

    /**
     * Resolves when the code is decided, after `ms` milliseconds, or when `gone` says that nobody listens any more; with
     * false, at once, if there is no room.
     */
    wait(hash: string, ms: number, gone: AbortSignal): Promise<boolean> {
      if (draining || gone.aborted || (held.size >= mostHeld && !held.has(hash))) return Promise.resolve(false);
      held.get(hash)?.();
      return new Promise((resolve) => {
        const release = (): void => {
          clearTimeout(timer);
          gone.removeEventListener('abort', release);
          if (held.get(hash) === release) held.delete(hash);
          resolve(true);
        };
        const timer = setTimeout(release, ms);
        gone.addEventListener('abort', release, { once: true });
        held.set(hash, release);
      });
    },

    release: (hash: string): void => held.get(hash)?.(),

    /** Answers everybody now and holds nobody from now on: the process is about to stop. */
    drain(): void {
      draining = true;
      for (const release of [...held.values()]) release();
    },
  };
}
