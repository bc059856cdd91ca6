import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createTestClock } from '../../../test/helpers/clock.ts';
import { emptyValkeyUrl } from '../../../test/helpers/ephemerals.ts';
import { startValkeyCluster, type ValkeyCluster } from '../../../test/helpers/valkey-cluster.ts';
import { startValkey } from '../../../test/helpers/valkey-server.ts';
import { AppError } from '../../errors.ts';
import { ephemeralConformance } from './conformance.ts';
import type { Ephemeral } from './ephemeral.ts';
import { createMemory } from './memory.ts';
import { shardNameOf, shardNames, slotOf } from './shard-channels.ts';
import { openValkey } from './valkey.ts';

const isUnavailable = (error: unknown) => error instanceof AppError && error.code === 'unavailable';

describe('memory', () => {
  ephemeralConformance(async () => {
    const clock = createTestClock();
    const store = createMemory({ clock });
    return { connections: [store, store], pass: async (milliseconds) => clock.advance(milliseconds) };
  });

  test('expires at the millisecond, and keeps the first window', async () => {
    const clock = createTestClock();
    const store = createMemory({ clock });
    await store.set('value', 'x', 1000);
    await store.increment('count', 1000);
    clock.advance(999);
    assert.equal(await store.get('value'), 'x');
    assert.equal(await store.increment('count', 1000), 2);
    clock.advance(1);
    assert.equal(await store.get('value'), undefined);
    assert.equal(await store.increment('count', 1000), 1);
  });

  test('a clock that was set back prolongs no life', async () => {
    const clock = createTestClock();
    const store = createMemory({ clock });
    await store.increment('count', 1000);
    clock.advance(-3_600_000);
    assert.equal(await store.increment('count', 1000), 2);
    clock.advance(1000);
    assert.equal(await store.increment('count', 1000), 1);
  });

  test('keys that nobody reads again do not pile up', async () => {
    const clock = createTestClock();
    const store = createMemory({ clock });
    for (let n = 0; n < 100_000; n++) {
      await store.set(`key ${n}`, 'x', 1000);
      clock.advance(1);
    }
    assert.equal(await store.get('key 99999'), 'x');
    // 1,000 of them are live.
    assert.ok(store.size < 2000, `${store.size} keys`);
  });

  test('a receiver that unsubscribes while a message is on its way hears nothing', async () => {
    const store = createMemory({ clock: createTestClock() });
    const heard: string[] = [];
    const stop = await store.subscribe('news', (message) => heard.push(message));
    await store.publish('news', 'hello');
    await stop();
    await new Promise(setImmediate);
    assert.deepEqual(heard, []);
  });
});

