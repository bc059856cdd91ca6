import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Browser, Page as Tab } from 'playwright-core';
import { createMemory } from '../../src/drivers/ephemeral/memory.ts';
import { LiveState } from '../../src/web/content.tsx';
import { createLive, type Live } from '../../src/web/live.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { createTestClock } from '../helpers/clock.ts';
import { createWebApp, type WebApp } from '../helpers/web-app.ts';

/** The page that waits, in a real browser: by a stream, and by whatever is left where there is none. */
describe('a page that waits', () => {
  let web: WebApp;
  let browser: Browser;
  let home: string;
  let live: Live;
  let state = 'waiting';
  let asked: string[] = [];
  let answer: (request: FastifyRequest, reply: FastifyReply) => unknown;
  const tabs: Tab[] = [];

  const byStream = (request: FastifyRequest, reply: FastifyReply) =>
    live.answer(request, reply, { topic: 'news', state: async () => state });
  const byJson = () => ({ state });

  before(async () => {
    web = await createWebApp({
      pages: (pages) => {
        pages.get('/page', (_request, reply) =>
          reply.page({ title: state, content: LiveState({ url: '/state', state, children: `It is ${state}.` }) }),
        );
        pages.get('/state', (request, reply) => {
          asked.push(String(request.headers.accept));
          return answer(request, reply);
        });
      },
    });
    await web.app.listen({ port: 0, host: 'localhost' });
    home = `http://localhost:${(web.app.server.address() as AddressInfo).port}`;
    web.app.web.issuer = home;
    browser = await launchChromium();
  });
  afterEach(() => Promise.all(tabs.splice(0).map((tab) => tab.context().close())));
  after(async () => {
    await browser?.close();
    web?.app.server.closeAllConnections();
    await web?.app.close();
  });

  async function open(how: typeof answer, before: (tab: Tab) => Promise<unknown> = async () => {}): Promise<Tab> {
    live = createLive({ ephemeral: createMemory({ clock: createTestClock() }) });
    [state, asked, answer] = ['waiting', [], how];
    const tab = await (await browser.newContext()).newPage();
    tabs.push(tab);
    await before(tab);
    await tab.goto(`${home}/page`);
    return tab;
  }
  const streams = async (tab: Tab, count: number): Promise<void> => {
    while (live.open !== count) await tab.waitForTimeout(10);
  };

  test('is told by one stream, within the policy of the page, and loads again', async () => {
    const complaints: string[] = [];
    const tab = await open(byStream, async (tab) => void tab.on('console', (said) => complaints.push(said.text())));
    await streams(tab, 1);
    state = 'linked';
    live.wake('news');
    await tab.waitForSelector('text=It is linked.');
    await tab.waitForFunction("document.activeElement.textContent === 'It is linked.'");
    assert.deepEqual(asked.slice(0, 2), ['text/event-stream', 'text/event-stream'], 'one for each time it was loaded');
    assert.deepEqual(complaints, []);
  });

  test('comes back by itself after its process has stopped, and has missed nothing', async () => {
    const tab = await open(byStream);
    await streams(tab, 1);
    const stopped = live;
    live = createLive({ ephemeral: createMemory({ clock: createTestClock() }) });
    state = 'linked';
    stopped.release();
    await tab.waitForSelector('text=It is linked.');
    assert.ok(!asked.includes('application/json'), 'the browser asked for the stream again');
  });

  test('listens only while it is seen', async () => {
    const tab = await open(byStream);
    await streams(tab, 1);
    const turn = (hidden: boolean) =>
      tab.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await turn(true);
    await streams(tab, 0);
    state = 'linked';
    await turn(false);
    await tab.waitForSelector('text=It is linked.');
  });

  test('asks now and then where streams are refused', async () => {
    const tab = await open(byJson);
    await tab.waitForResponse(`${home}/state`);
    state = 'linked';
    await tab.waitForSelector('text=It is linked.');
    assert.equal(asked[1], 'application/json');
  });

  test('asks now and then where a proxy keeps what a stream says', async () => {
    const tab = await open((request, reply) => {
      if (request.headers.accept?.includes('json')) return { state };
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      return reply;
    });
    state = 'linked';
    await tab.waitForSelector('text=It is linked.');
    assert.equal(asked[1], 'application/json');
  });

  test('asks now and then in a browser that knows no streams', async () => {
    const without = (tab: Tab) =>
      tab.addInitScript(() => Object.defineProperty(window, 'EventSource', { value: undefined }));
    const tab = await open(byStream, without);
    await tab.waitForResponse(`${home}/state`);
    state = 'linked';
    await tab.waitForSelector('text=It is linked.');
    assert.ok(!asked.includes('text/event-stream'));
  });
});
