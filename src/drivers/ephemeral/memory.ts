import type { Clock } from '../../clock.ts';
import type { Ephemeral } from './ephemeral.ts';

/** Keys looked at, and removed if expired, with each key written: more than one, so that the dead cannot pile up. */
const sweptPerWrite = 4;

type Entry = { value: string; ttl: number; expiresAt: number };

/** How many keys are held, the expired ones not yet swept included. */
type Sized = { readonly size: number };

/** For one process. Keeps no timer: time passes when someone looks at the clock. */
export function createMemory(needs: { clock: Clock }): Ephemeral & Sized {
  const { clock } = needs;
  const entries = new Map<string, Entry>();
  const channels = new Map<string, Set<(message: string) => void>>();
  let sweep = entries.entries();
  let closed = false;

  const live = (key: string): Entry | undefined => {
    if (closed) throw new Error('The store is closed.');
    const entry = entries.get(key);
    if (!entry) return undefined;
    const now = clock.now();
    if (entry.expiresAt <= now) {
      entries.delete(key);
      return undefined;
    }
    // A clock that was set back must not prolong a life, such as that of a limit.
    entry.expiresAt = Math.min(entry.expiresAt, now + entry.ttl);
    return entry;
  };

  const write = (key: string, value: string, ttl: number): void => {
    entries.set(key, { value, ttl, expiresAt: clock.now() + ttl });
    sweepSome();
  };

  const sweepSome = (): void => {
    const now = clock.now();
    for (let looked = 0; looked < sweptPerWrite; looked++) {
      const next = sweep.next();
      if (next.done) {
        sweep = entries.entries();
        return;
      }
      const [key, entry] = next.value;
      if (entry.expiresAt <= now) entries.delete(key);
    }
  };

  return {
    shared: false,
    get size() {
      return entries.size;
    },
    get: async (key) => live(key)?.value,
    async set(key, value, ttl) {
      live(key);
      write(key, value, ttl);
    },
    async take(key) {
      const entry = live(key);
      entries.delete(key);
      return entry?.value;
    },
    async claim(key, ttl) {
      if (live(key)) return false;
      write(key, '1', ttl);
      return true;
    },
    async increment(key, ttl) {
      const entry = live(key);
      if (!entry) {
        write(key, '1', ttl);
        return 1;
      }
      const count = Number(entry.value) + 1;
      entry.value = `${count}`;
      return count;
    },
    async remove(key) {
      entries.delete(key);
    },
    async publish(channel, message) {
      // Later and one by one, as from another process: a receiver that throws harms neither sender nor others.
      for (const receive of channels.get(channel) ?? []) setImmediate(receive, message);
    },
    async subscribe(channel, receive) {
      const receivers = channels.get(channel) ?? new Set();
      channels.set(channel, receivers);
      // A function of its own, so that one receiver may subscribe twice and stop once.
      const own = (message: string): void => {
        if (receivers.has(own)) receive(message);
      };
      receivers.add(own);
      return async () => {
        receivers.delete(own);
        if (receivers.size === 0 && channels.get(channel) === receivers) channels.delete(channel);
      };
    },
    async ping() {
      if (closed) throw new Error('The store is closed.');
    },
    async close() {
      closed = true;
      entries.clear();
      for (const receivers of channels.values()) receivers.clear();
      channels.clear();
    },
  };
}
