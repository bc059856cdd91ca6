import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ephemeral } from './ephemeral.ts';

export type EphemeralProbe = {
  /** Two connections to the same store; one and the same object where a store has only one. */
  connections: [Ephemeral, Ephemeral];
  /** Lets at least so many milliseconds pass for the store. */
  pass(milliseconds: number): Promise<void>;
};

const minute = 60_000;

/** What every ephemeral store must do alike. `open` gives connections to an empty store; the caller closes them. */
export function ephemeralConformance(open: () => Promise<EphemeralProbe>): void {
  test('a value is there until it is removed', async () => {
    const [one, two] = (await open()).connections;
    assert.equal(await one.get('key'), undefined);
    await one.set('key', 'wert 🗝️', minute);
    assert.equal(await two.get('key'), 'wert 🗝️');
    await two.set('key', '', minute);
    assert.equal(await one.get('key'), '');
    await one.remove('key');
    assert.equal(await two.get('key'), undefined);
    await one.remove('key');
  });

  test('a value, a claim and a count end with their time', async () => {
    const { connections, pass } = await open();
    const [store] = connections;
    await store.set('value', 'x', 20);
    await store.claim('claim', 20);
    await store.increment('count', 20);
    await pass(25);
    await until(pass, async () => (await store.get('value')) === undefined);
    await until(pass, async () => await store.claim('claim', minute));
    await until(pass, async () => (await store.increment('count', minute)) === 1);
  });

  test('further increments do not prolong the window', async () => {
    const { connections, pass } = await open();
    const [store] = connections;
    assert.equal(await store.increment('count', 40), 1);
    // A window that each increment prolonged would never end while someone keeps counting.
    await until(pass, async () => (await store.increment('count', 40)) === 1);
  });

  test('writing again starts the time anew', async () => {
    const { connections, pass } = await open();
    const [store] = connections;
    await store.set('key', 'short', 20);
    await store.set('key', 'long', minute);
    await pass(40);
    assert.equal(await store.get('key'), 'long');
  });

  test('of 50 parallel claims, one wins', async () => {
    const { connections } = await open();
    const claims = await Promise.all(Array.from({ length: 50 }, (_, n) => pick(connections, n).claim('once', minute)));
    assert.equal(claims.filter(Boolean).length, 1);
    assert.equal(await connections[0].claim('once', minute), false);
    assert.equal(await connections[0].claim('another', minute), true);
  });

  test('200 parallel increments count exactly 200', async () => {
    const { connections } = await open();
    const counts = await Promise.all(
      Array.from({ length: 200 }, (_, n) => pick(connections, n).increment('count', minute)),
    );
    assert.deepEqual(
      counts.sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
  });

  test('of 50 parallel takes, one gets the value', async () => {
    const { connections } = await open();
    await connections[0].set('once', 'the value', minute);
    const taken = await Promise.all(Array.from({ length: 50 }, (_, n) => pick(connections, n).take('once')));
    assert.deepEqual(
      taken.filter((value) => value !== undefined),
      ['the value'],
    );
  });

  test('a message reaches two subscribers in two connections, and nobody on other channels', async () => {
    const [one, two] = (await open()).connections;
    const heard: string[] = [];
    const first = nextMessage(one, 'news', heard);
    const second = nextMessage(two, 'news', heard);
    const other = nextMessage(two, 'other', heard);
    await Promise.all([first.ready, second.ready, other.ready]);
    await one.publish('news', 'hello');
    assert.deepEqual(await Promise.all([first.message, second.message]), ['hello', 'hello']);
    await one.publish('other', 'done');
    assert.equal(await other.message, 'done');
    assert.deepEqual(heard, ['hello', 'hello', 'done']);
  });

  test('who stops hears nothing more, others on the channel go on', async () => {
    const [one, two] = (await open()).connections;
    const heard: string[] = [];
    const stop = await one.subscribe('news', () => heard.push('stopped one'));
    const staying = nextMessage(one, 'news', heard);
    await staying.ready;
    await stop();
    await stop();
    await two.publish('news', 'hello');
    assert.equal(await staying.message, 'hello');
    assert.deepEqual(heard, ['hello']);
  });

  test('publishing where nobody listens is no error', async () => {
    const [store] = (await open()).connections;
    await store.publish('void', 'hello');
  });

  test('ping answers while open and rejects after close', async () => {
    const [store] = (await open()).connections;
    await store.ping();
    await store.close();
    await assert.rejects(store.ping());
    await assert.rejects(store.get('key'));
    await store.close();
  });
}

function pick(connections: [Ephemeral, Ephemeral], n: number): Ephemeral {
  return n % 2 === 0 ? connections[0] : connections[1];
}

/** Lets time pass in small steps until `reached`; the runner's own limit ends it if that never comes. */
async function until(pass: EphemeralProbe['pass'], reached: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < 2000; step++) {
    if (await reached()) return;
    await pass(5);
  }
  assert.fail('It never ended.');
}

function nextMessage(store: Ephemeral, channel: string, heard: string[]) {
  const { promise: message, resolve } = Promise.withResolvers<string>();
  const ready = store.subscribe(channel, (text) => {
    heard.push(text);
    resolve(text);
  });
  return { ready, message };
}
