import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { connectRaw, requestHead } from '../../test/helpers/raw-client.ts';
import { createWebApp, form } from '../../test/helpers/web-app.ts';
import { firstValues } from './edge.ts';
import { serverOptions } from './web.ts';

const proxy = '10.0.0.1';

function listening(trustedProxies: string[] = ['10.0.0.0/8']): { app: FastifyInstance; unreadable: string[] } {
  const unreadable: string[] = [];
  const options = serverOptions({ trustedProxies, unreadableAddress: (entry) => unreadable.push(entry) });
  const app = Fastify({ ...options, logger: false });
  app.get('/', (request) => ({ ip: request.ip, headers: request.headers, query: request.query }));
  return { app, unreadable };
}

test('fault B5: the address of a client is found in whatever a trusted proxy sends', async () => {
  const cases: [headers: Record<string, string>, ip: string, unreadable?: string[]][] = [
    [{ 'x-forwarded-for': '198.51.7.9:40001' }, '198.51.7.9'],
    [{ 'x-forwarded-for': '"[2001:db8::1]:4711"' }, '2001:db8::1'],
    [{ 'x-forwarded-for': '::ffff:198.51.7.9' }, '198.51.7.9'],
    // The next hop inwards is a proxy, too, and says its port.
    [{ 'x-forwarded-for': '198.51.7.9:1, 10.9.9.9:2' }, '198.51.7.9'],
    // What a client wrote itself stands before its own address, and is not even read.
    [{ 'x-forwarded-for': 'nonsense, 203.0.113.5, 198.51.7.9' }, '198.51.7.9'],
    [{ forwarded: 'for=198.51.7.9' }, '198.51.7.9'],
    [{ forwarded: 'For="[2001:db8:cafe::17]:4711";proto=https;by=10.0.0.1' }, '2001:db8:cafe::17'],
    [{ forwarded: 'for=203.0.113.5;by="a,b;c", proto=http; for="198.51.7.9:80"' }, '198.51.7.9'],
    // Whoever writes both writes the older one last, or at least by itself.
    [{ 'x-forwarded-for': '198.51.7.9', forwarded: 'for=203.0.113.5' }, '198.51.7.9'],
    [{ 'x-forwarded-for': ' , ' }, proxy],
    [{}, proxy],
    [{ 'x-forwarded-for': 'unknown' }, proxy, ['unknown']],
    [{ 'x-forwarded-for': '203.0.113.5, nonsense' }, proxy, ['nonsense']],
    [{ 'x-forwarded-for': 'nonsense, 10.9.9.9' }, '10.9.9.9', ['nonsense']],
    [{ forwarded: 'for=_hidden' }, proxy, ['_hidden']],
    [{ forwarded: 'proto=https' }, proxy, ['unknown']],
    [{ forwarded: 'for="198.51.7.9' }, proxy, ['"198.51.7.9']],
  ];
  for (const [headers, ip, expected = []] of cases) {
    const { app, unreadable } = listening();
    const answer = await app.inject({ url: '/', headers, remoteAddress: proxy });
    assert.equal(answer.json().ip, ip, JSON.stringify(headers));
    assert.deepEqual(unreadable, expected, JSON.stringify(headers));
  }
});

test('fault B5: nothing counts that a peer who is not trusted says of addresses', async () => {
  for (const trusted of [[], ['10.0.0.0/8']]) {
    const { app, unreadable } = listening(trusted);
    for (const headers of [
      { 'x-forwarded-for': '203.0.113.5' },
      { 'x-forwarded-for': 'nonsense' },
      { forwarded: 'for=203.0.113.5' },
    ]) {
      const answer = await app.inject({ url: '/', headers, remoteAddress: '198.51.7.9' });
      assert.equal(answer.json().ip, '198.51.7.9');
      assert.equal(answer.json().headers['x-forwarded-for'], undefined, 'nobody further in can believe it either');
    }
    assert.deepEqual(unreadable, [], 'and nobody is told');
  }
});

test('fault B1: headers and parameters are cut before anything reads them, but for those that are checked as a whole', async () => {
  const { app } = listening();
  const long = 'a'.repeat(9000);
  const whole = ['authorization', 'dpop'];
  for (const name of [
    'user-agent',
    'accept-language',
    'prefer',
    'x-whatever',
    'origin',
    'accept',
    'traceparent',
    ...whole,
  ]) {
    const { headers } = (await app.inject({ url: '/', headers: { [name]: long } })).json();
    assert.equal(headers[name].length, whole.includes(name) ? 9000 : 1000, name);
  }
  const cookie = `latchkey-flow=${long}`;
  assert.equal((await app.inject({ url: '/', headers: { cookie } })).json().headers.cookie, cookie);
  const { query } = (await app.inject(`/?a=${long}&b=${long}&b=${long}&c=1`)).json();
  assert.deepEqual([query.a.length, query.b.map((one: string) => one.length), query.c], [4000, [4000, 4000], '1']);
});

test('fault B1: fields of forms are cut before any page reads them', async () => {
  const { app, visit } = await createWebApp({
    pages: (pages) => {
      pages.post('/echo', (request, reply) =>
        reply.send(Object.entries(request.body as Record<string, string>).map(([name, value]) => [name, value.length])),
      );
    },
  });
  const { cookie, csrf } = await visit();
  const { payload, headers } = form({ csrf, email: 'a'.repeat(9000), credential: 'a'.repeat(40_000) });
  const answer = await app.inject({ method: 'POST', url: '/echo', payload, headers: { ...headers, cookie } });
  const lengths = Object.fromEntries(answer.json());
  assert.equal(lengths.email, 4000);
  assert.equal(lengths.credential, 32 * 1024);
});

test('a request that names a whole address is one for its path, whoever is named there', async () => {
  const server = Fastify({ ...serverOptions({ trustedProxies: [] }), logger: false });
  server.all('/auth', (request, reply) => reply.redirect(`${request.url}&more`, 303));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const target = async (path: string): Promise<string> => {
    const raw = await connectRaw(`http://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
    raw.send(requestHead(`POST ${path}`, { connection: 'close', 'content-length': 0 }));
    const answer = await raw.closed;
    return /^location: (.*)$/im.exec(answer)?.[1]?.trim() ?? answer.slice(9, 12);
  };
  assert.equal(await target('/auth?a=b'), '/auth?a=b&more');
  assert.equal(await target('http://evil.example/auth?a=b'), '/auth?a=b&more');
  assert.equal(await target('HTTPS://evil.example:1/auth?a=b'), '/auth?a=b&more');
  for (const path of [
    'http://evil.example?a=/auth',
    'http://a/http://evil.example/auth',
    'evil.example/auth',
    '//evil.example/auth',
  ])
    assert.match(await target(path), /^40[04]$/, path);
  await server.close();
});

test('what would mean something else if it were cut is not cut as a word of a person is', () => {
  const long = 'x'.repeat(9000);
  const fields = firstValues(`name=${long}&request=${long}&credential=${long}`);
  assert.equal(fields.name?.length, 4000);
  assert.equal(fields.request, long);
  assert.equal(fields.credential, long);
});
