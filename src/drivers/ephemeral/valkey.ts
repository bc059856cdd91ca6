import { Cluster, Redis } from 'ioredis';
import { AppError } from '../../errors.ts';
import { type Address, readAddresses } from '../../valkey-address.ts';
import type { Ephemeral } from './ephemeral.ts';
import { shardNameOf } from './shard-channels.ts';
import { keepAsking, longestSilence } from './valkey-liveness.ts';
import { shardWire } from './valkey-shards.ts';
import { createSubscriptions, plainWire, type Wire } from './valkey-subscriptions.ts';

export type ValkeyOptions = {
  /** Told about a connection that broke; it is made again by itself. */
  onError?: (error: Error) => void;
};

const prefix = 'latchkey:';

/** How long one command may take before it fails, in milliseconds. */
const commandTimeout = 2000;

/** How long to wait at the start for a cluster that is not ready, in milliseconds. */
const openWait = 10_000;

/** How long a command waits for a connection that broke, in milliseconds. */
const reconnectWait = 500;

/** Counts and starts the window in one step: a process that dies between the two would leave a count for ever. */
const incrementScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`;

type Client = Redis & { latchkeyIncrement(key: string, ttl: number): Promise<number> };

/**
 * Valkey, or a server that speaks its protocol, shared by many processes.
 * One address is one server (or the front of one); several, separated by commas, are nodes of a cluster.
 * Every operation touches one key, so that any cluster can split them. Rejects if the server cannot be reached.
 */
export async function openValkey(url: string, options: ValkeyOptions = {}): Promise<Ephemeral> {
  const addresses = readAddresses(url);
  const client = connect(addresses) as Client;
  client.defineCommand('latchkeyIncrement', { numberOfKeys: 1, lua: incrementScript });
  const tellOfErrors = <T extends Redis>(connection: T): T =>
    connection.on('error', (error) => options.onError?.(error)) as T;
  tellOfErrors(client);
  let wire: Wire;
  let sharded = false;
  try {
    await opened(client);
    // Servers before Redis 7 know no shard channels; there every node hears every message.
    sharded = addresses.length > 1 && (await knows(client, 'spublish'));
    wire = sharded
      ? shardWire(client as unknown as Cluster, (host, port) => connectNode(addresses[0], host, port))
      : await openPlainWire(tellOfErrors(connect(addresses)));
  } catch (cause) {
    client.disconnect();
    throw unavailable(cause);
  }

  // Messages cross numbered databases by themselves; keys do not. So the number is part of the channel's name.
  const channelOf = (channel: string): string => `${prefix}${addresses[0]?.db ?? 0}:${channel}`;
  const subscriptions = createSubscriptions(wire);
  const send = (channel: string, message: string): Promise<unknown> =>
    sharded ? client.spublish(shardNameOf(channel, message), message) : client.publish(channel, message);
  const ready = waitUntilReady(client);
  const stopAsking = keepAsking(() => connectionsOf(client));
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      await ready();
      return await work();
    } catch (cause) {
      throw unavailable(cause);
    }
  };
  return {
    shared: true,
    get: (key) => ask(async () => (await client.get(prefix + key)) ?? undefined),
    set: (key, value, ttl) => ask(async () => void (await client.set(prefix + key, value, 'PX', whole(ttl)))),
    take: (key) => ask(async () => (await client.getdel(prefix + key)) ?? undefined),
    claim: (key, ttl) => ask(async () => (await client.set(prefix + key, '1', 'PX', whole(ttl), 'NX')) === 'OK'),
    increment: (key, ttl) => ask(() => client.latchkeyIncrement(prefix + key, whole(ttl))),
    remove: (key) => ask(async () => void (await client.del(prefix + key))),
    publish: (channel, message) => ask(async () => void (await send(channelOf(channel), message))),
    subscribe: (channel, receive, missed) => ask(() => subscriptions.add(channelOf(channel), receive, missed)),
    ping: () =>
      ask(async () => {
        await client.ping();
        if (wire.deaf()) throw new Error('Messages of other processes are not heard.');
      }),
    async close() {
      stopAsking();
      client.disconnect();
      wire.close();
    },
  };
}

const pause = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 6), 2000);

const settings = {
  connectTimeout: commandTimeout,
  commandTimeout,
  // Not only the command is given up but the connection: the network may have forgotten it (see valkey-liveness.ts).
  socketTimeout: longestSilence,
  // Sending a claim or a count again could make it count twice, or tell the winner that it lost.
  autoResendUnfulfilledCommands: false,
};

// A queue would carry out later what the caller has long been told has failed.
const enableOfflineQueue = false;

/** A cluster's client takes the same commands, so that both are told apart only in this file. */
function connect(addresses: Address[]): Redis {
  const [first] = addresses;
  if (first && addresses.length === 1) {
    const { host, port, db } = first;
    // Who listens subscribes again by itself (valkey-subscriptions.ts): what ioredis asks by itself nobody answers for, and
    // an answer that never came would be an error that nobody handles, which ends the process.
    const more = { enableOfflineQueue, autoResubscribe: false, lazyConnect: true, retryStrategy: pause };
    return new Redis({ host, port, db, ...first.options, ...settings, ...more });
  }
  const nodes = addresses.map(({ host, port }) => ({ host, port }));
  const cluster = new Cluster(nodes, {
    redisOptions: { ...first?.options, ...settings },
    enableOfflineQueue,
    lazyConnect: true,
    clusterRetryStrategy: pause,
    // Slots that moved are heard of here at the latest, and shard channels subscribed to where they are now.
    slotsRefreshInterval: 2000,
  });
  return cluster as unknown as Redis;
}

/** One node of a cluster, for messages alone: whoever listens subscribes again, perhaps elsewhere. */
function connectNode(like: Address | undefined, host: string, port: number): Redis {
  const more = { enableOfflineQueue, autoResubscribe: false, enableReadyCheck: false, retryStrategy: pause };
  return new Redis({ host, port, ...like?.options, ...settings, ...more });
}

async function openPlainWire(listener: Redis): Promise<Wire> {
  try {
    await opened(listener);
  } catch (error) {
    listener.disconnect();
    throw error;
  }
  return plainWire(listener, waitUntilReady(listener));
}

/** A cluster that is just being made or mended takes nobody at first; the promise of that first try is then forgotten. */
function opened(client: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('It was not ready in time.')), openWait);
    const settled = (act: () => void) => () => {
      clearTimeout(limit);
      act();
    };
    client.once('ready', settled(resolve));
    client.connect().then(settled(resolve), (error) => settled(() => reject(error))());
  });
}

/** Each that there is just now: one, or one for each node of a cluster that was asked something. */
const connectionsOf = (client: object): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('all') : [client as Redis];

/**
 * Waits a moment for a connection that is being made again; rejects if it stays away. However many wait, one listens, and
 * whoever comes after a wait in vain is told at once.
 */
function waitUntilReady(client: Redis): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  let away = false;
  client.on('ready', () => {
    away = false;
  });
  const wait = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        clearTimeout(limit);
        client.off('ready', arrived);
        client.off('end', gone);
        waiting = undefined;
        act();
      };
      const arrived = settle(resolve);
      const gone = settle(() => {
        away = true;
        reject(new Error(nobodyThere));
      });
      const limit = setTimeout(gone, client.status === 'end' ? 0 : reconnectWait);
      client.once('ready', arrived);
      client.once('end', gone);
    });
  return async () => {
    if (client.status === 'ready') return;
    if (away) throw new Error(nobodyThere);
    waiting ??= wait();
    await waiting;
  };
}

const nobodyThere = 'There is no connection.';

async function knows(client: Redis, command: string): Promise<boolean> {
  const [found] = (await client.call('COMMAND', 'INFO', command)) as unknown[];
  return found !== null;
}

function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', 'The Valkey server does not answer.', { cause });
}

const whole = (ttl: number): number => Math.max(1, Math.ceil(ttl));
