import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createDatabasePlace, type DatabasePlace } from '../helpers/databases.ts';
import { deviceCodeGrant, poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { connectRaw, type RawClient, requestHead } from '../helpers/raw-client.ts';
import { runLatchkey, type ServerProcess, startServerProcess } from '../helpers/server-process.ts';
import { testPassword } from '../helpers/test-app.ts';

/** As many as the system lets one process open, with some to spare for everything else. */
const crowd = Math.min(Number(process.env.FAULT_HELD || 2500), mostOpenFiles() - 500);

/** Pages that wait, each by an event stream. */
const pages = Math.min(Number(process.env.FAULT_STREAMS || 2500), mostOpenFiles() - 500);

/** A process of its own, so that its memory is its own. */
describe('a crowd', () => {
  let place: DatabasePlace;
  let server: ServerProcess;
  let tv: string;

  before(async () => {
    place = await createDatabasePlace('SQLite');
    const env = { LATCHKEY_DATA: place.data, LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1' };
    const account = ['accounts', 'create', '--email', 'sam@example.org', '--password-stdin', '--json'];
    assert.equal((await runLatchkey(account, env, testPassword)).code, 0);
    const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
    tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
    server = await startServerProcess(env);
  });
  after(async () => {
    await server?.kill();
    await place?.remove();
  });

  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const memory = async (): Promise<{ resident: number; heap: number }> => ({
    resident: (await metric('process_resident_memory_bytes')) / 2 ** 20,
    heap: (await metric('nodejs_heap_size_used_bytes')) / 2 ** 20,
  });
  const askFrom = (address: string) =>
    postForm(`${server.url}/device_authorization`, { client_id: tv }, { 'x-forwarded-for': address });
  const inBatches = async (count: number, size: number, work: (n: number) => Promise<unknown>): Promise<void> => {
    for (let done = 0; done < count; done += size) {
      await Promise.all(Array.from({ length: Math.min(size, count - done) }, (_, n) => work(done + n)));
    }
  };
  /** The whole main job, beside the crowd. */
  const linkOne = async (): Promise<void> => {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, 'sam@example.org', testPassword);
    const code = await requestCode(server.url, tv);
    await linkCode(browser, code.user_code);
    assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
  };

  it(`of ${crowd} polls held at once, each is answered by its own decision or the end; others are served`, async (t) => {
    assert.ok(crowd >= 2000, `the system allows ${mostOpenFiles()} open files; this test needs 2,500`);
    const codes: { device_code: string; user_code: string }[] = [];
    await inBatches(crowd, 100, async () => codes.push(await requestCode(server.url, tv)));
    const browser = createHttpBrowser(server.url);
    await signIn(browser, 'sam@example.org', testPassword);
    const before = await memory();
    const held: RawClient[] = [];
    await inBatches(crowd, 200, async (n) => {
      const client = await connectRaw(server.url);
      const form = { grant_type: deviceCodeGrant, device_code: codes[n]?.device_code ?? '', client_id: tv };
      const body = new URLSearchParams(form).toString();
      const type = 'application/x-www-form-urlencoded';
      const headers = { 'content-type': type, prefer: 'wait=25', 'content-length': body.length };
      client.send(requestHead('POST /token', headers) + body);
      held[n] = client;
    });
    const during = await memory();
    const early = held.filter((client) => client.received() !== '').length;

    const [first, second] = [codes.length - 1, codes.length - 2];
    await linkCode(browser, codes[first]?.user_code ?? '');
    assert.match((await held[first]?.until(/access_token/)) ?? '', /^HTTP\/1\.1 200 /);
    await linkOne();
    // Some hang up; nobody notices.
    const left = held.splice(0, 200);
    for (const client of left) client.socket.destroy();
    await linkCode(browser, codes[second]?.user_code ?? '');
    const rest = await Promise.all(held.map((client) => client.until(/\r\n\r\n\{/)));
    const tokens = rest.filter((text) => text.includes('access_token')).length;
    const pending = rest.filter((text) => text.includes('authorization_pending')).length;
    assert.deepEqual({ tokens, pending }, { tokens: 2, pending: rest.length - 2 });
    for (const client of held) client.socket.destroy();

    const each = ((during.resident - before.resident) * 1024) / crowd;
    t.diagnostic(`${before.resident.toFixed(0)} MiB resident before, ${during.resident.toFixed(0)} MiB while holding`);
    t.diagnostic(`${each.toFixed(1)} KiB each, heap ${before.heap.toFixed(0)} → ${during.heap.toFixed(0)} MiB`);
    t.diagnostic(`${early} were answered before the last one asked`);
  });

  it('a flood of requests for codes from one network ends in 429 for that network alone; memory stays bounded', async (t) => {
    const statuses = new Map<number, number>();
    const resident: number[] = [];
    for (let wave = 0; wave < 3; wave++) {
      await inBatches(2000, 100, async (n) => {
        const { status, body, headers } = await askFrom(`203.0.113.${n % 256}`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 200) return;
        assert.deepEqual([status, body.error], [429, 'temporarily_unavailable']);
        const wait = Number(headers.get('retry-after'));
        assert.ok(wait >= 1 && wait <= 600, `Retry-After: ${headers.get('retry-after')}`);
        if (n % 1000 === 999) {
          assert.equal((await askFrom('198.51.100.7')).status, 200, 'another network');
          await linkOne();
        }
      });
      resident.push((await memory()).resident);
    }
    assert.equal(statuses.get(200), 600);
    t.diagnostic(`${statuses.get(200)} codes, ${statuses.get(429)} times 429`);
    t.diagnostic(`${resident.map((size) => size.toFixed(0)).join(' → ')} MiB resident`);
    // What is refused leaves nothing behind; what grows at first is the engine warming up.
    const [, second = 0, third = 0] = resident;
    assert.ok(third - second < 64, `grew by ${third - second} MiB`);
    assert.equal((await askFrom('2001:db8::1')).status, 200);
  });

  it(`of ${pages} pages that wait, each is told of its own device, others are served, and the process stops in time`, async (t) => {
    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    const links: { device_code: string; path: string }[] = [];
    for (let n = 0; n < 10; n++) {
      const code = await requestCode(server.url, tv);
      links.push({ ...code, path: (await linkCode(person, code.user_code)).url.pathname });
    }
    const session = [...person.cookies].filter(([name]) => name.endsWith('session')).map((pair) => pair.join('='));
    const before = await memory();
    const streams: RawClient[] = [];
    await inBatches(pages, 100, async (n) => {
      const client = await connectRaw(server.url);
      // Another browser for each, or eight would be all; of many networks, or a thousand would be.
      const cookie = [...session, `latchkey-browser=${String(n).padStart(22, 'A')}`].join('; ');
      const from = { 'x-forwarded-for': `10.${n >> 8}.${n & 255}.1`, accept: 'text/event-stream', cookie };
      client.send(requestHead(`GET ${links[n % 10]?.path}/state`, from));
      await client.until(/data: \{"state":"approved"\}/);
      streams[n] = client;
    });
    assert.equal(await metric('latchkey_event_streams'), pages);
    const during = await memory();

    const told = (client: RawClient): boolean => client.received().includes('redeemed');
    const since = performance.now();
    assert.equal((await poll(server.url, tv, links[0]?.device_code ?? '')).status, 200);
    await Promise.all(streams.filter((_, n) => n % 10 === 0).map((client) => client.until(/"redeemed"/)));
    const spread = performance.now() - since;
    assert.equal(streams.filter(told).length, Math.ceil(pages / 10));
    await linkOne();

    // One beat of all of them.
    const cpu = () => metric('process_cpu_seconds_total');
    const [cpuBefore, beatsBefore] = [await cpu(), performance.now()];
    const beats = (client: RawClient): number => client.received().split('data: {').length - 1;
    while (streams.some((client) => beats(client) < 2)) await new Promise((resolve) => setTimeout(resolve, 200));
    const busy = ((await cpu()) - cpuBefore) / ((performance.now() - beatsBefore) / 1000);

    const each = ((during.resident - before.resident) * 1024) / pages;
    t.diagnostic(`${before.resident.toFixed(0)} MiB resident before, ${during.resident.toFixed(0)} MiB while waiting`);
    t.diagnostic(`${each.toFixed(1)} KiB each, heap ${before.heap.toFixed(0)} → ${during.heap.toFixed(0)} MiB`);
    t.diagnostic(`${pages / 10} told in ${spread.toFixed(0)} ms; beats take ${(busy * 100).toFixed(1)} % of a core`);
    const stopped = performance.now();
    assert.equal(await server.stop(), 0);
    await Promise.all(streams.map((client) => client.closed));
    t.diagnostic(`stopped in ${(performance.now() - stopped).toFixed(0)} ms`);
  });
});

/** Node.js raises its own limit to the hard one as it starts. */
function mostOpenFiles(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? 1024);
}
