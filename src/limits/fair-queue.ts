import { AppError } from '../errors.ts';

/** Who waits: strangers by their network, and by their account whoever is in a browser that is known to be its owner's. */
export type Waiter = { line: string; known: boolean };

type Place = { begin(): void; refuse(error: AppError): void };
type Lines = Map<string, Place[]>;

type Needs = {
  slots: number;
  mostWaiting: number;
  /** So many strangers waiting are a crowd: their work then rests for as long as it took. */
  crowd: number;
  timer?: { now(): number; later(milliseconds: number, work: () => void): void };
};

const systemTimer = {
  now: () => performance.now(),
  later: (milliseconds: number, work: () => void) => void setTimeout(work, milliseconds).unref(),
};

/**
 * A queue in which nobody waits for what others have heaped up: lines take turns, and known ones take every other turn
 * (fault B2). A crowd of strangers gets half the time of a slot, and everything else that the server does the other half.
 * When there is no more room, whoever has the longest line is refused, and nobody else.
 */
export function createFairQueue({ slots, mostWaiting, crowd, timer = systemTimer }: Needs) {
  const known: Lines = new Map();
  const strangers: Lines = new Map();
  let free = slots;
  let knownCameLast = false;
  /** Slots that are free for whoever is known, and rest from strangers. */
  let resting = 0;

  const sizeOf = (lines: Lines): number => [...lines.values()].reduce((size, line) => size + line.length, 0);

  /** The line that has waited longest gives its first, and goes to the end. */
  const next = (lines: Lines): Place | undefined => {
    const [name, line] = lines.entries().next().value ?? [];
    if (name === undefined || !line) return undefined;
    lines.delete(name);
    const place = line.shift();
    if (line.length > 0) lines.set(name, line);
    return place;
  };

  const leave = (waiter: Waiter, took: number): void => {
    if (!waiter.known && known.size === 0 && sizeOf(strangers) >= crowd) {
      resting += 1;
      timer.later(took, () => {
        // Somebody known has come meanwhile, and taken the slot.
        if (resting === 0) return;
        resting -= 1;
        goOn();
      });
    } else goOn();
  };

  const goOn = (): void => {
    knownCameLast = knownCameLast ? strangers.size === 0 : known.size > 0;
    const place = next(knownCameLast ? known : strangers);
    if (place) place.begin();
    else free += 1;
  };

  /** Whose last place goes to whoever comes now; undefined if they would be the greediest themselves. */
  const greedier = (lines: Lines, name: string): Place[] | undefined => {
    const [longest, line] = [...lines].reduce((one, other) => (other[1].length > one[1].length ? other : one));
    return longest === name || line.length <= (lines.get(name)?.length ?? 0) + 1 ? undefined : line;
  };

  const linesOf = ({ known: isKnown }: Waiter): Lines => (isKnown ? known : strangers);
  const isFull = (waiter: Waiter): boolean => free === 0 && sizeOf(linesOf(waiter)) >= mostWaiting;

  return {
    /** Throws what `run` would reject with just now: for whoever has work to do before. */
    expectRoom(waiter: Waiter): void {
      if (isFull(waiter) && !greedier(linesOf(waiter), waiter.line)) throw full();
    },

    /** Runs the work when its turn has come. Rejects with AppError `unavailable` when there is no room for it. */
    async run<T>(waiter: Waiter, work: () => Promise<T>): Promise<T> {
      if (free > 0) free -= 1;
      else if (waiter.known && resting > 0) resting -= 1;
      else {
        const lines = linesOf(waiter);
        if (isFull(waiter)) {
          const line = greedier(lines, waiter.line);
          if (!line) throw full();
          line.pop()?.refuse(full());
        }
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const line = lines.get(waiter.line) ?? [];
        line.push({ begin: resolve, refuse: reject });
        lines.set(waiter.line, line);
        await promise;
      }
      const since = timer.now();
      try {
        return await work();
      } finally {
        leave(waiter, timer.now() - since);
      }
    },
  };
}

const full = (): AppError => new AppError('unavailable', 'Too many passwords are being checked for this network.');
