import type { Cluster, Redis } from 'ioredis';
import { shardNames, slotOf } from './shard-channels.ts';
import { askEvery, createHearing, type Hearing, untilSettled } from './valkey-liveness.ts';
import type { Wire } from './valkey-subscriptions.ts';

/** Looks at the cluster's plan, of which every so many-th repeats all subscriptions, whatever is believed of them. */
const repeatEvery = 5;
/** Milliseconds until the plan is read again once a slot has moved. */
const afterMove = 100;

/**
 * Shard channels, each subscribed to at the node that owns its slot just now.
 *
 * Our own, because the group of subscribers that ioredis keeps stays deaf for good when all nodes go away while it
 * connects to one. Here nothing is waited for: whenever the cluster's plan was read, a connection was made or a slot
 * moved, what is missing is subscribed to; and now and then everything, since saying it twice costs nothing.
 */
export function shardWire(cluster: Cluster, connect: (host: string, port: number) => Redis): Wire {
  const wanted = new Set<string>();
  const nodes = new Map<string, Redis>();
  const hearings = new Map<Redis, Hearing>();
  /** Where each name was subscribed to last, if nothing has happened to that since. */
  const held = new Map<string, Redis>();
  let act: (name: string, message: string) => void = () => {};
  let restored: () => void = () => {};
  /** Something was heard of before and is not just now. */
  let lost = false;
  let looks = 0;
  let soon: NodeJS.Timeout | undefined;

  const forget = (node: Redis): void => {
    for (const [name, at] of held) if (at === node) lost = held.delete(name);
  };

  const readPlan = (): void => {
    soon = undefined;
    cluster.refreshSlotsCache();
  };

  const nodeAt = (key: string): Redis => {
    const known = nodes.get(key);
    if (known) return known;
    const colon = key.lastIndexOf(':');
    const node = connect(key.slice(0, colon), Number(key.slice(colon + 1)));
    nodes.set(key, node);
    hearings.set(node, createHearing());
    node.on('smessage', (name: string, message: string) => act(name, message));
    node.on('ready', () => subscribeMissing());
    node.on('close', () => forget(node));
    // The server has ended a subscription because the slot went elsewhere; it does not matter here which.
    node.on('moved', () => {
      forget(node);
      // While nodes disagree, asking at once would only be told the same again.
      soon ??= setTimeout(readPlan, afterMove).unref();
    });
    // Each name of a channel may wait for the connection.
    node.setMaxListeners(0);
    // The cluster's own connections tell of errors; this one is made again.
    node.on('error', () => {});
    return node;
  };

  const ownerOf = (name: string): Redis | undefined => {
    const key = cluster.slots[slotOf(name)]?.[0];
    return key === undefined ? undefined : nodeAt(key);
  };

  const isHeld = (name: string): boolean => held.has(name) && held.get(name) === ownerOf(name);

  async function subscribe(name: string, repeat = false): Promise<void> {
    const owner = ownerOf(name);
    if (!owner) throw new Error(`Nobody owns the slot of ${name}.`);
    if (held.get(name) === owner && !repeat) return;
    if (owner.status !== 'ready') await untilSettled(owner);
    await owner.ssubscribe(name);
    if (!wanted.has(name) || owner.status !== 'ready') return;
    held.set(name, owner);
    if (!lost || ![...wanted].every(isHeld)) return;
    lost = false;
    restored();
  }

  function subscribeMissing(repeat = false): void {
    // Nodes that are not ready call again when they are.
    for (const name of wanted) if (ownerOf(name)?.status === 'ready') void subscribe(name, repeat).catch(() => {});
  }

  const ask = (): void => {
    for (const [node, hearing] of hearings) if (node.status === 'ready') hearing.ask(() => node.ping());
  };
  const timer = setInterval(ask, askEvery).unref();

  const look = (): void => {
    looks += 1;
    subscribeMissing(looks % repeatEvery === 0);
    const owners = new Set([...wanted].map(ownerOf));
    for (const [key, node] of nodes) {
      if (owners.has(node)) continue;
      nodes.delete(key);
      hearings.delete(node);
      forget(node);
      node.disconnect();
    }
  };
  cluster.on('refresh', look);

  return {
    namesOf: shardNames,
    async listen(names) {
      for (const name of names) wanted.add(name);
      await Promise.all(names.map((name) => subscribe(name)));
    },
    async leave(names) {
      for (const name of names) wanted.delete(name);
      const left = names.map((name) => [name, held.get(name)] as const);
      for (const name of names) held.delete(name);
      await Promise.all(left.map(([name, node]) => node?.status === 'ready' && node.sunsubscribe(name)));
    },
    receive(given) {
      act = given;
    },
    restored(given) {
      restored = given;
    },
    deaf: () => [...wanted].some((name) => !isHeld(name)) || [...hearings.values()].some(({ doubtful }) => doubtful),
    close() {
      clearTimeout(soon);
      clearInterval(timer);
      wanted.clear();
      cluster.off('refresh', look);
      for (const node of nodes.values()) node.disconnect();
      nodes.clear();
      hearings.clear();
    },
  };
}
