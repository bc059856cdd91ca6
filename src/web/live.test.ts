import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createTestClock } from '../../test/helpers/clock.ts';
import { type EventStream, openEvents } from '../../test/helpers/event-stream.ts';
import { createWebApp } from '../../test/helpers/web-app.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createLive, type Live, type Watched } from './live.ts';

const issuer = 'http://localhost:3000';

describe('a page that waits', () => {
  const ephemeral = createMemory({ clock: createTestClock() });
  const apps: FastifyInstance[] = [];
  let live: Live;
  let url: string;
  let state: string | undefined;
  let looked: () => Promise<string | undefined>;
  let streams: EventStream[];
  const open = async (headers: Record<string, string> = {}): Promise<EventStream> => {
    const stream = await openEvents(url, headers);
    streams.push(stream);
    return stream;
  };

  /** A process of its own over the same store of messages. */
  async function startProcess(trustedProxies: string[] = []): Promise<{ live: Live; url: string }> {
    const created = createLive({ ephemeral });
    const watched: Watched = { topic: 'news', state: () => looked() };
    const { app } = await createWebApp({
      issuer,
      trustedProxies,
      pages: (pages) => {
        pages.get('/state', (request, reply) => created.answer(request, reply, watched));
        pages.get('/nothing', (request, reply) => created.answer(request, reply, undefined));
      },
    });
    apps.push(app);
    return { live: created, url: `${await app.listen({ port: 0, host: '127.0.0.1' })}/state` };
  }

  beforeEach(async () => {
    ({ live, url } = await startProcess());
    streams = [];
    state = 'waiting';
    looked = async () => state;
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) {
      app.server.closeAllConnections();
      await app.close();
    }
  });

  test('gets its state at once, and again when it was told of a change', async () => {
    const stream = await open();
    assert.equal(stream.status, 200);
    assert.match(stream.headers['content-type'] ?? '', /^text\/event-stream/);
    assert.match(stream.headers['cache-control'] ?? '', /no-store/);
    assert.equal(stream.headers.connection, 'close');
    assert.match(String(stream.headers['content-security-policy']), /connect-src 'self'/);
    await stream.until('waiting');
    assert.equal(live.open, 1);
    state = 'done';
    live.wake('other news');
    live.wake('news');
    assert.deepEqual(await stream.until('done'), ['waiting', 'done']);
  });

  test('a change between the look and the listening is not missed', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<string>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    looked = () => {
      ask();
      return slow;
    };
    const opening = open();
    await asked;
    looked = async () => 'done';
    live.wake('news');
    resolve('waiting');
    assert.deepEqual(await (await opening).until('done'), ['waiting', 'done']);
  });

  test('is told by another process', async () => {
    const other = await startProcess();
    const stop = await live.start();
    const stream = await open();
    await stream.until('waiting');
    state = 'done';
    await other.live.tell('news');
    await stream.until('done');
    await stop();
  });

  test('hears the state at every beat, which finds out what a lost message did not tell', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const stop = await live.start();
    const stream = await open();
    await stream.until('waiting');
    t.mock.timers.tick(20_000);
    await stream.count(2);
    looked = () => Promise.reject(new Error('the database is away'));
    t.mock.timers.tick(20_000);
    state = 'done';
    looked = async () => state;
    t.mock.timers.tick(20_000);
    assert.deepEqual(await stream.until('done'), ['waiting', 'waiting', 'done']);
    await stop();
  });

  test('is let go when nothing entitles to the state any more, and when its process stops', async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all([one.until('waiting'), two.until('waiting')]);
    state = undefined;
    live.wake('news');
    assert.match(await one.ended, /"unknown"/);
    state = 'waiting';
    const three = await open();
    await three.until('waiting');
    live.release();
    await Promise.all([two.ended, three.ended]);
    // Whoever comes now, before the balancer has noticed, learns the state and goes elsewhere.
    assert.match(await (await open()).ended, /^retry: \d{4}\n\ndata: \{"state":"waiting"\}\n\n$/);
    assert.equal(live.open, 0);
  });

  test('F19: no other origin opens a stream', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ])
      assert.equal((await open(headers)).status, 403, JSON.stringify(headers));
    assert.equal(live.open, 0);
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: issuer }])
      assert.equal((await open(headers)).status, 200, JSON.stringify(headers));
  });

  test('asked without a stream, or for nothing, it is told once', async () => {
    const headers = { accept: 'application/json' };
    assert.deepEqual(await (await fetch(url, { headers })).json(), { state: 'waiting' });
    const head = await fetch(url, { method: 'HEAD', headers: { accept: 'text/event-stream' } });
    assert.match(head.headers.get('content-type') ?? '', /json/);
    const nothing = url.replace('/state', '/nothing');
    assert.deepEqual(await (await fetch(nothing, { headers: { accept: 'text/event-stream' } })).json(), {
      state: 'unknown',
    });
    assert.equal(live.open, 0);
  });

  test('when the state cannot be read the browser is refused, and nothing is left behind', async () => {
    looked = () => Promise.reject(new Error('the database is away'));
    assert.equal((await open()).status, 500);
    assert.equal(live.open, 0);
  });

  test('a browser gets eight streams and a network a thousand; the next are told once', async () => {
    ({ live, url } = await startProcess(['127.0.0.1']));
    const cookie = 'latchkey-browser=AAAAAAAAAAAAAAAAAAAAAA';
    for (let n = 0; n < 8; n++) await (await open({ cookie })).until('waiting');
    assert.match((await open({ cookie })).headers['content-type'] ?? '', /json/);
    streams[0]?.close();
    while (live.open === 8) await new Promise(setImmediate);
    await (await open({ cookie })).until('waiting');

    const from = (last: number, network = '203.0.113') => open({ 'x-forwarded-for': `${network}.${last}` });
    for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 100 }, (_, i) => from((n * 100 + i) % 256)));
    assert.equal(live.open, 1008);
    assert.match((await from(7)).headers['content-type'] ?? '', /json/);
    assert.match((await from(7, '198.51.100')).headers['content-type'] ?? '', /event-stream/);
    for (const stream of streams) stream.close();
    while (live.open > 0) await new Promise(setImmediate);
  });
});
