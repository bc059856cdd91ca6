import type { Redis } from 'ioredis';
import { askEvery, createHearing } from './valkey-liveness.ts';

/** What carries messages from the server, or from the nodes of a cluster. */
export type Wire = {
  /** The names at the server of a channel: one, or one for each shard. */
  namesOf(channel: string): string[];
  /** Resolves once messages of these names will arrive. */
  listen(names: string[]): Promise<void>;
  leave(names: string[]): Promise<void>;
  /** To be called once: what to do with each message. */
  receive(act: (name: string, message: string) => void): void;
  /** To be called once: what to do when messages may have been lost, once they arrive again. */
  restored(act: () => void): void;
  /** True while messages that are sent may not arrive. */
  deaf(): boolean;
  close(): void;
};

/** One connection that waits for messages and takes no other commands; ioredis makes it again, and we its subscriptions. */
export function plainWire(listener: Redis, ready: () => Promise<void>): Wire {
  const wanted = new Set<string>();
  const hearing = createHearing();
  let restored: () => void = () => {};
  /** The connection has been made again, and nobody has said yet that it is subscribed to anything. */
  let lost = false;

  // Said again and again, a subscription is its own question: the answer says that the server knows of it.
  async function subscribe(): Promise<void> {
    await (wanted.size > 0 ? listener.subscribe(...wanted) : listener.ping());
    if (!lost) return;
    lost = false;
    restored();
  }
  const timer = setInterval(() => listener.status === 'ready' && hearing.ask(subscribe), askEvery).unref();
  listener.on('ready', () => {
    lost = true;
    hearing.ask(subscribe);
  });

  return {
    namesOf: (channel) => [channel],
    async listen(names) {
      for (const name of names) wanted.add(name);
      await ready();
      await listener.subscribe(...names);
    },
    async leave(names) {
      for (const name of names) wanted.delete(name);
      if (listener.status === 'ready') await listener.unsubscribe(...names);
    },
    receive: (act) => void listener.on('message', act),
    restored(act) {
      restored = act;
    },
    deaf: () => listener.status !== 'ready' || lost || hearing.doubtful,
    close() {
      clearInterval(timer);
      listener.disconnect();
    },
  };
}

/** One subscription at the server per channel, however many receive. */
export function createSubscriptions(wire: Wire) {
  const receivers = new Map<string, Set<(message: string) => void>>();
  const told = new Set<() => void>();
  const listening = new Map<string, Promise<void>>();
  const channels = new Map<string, string>();

  wire.receive((name, message) => {
    for (const receive of receivers.get(channels.get(name) ?? '') ?? []) setImmediate(receive, message);
  });
  wire.restored(() => {
    for (const missed of told) setImmediate(missed);
  });

  return {
    async add(channel: string, receive: (message: string) => void, missed?: () => void): Promise<() => Promise<void>> {
      const names = wire.namesOf(channel);
      const own = (message: string): void => {
        if (receivers.get(channel)?.has(own)) receive(message);
      };
      const all = receivers.get(channel) ?? new Set();
      receivers.set(channel, all.add(own));
      // A function of its own, so that one receiver may subscribe twice and stop once.
      const ownMissed = (): void => missed?.();
      told.add(ownMissed);
      for (const name of names) channels.set(name, channel);
      const stop = async (): Promise<void> => {
        all.delete(own);
        told.delete(ownMissed);
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
