import { Cluster, Redis } from 'ioredis';
import { ConfigError } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Ephemeral } from './ephemeral.ts';

export type ValkeyOptions = {
  /** Told about a connection that broke; it is made again by itself. */
  onError?: (error: Error) => void;
};

const prefix = 'latchkey:';

/** How long one command may take before it fails, in milliseconds. */
const commandTimeout = 2000;

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
  const addresses = url.split(',').map(parseAddress);
  const client = connect(addresses) as Client;
  // A connection that waits for messages takes no other commands.
  const listener = connect(addresses);
  for (const connection of [client, listener]) connection.on('error', (error) => options.onError?.(error));
  client.defineCommand('latchkeyIncrement', { numberOfKeys: 1, lua: incrementScript });
  try {
    await Promise.all([client.connect(), listener.connect()]);
  } catch (cause) {
    client.disconnect();
    listener.disconnect();
    throw unavailable(cause);
  }

  // Messages cross numbered databases by themselves; keys do not. So the number is part of the channel's name.
  const subscriptions = createSubscriptions(listener, `${prefix}${addresses[0]?.db ?? 0}:`);
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      await ready(client);
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
    publish: (channel, message) => ask(async () => void (await client.publish(subscriptions.nameOf(channel), message))),
    subscribe: (channel, receive) => ask(() => subscriptions.add(channel, receive)),
    ping: () => ask(async () => void (await client.ping())),
    async close() {
      client.disconnect();
      listener.disconnect();
    },
  };
}

type Address = {
  host: string;
  port: number;
  db: number;
  options: { username?: string; password?: string; tls?: object };
};

function parseAddress(text: string): Address {
  const url = URL.parse(text.trim());
  const scheme = url?.protocol.replace(/^valkey/, 'redis');
  if (!url || (scheme !== 'redis:' && scheme !== 'rediss:')) {
    throw new ConfigError(
      'LATCHKEY_VALKEY_URL must start with redis:// or rediss:// (valkey:// and valkeys:// are the same).',
    );
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    options: {
      ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
      ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
      ...(scheme === 'rediss:' ? { tls: {} } : {}),
    },
  };
}

/** A cluster's client takes the same commands, so that both are told apart only here. */
function connect(addresses: Address[]): Redis {
  const [first] = addresses;
  const common = {
    ...first?.options,
    connectTimeout: commandTimeout,
    commandTimeout,
    // Sending a claim or a count again could make it count twice, or tell the winner that it lost.
    autoResendUnfulfilledCommands: false,
  };
  // A queue would carry out later what the caller has long been told has failed.
  const enableOfflineQueue = false;
  const pause = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 6), 2000);
  if (first && addresses.length === 1) {
    const { host, port, db } = first;
    return new Redis({ host, port, db, ...common, enableOfflineQueue, lazyConnect: true, retryStrategy: pause });
  }
  const nodes = addresses.map(({ host, port }) => ({ host, port }));
  const cluster = new Cluster(nodes, {
    redisOptions: common,
    enableOfflineQueue,
    lazyConnect: true,
    clusterRetryStrategy: pause,
  });
  return cluster as unknown as Redis;
}

/** One subscription at the server per channel, however many receive; made again by ioredis after a reconnect. */
function createSubscriptions(listener: Redis, channelPrefix: string) {
  const receivers = new Map<string, Set<(message: string) => void>>();
  const nameOf = (channel: string): string => channelPrefix + channel;

  listener.on('message', (name: string, message: string) => {
    for (const receive of receivers.get(name) ?? []) setImmediate(receive, message);
  });

  return {
    nameOf,
    async add(channel: string, receive: (message: string) => void): Promise<() => Promise<void>> {
      const name = nameOf(channel);
      const own = (message: string): void => {
        if (receivers.get(name)?.has(own)) receive(message);
      };
      const all = receivers.get(name) ?? new Set();
      receivers.set(name, all.add(own));
      const stop = async (): Promise<void> => {
        all.delete(own);
        if (all.size > 0 || receivers.get(name) !== all) return;
        receivers.delete(name);
        if (listener.status === 'ready') await listener.unsubscribe(name).catch(() => {});
      };
      try {
        await ready(listener);
        await listener.subscribe(name);
      } catch (error) {
        await stop();
        throw error;
      }
      return stop;
    },
  };
}

/** Waits a moment for a connection that is being made again; rejects if it stays away. */
function ready(client: Redis): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => () => {
      clearTimeout(limit);
      client.off('ready', arrived);
      client.off('end', gone);
      act();
    };
    const arrived = settle(resolve);
    const gone = settle(() => reject(new Error('There is no connection.')));
    const limit = setTimeout(gone, client.status === 'end' ? 0 : reconnectWait);
    client.once('ready', arrived);
    client.once('end', gone);
  });
}

function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', 'The Valkey server does not answer.', { cause });
}

const whole = (ttl: number): number => Math.max(1, Math.ceil(ttl));
