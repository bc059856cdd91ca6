import type { Redis } from 'ioredis';

/** What carries messages from the server, or from the nodes of a cluster. */
export type Wire = {
  /** The names at the server of a channel: one, or one for each shard. */
  namesOf(channel: string): string[];
  /** Resolves once messages of these names will arrive. */
  listen(names: string[]): Promise<void>;
  leave(names: string[]): Promise<void>;
  /** To be called once: what to do with each message. */
  receive(act: (name: string, message: string) => void): void;
};

/** One connection that waits for messages and takes no other commands; ioredis makes it and its subscriptions again. */
export function plainWire(listener: Redis, ready: () => Promise<void>): Wire {
  return {
    namesOf: (channel) => [channel],
    async listen(names) {
      await ready();
      await listener.subscribe(...names);
    },
    async leave(names) {
      if (listener.status === 'ready') await listener.unsubscribe(...names);
    },
    receive: (act) => void listener.on('message', act),
  };
}

/** One subscription at the server per channel, however many receive. */
export function createSubscriptions(wire: Wire) {
  const receivers = new Map<string, Set<(message: string) => void>>();
  const listening = new Map<string, Promise<void>>();
  const channels = new Map<string, string>();

  wire.receive((name, message) => {
    for (const receive of receivers.get(channels.get(name) ?? '') ?? []) setImmediate(receive, message);
  });

  return {
    async add(channel: string, receive: (message: string) => void): Promise<() => Promise<void>> {
      const names = wire.namesOf(channel);
      const own = (message: string): void => {
        if (receivers.get(channel)?.has(own)) receive(message);
      };
      const all = receivers.get(channel) ?? new Set();
      receivers.set(channel, all.add(own));
      for (const name of names) channels.set(name, channel);
      const stop = async (): Promise<void> => {
        all.delete(own);
        if (all.size > 0 || receivers.get(channel) !== all) return;
        receivers.delete(channel);
        listening.delete(channel);
        for (const name of names) channels.delete(name);
        await wire.leave(names).catch(() => {});
      };
      const begun = listening.get(channel) ?? wire.listen(names);
      listening.set(channel, begun);
      try {
        await begun;
      } catch (error) {
        await stop();
        throw error;
      }
      return stop;
    },
  };
}
