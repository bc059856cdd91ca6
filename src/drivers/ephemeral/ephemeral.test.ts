import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createTestClock } from '../../../test/helpers/clock.ts';
import { emptyValkeyUrl } from '../../../test/helpers/ephemerals.ts';
import { startValkeyCluster } from '../../../test/helpers/valkey-cluster.ts';
import { startValkey } from '../../../test/helpers/valkey-server.ts';
import { AppError } from '../../errors.ts';
import { ephemeralConformance } from './conformance.ts';
import type { Ephemeral } from './ephemeral.ts';
import { createMemory } from './memory.ts';
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

  test('a cluster of three takes every operation and carries messages', async () => {
    const nodes = await startValkeyCluster();
    try {
      const urls = nodes.map((node) => node.url).join(',');
      const [one, two] = [await openAt(urls), await openAt(urls)];
      const { promise: heard, resolve } = Promise.withResolvers<string>();
      await two.subscribe('news', resolve);
      // Enough keys that every node has some.
      for (let n = 0; n < 30; n++) {
        await one.set(`value ${n}`, `${n}`, 60_000);
        assert.equal(await two.take(`value ${n}`), `${n}`);
        assert.equal(await one.claim(`claim ${n}`, 60_000), true);
        assert.equal(await two.claim(`claim ${n}`, 60_000), false);
        assert.equal(await one.increment(`count ${n}`, 60_000), 1);
        assert.equal(await two.increment(`count ${n}`, 60_000), 2);
      }
      await one.publish('news', 'hello');
      assert.equal(await heard, 'hello');
      await Promise.all([one.close(), two.close()]);
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
    }
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

async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await wait(20);
}