describe('Valkey', () => {
  const opened: Ephemeral[] = [];
  after(() => Promise.all(opened.map((store) => store.close())));
  const openAt = async (url: string) => {
    const store = await openValkey(url);
    opened.push(store);
    return store;
  };

  ephemeralConformance(async () => {
    const url = await emptyValkeyUrl();
    return { connections: [await openAt(url), await openAt(url)], pass: (milliseconds) => wait(milliseconds) };
  });

  test('every key has the prefix and a time to live', async () => {
    const url = await emptyValkeyUrl();
    const store = await openAt(url);
    await store.set('value', 'x', 60_000);
    await store.claim('claim', 60_000.5);
    await store.increment('count', 60_000);
    await store.increment('count', 60_000);
    const server = new Redis(url);
    opened.push({ close: async () => server.disconnect() } as Ephemeral);
    const keys = (await server.keys('*')).sort();
    assert.deepEqual(keys, ['latchkey:claim', 'latchkey:count', 'latchkey:value']);
    for (const key of keys) assert.ok((await server.pttl(key)) > 0);
  });

  test('numbered databases of one server do not hear each other', async () => {
    const [here, there] = [await openAt(await emptyValkeyUrl()), await openAt(await emptyValkeyUrl())];
    const heard: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await here.subscribe('news', (message) => {
      heard.push(message);
      if (message === 'end') resolve();
    });
    await there.publish('news', 'from elsewhere');
    await here.publish('news', 'end');
    await promise;
    assert.deepEqual(heard, ['end']);
  });

  test('a server that is away at the start is "unavailable"', async () => {
    await assert.rejects(openValkey('redis://127.0.0.1:1'), isUnavailable);
    await assert.rejects(openValkey('http://127.0.0.1:1'), /redis:\/\//);
  });

  test('while the server is away commands fail instead of hanging; when it is back all work, subscribers too', async () => {
    const server = await startValkey();
    const port = Number(new URL(server.url).port);
    const store = await openAt(server.url);
    const { promise: heard, resolve } = Promise.withResolvers<string>();
    await store.subscribe('news', resolve);
    await server.stop();
    await assert.rejects(store.get('key'), isUnavailable);
    await assert.rejects(store.claim('key', 1000), isUnavailable);
    await assert.rejects(store.publish('news', 'lost'), isUnavailable);

    const again = await startValkey({ port });
    try {
      const listeners = new Redis(again.url);
      await until(async () => (await listeners.pubsub('NUMSUB', 'latchkey:0:news'))[1] === 1);
      listeners.disconnect();
      await until(() =>
        store.publish('news', 'hello').then(
          () => true,
          () => false,
        ),
      );
      assert.equal(await heard, 'hello');
      assert.equal(await store.claim('key', 60_000), true);
    } finally {
      await store.close();
      await again.stop();
    }
  });
});

describe('Valkey cluster', () => {
  let cluster: ValkeyCluster;
  const opened: Ephemeral[] = [];
  before(async () => {
    cluster = await startValkeyCluster();
  });
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  after(() => cluster?.stop());
  const open = async (): Promise<Ephemeral> => {
    const store = await openValkey(cluster.url);
    opened.push(store);
    return store;
  };
  const onEach = async <T>(work: (client: Redis) => Promise<T>): Promise<T[]> => {
    const clients = cluster.nodes.map((node) => new Redis(node.url));
    const results = await Promise.all(clients.map(work));
    for (const client of clients) client.disconnect();
    return results;
  };
  /** Publishes until all are heard, which takes every shard: while a subscription is made again, some may be lost. */
  const untilHeard = async (sender: Ephemeral, heard: Set<string>, messages: string[]): Promise<void> => {
    await until(async () => {
      const missing = messages.filter((message) => !heard.has(message));
      await Promise.all(missing.map((message) => sender.publish('news', message).catch(() => {})));
      return missing.length === 0;
    });
  };
  const hundred = Array.from({ length: 100 }, (_, n) => `message ${n}`);

  ephemeralConformance(async () => {
    await onEach((client) => client.flushall());
    return { connections: [await open(), await open()], pass: (milliseconds) => wait(milliseconds) };
  });

  test('every node holds keys, and carries about its share of the messages', async () => {
    const [one, two] = [await open(), await open()];
    for (let n = 0; n < 30; n++) await one.set(`value ${n}`, `${n}`, 60_000);
    const sizes = await onEach((client) => client.dbsize());
    assert.ok(sizes.every((size) => size > 0));

    const heard = new Set<string>();
    const stop = await two.subscribe('news', (message) => heard.add(message));
    const shards = await onEach((client) => client.pubsub('SHARDCHANNELS') as Promise<string[]>);
    assert.deepEqual(shards.map((names) => names.length).sort(), [5, 5, 6]);
    assert.deepEqual(await onEach((client) => client.pubsub('CHANNELS')), [[], [], []], 'none that goes to all nodes');
    for (const message of hundred) await one.publish('news', message);
    await until(async () => heard.size === 100);
    await stop();
    assert.deepEqual(await onEach((client) => client.pubsub('SHARDCHANNELS')), [[], [], []]);
  });

  test('messages arrive again after each node in turn was stopped and started', async (t) => {
    const [one, two] = [await open(), await open()];
    const heard = new Set<string>();
    await two.subscribe('news', (message) => heard.add(message));
    for (const [turn, node] of cluster.nodes.entries()) {
      await node.stop();
      await node.start();
      const since = performance.now();
      await untilHeard(
        one,
        heard,
        hundred.map((message) => `${turn} ${message}`),
      );
      t.diagnostic(`all shards carried messages ${Math.round(performance.now() - since)} ms after the node was back`);
      await until(async () => (await one.claim(`after ${turn}`, 60_000).catch(() => false)) === true);
    }
  });

  test('while the whole cluster is away commands fail instead of hanging; when it is back messages arrive', async (t) => {
    const [one, two] = [await open(), await open()];
    const heard = new Set<string>();
    await two.subscribe('news', (message) => heard.add(message));
    await Promise.all(cluster.nodes.map((node) => node.stop()));
    await assert.rejects(one.get('key'), isUnavailable);
    await assert.rejects(one.publish('news', 'lost'), isUnavailable);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const since = performance.now();
    await untilHeard(one, heard, hundred);
    t.diagnostic(`all shards carried messages ${Math.round(performance.now() - since)} ms after the cluster was back`);
  });

  test('messages follow shards whose slots move to another node', async (t) => {
    const [one, two] = [await open(), await open()];
    const heard = new Set<string>();
    await two.subscribe('news', (message) => heard.add(message));
    const delays: number[] = [];
    const names = shardNames('latchkey:0:news');
    for (const [round, name] of names.entries()) {
      const owner = await cluster.ownerOf(name);
      const next = cluster.nodes[(cluster.nodes.indexOf(owner) + 1) % 3];
      assert.ok(next);
      await cluster.moveSlot(slotOf(name), next);
      const since = performance.now();
      const ours = hundred.map((message) => `${round} ${message}`);
      await untilHeard(
        one,
        heard,
        ours.filter((message) => shardNameOf('latchkey:0:news', message) === name),
      );
      delays.push(Math.round(performance.now() - since));
    }
    t.diagnostic(`heard ${delays.join(', ')} ms after each shard had moved`);
    await untilHeard(one, heard, hundred);
  });

  test('messages arrive again after a replica has taken over from a node that died', async (t) => {
    const [original] = cluster.nodes;
    assert.ok(original);
    const takeOver = await cluster.addReplica(original);
    const [one, two] = [await open(), await open()];
    const heard = new Set<string>();
    await two.subscribe('news', (message) => heard.add(message));
    await original.stop();
    await takeOver();
    const since = performance.now();
    await untilHeard(one, heard, hundred);
    t.diagnostic(`all shards carried messages ${Math.round(performance.now() - since)} ms after that`);
  });

  test('a cluster that knows no shard channels carries messages in the plain way', async () => {
    const old = await startValkeyCluster(['--rename-command', 'SPUBLISH', '', '--rename-command', 'SSUBSCRIBE', '']);
    try {
      const [one, two] = [await openValkey(old.url), await openValkey(old.url)];
      const { promise: heard, resolve } = Promise.withResolvers<string>();
      await two.subscribe('news', resolve);
      await one.publish('news', 'hello');
      assert.equal(await heard, 'hello');
      await Promise.all([one.close(), two.close()]);
    } finally {
      await old.stop();
    }
  });
});

test('shards lie evenly over the slots, and a message has one', () => {
  const places = shardNames('news').map((name) => Math.floor((slotOf(name) * 16) / 16_384));
  assert.deepEqual(places, [...Array(16).keys()]);
  const names = new Map(Array.from({ length: 10_000 }, (_, n) => shardNameOf('news', `${n}`)).map((name) => [name, 0]));
  for (let n = 0; n < 10_000; n++) {
    const name = shardNameOf('news', `${n}`);
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  assert.deepEqual([...names.keys()].sort(), shardNames('news').sort());
  for (const [name, count] of names) assert.ok(count > 400 && count < 900, `${name} carries ${count} of 10,000`);
  // As the protocol's own documents have it.
  assert.equal(slotOf('123456789'), 12_739);
  assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'));
});

async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await wait(20);
}
