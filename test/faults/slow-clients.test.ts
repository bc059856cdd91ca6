import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deviceCodeGrant, poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser } from '../helpers/http-browser.ts';
import { connectRaw, type RawClient, requestHead } from '../helpers/raw-client.ts';
import { silence } from '../helpers/silence.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** Clients that are slow, endless, unreadable or gone cost a connection for a while, and nobody else anything. */
describe('slow and oversized clients', () => {
  let server: TestApp;
  let tv: string;

  before(async () => {
    server = await startTestApp();
    silence(server.app.server);
    tv = (await server.createClient()).id;
  });
  after(() => server.stop());

  const connect = (count: number): Promise<RawClient[]> =>
    Promise.all(Array.from({ length: count }, () => connectRaw(server.url)));
  const pollForm = async (): Promise<string> => {
    const { device_code } = await requestCode(server.url, tv);
    return new URLSearchParams({ grant_type: deviceCodeGrant, device_code, client_id: tv }).toString();
  };
  /** What everybody else does meanwhile. */
  const others = async (): Promise<void> => {
    const code = await requestCode(server.url, tv);
    assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
    assert.equal((await createHttpBrowser(server.url).open('/link')).status, 200);
  };

  it('bytes that dribble in, and lines on which nobody speaks, end by a deadline; others are served meanwhile', async (t) => {
    const node = server.app.server.server;
    assert.ok(node.requestTimeout > 0 && node.requestTimeout <= 60_000, `${node.requestTimeout} ms`);
    assert.ok(node.headersTimeout > 0 && node.headersTimeout <= 60_000, `${node.headersTimeout} ms`);
    // The same limits, sooner.
    const configured = { request: node.requestTimeout, headers: node.headersTimeout };
    node.requestTimeout = 1000;
    node.headersTimeout = 1000;
    t.after(() => Object.assign(node, { requestTimeout: configured.request, headersTimeout: configured.headers }));

    const [bodies, polls, heads, silent] = await Promise.all([connect(60), connect(60), connect(60), connect(20)]);
    for (const client of bodies) client.send(requestHead('POST /link', { ...form, 'content-length': 1000 }));
    for (const client of polls) client.send(requestHead('POST /token', { ...form, 'content-length': 300 }));
    for (const client of heads) client.send('GET /link HTTP/1.1\r\nhost: localhost\r\n');
    const talking = [...bodies, ...polls, ...heads];
    const dribble = setInterval(() => {
      for (const client of bodies) client.send('a');
      for (const client of polls) client.send('a');
      for (const client of heads) client.send('x-a: 1\r\n');
    }, 100);
    t.after(() => clearInterval(dribble));
    let open = true;
    const all = Promise.all([...talking, ...silent].map((client) => client.closed)).finally(() => {
      open = false;
    });
    let served = 0;
    for (; open; served++) await others();
    const answers = await all;
    const timeouts = answers.filter((text) => text.startsWith('HTTP/1.1 408 '));
    t.diagnostic(
      `${answers.length} connections ended, ${timeouts.length} of them with 408, others served ${served} times`,
    );
    assert.ok(timeouts.length > 0 && served > 0);
    for (const text of timeouts) assert.match(text, /x-content-type-options: nosniff[\s\S]*took too long/);
  });

  it('a body that is too large is answered by 413, on pages, at the engine and by whoever does not say its size', async () => {
    const size = 100_000;
    const body = `user_code=${'B'.repeat(size)}`;
    for (const path of [
      '/link',
      '/signin',
      '/token',
      '/device_authorization',
      '/introspect',
      '/par',
      '/examples/tv/start',
    ]) {
      const [known, chunked] = (await connect(2)) as [RawClient, RawClient];
      known.send(requestHead(`POST ${path}`, { ...form, 'content-length': body.length }));
      known.send(body);
      chunked.send(requestHead(`POST ${path}`, { ...form, 'transfer-encoding': 'chunked' }));
      chunked.send(`${body.length.toString(16)}\r\n${body}\r\n`);
      for (const client of [known, chunked]) {
        const text = await client.until(/\r\n\r\n./);
        assert.match(text, /^HTTP\/1\.1 413 [\s\S]*too large/i, `${path}: ${text.slice(0, 300)}`);
        assert.match(text, /x-content-type-options: nosniff/i);
        client.socket.destroy();
      }
    }
    const page = await createHttpBrowser(server.url).post('/link', { user_code: 'B'.repeat(size) });
    assert.equal(page.status, 413);
    assert.match(page.text, /more than we can take[\s\S]*Nothing was stored/);
    await others();
  });

  it('a body without end is cut off', async (t) => {
    const [client] = (await connect(1)) as [RawClient];
    client.send(requestHead('POST /link', { ...form, 'transfer-encoding': 'chunked' }));
    const block = `8000\r\n${'a'.repeat(0x8000)}\r\n`;
    let sent = 0;
    const more = setInterval(() => {
      client.send(block);
      sent += block.length;
    }, 5);
    const text = await client.closed;
    clearInterval(more);
    assert.match(text, /^HTTP\/1\.1 413 |^$/);
    assert.ok(sent < 50_000_000, `${sent} bytes were taken`);
    t.diagnostic(`cut off after ${Math.round(sent / 1024)} KiB had been sent`);
  });

  it('headers that are too large, and what is no HTTP, get a short answer and the end of the connection', async () => {
    const strange: [string, RegExp][] = [
      [
        requestHead('GET /link', { cookie: 'a'.repeat(20_000) }),
        /^HTTP\/1\.1 431 [\s\S]*headers of this request are too large/,
      ],
      [requestHead(`GET /${'a'.repeat(20_000)}`), /^HTTP\/1\.1 431 /],
      [
        '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003 hello over TLS\r\n\r\n',
        /^HTTP\/1\.1 400 [\s\S]*cannot be read/,
      ],
      ['FETCH /link HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['GET /link HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 400 |^HTTP\/1\.1 505 /],
      [
        `${requestHead('POST /token', { 'content-length': 5, 'transfer-encoding': 'chunked' })}0\r\n\r\n`,
        /^HTTP\/1\.1 400 /,
      ],
    ];
    for (const [sent, expected] of strange) {
      const [client] = (await connect(1)) as [RawClient];
      client.send(Buffer.from(sent, 'latin1'));
      const text = await client.closed;
      assert.match(text, expected, sent.slice(0, 60));
      assert.match(text, /x-content-type-options: nosniff/i, sent.slice(0, 60));
    }
    await others();
  });

  it('addresses that cannot be read lead nowhere, with a page that says so', async () => {
    for (const path of ['/%zz', '/l/%ff', `/l/${'B'.repeat(600)}`, '/devices/%E0%A4%A']) {
      const page = await createHttpBrowser(server.url).open(path);
      assert.equal(page.status, 404, path);
      assert.match(page.text, /There is no such page/);
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    }
  });

  it('a device that is gone leaves no held poll behind, nor one that closes only its half', async () => {
    for (const leave of [(client: RawClient) => client.socket.destroy(), (client: RawClient) => client.socket.end()]) {
      const body = await pollForm();
      const [client] = (await connect(1)) as [RawClient];
      client.send(requestHead('POST /token', { ...form, prefer: 'wait=25', 'content-length': body.length }) + body);
      while (server.app.held() === 0) await new Promise(setImmediate);
      leave(client);
      while (server.app.held() > 0) await new Promise(setImmediate);
    }
  });

  it('a body that never comes, comes in two halves, or is empty is read as what it is', async () => {
    const body = await pollForm();
    const [halves, empty, gone] = (await connect(3)) as [RawClient, RawClient, RawClient];
    gone.send(requestHead('POST /token', { ...form, 'content-length': body.length }));
    gone.socket.destroy();
    halves.send(requestHead('POST /token', { ...form, 'content-length': body.length }));
    halves.send(body.slice(0, 50));
    empty.send(requestHead('POST /token', { ...form, 'content-length': 0 }));
    assert.match(await empty.until(/invalid_request/), /^HTTP\/1\.1 400 /);
    halves.send(body.slice(50));
    assert.match(await halves.until(/authorization_pending/), /^HTTP\/1\.1 400 /);
    for (const client of [halves, empty]) client.socket.destroy();
  });
});
