import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWebApp } from '../../test/helpers/web-app.ts';
import { minutes } from '../clock.ts';
import { createSecrets, rootOf } from '../secrets.ts';
import { localPath, readFlow, writeFlow } from './flow.ts';

test('localPath keeps our own paths', () => {
  for (const path of ['/', '/devices', '/link?user_code=BCDF-GHJK', '/a/b?c=d&e=%2F%2Fx#f', '/l/ABC'])
    assert.equal(localPath(path), path);
});

test('localPath refuses whatever could lead elsewhere', () => {
  const others = [
    '',
    'devices',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' /devices',
    '/dev ices',
    '/.//evil.example',
    '/x/..//evil.example',
    '/%2e//evil.example',
    'https://evil.example',
    'https:/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/a\u0000b',
    '/a\u202eb',
    `/${'a'.repeat(2000)}`,
    undefined,
    null,
    7,
    ['/devices'],
    { toString: () => '/devices' },
  ];
  for (const other of others) assert.equal(localPath(other), undefined, JSON.stringify(other));
});

test('whatever localPath returns stays on our origin, however often it is resolved', () => {
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '\t',
    '@',
    ':',
    'evil.example',
    '?',
    '#',
    'a',
    '%2e',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const path = localPath(`/${parts.join('')}`);
      if (path === undefined) return;
      const once = new URL(path, 'https://id.example.org');
      const twice = new URL(once.pathname + once.search, 'https://id.example.org');
      assert.equal(once.origin, 'https://id.example.org');
      assert.equal(twice.origin, 'https://id.example.org');
    }),
  );
});

test('a flow is read back by its own browser for 30 minutes, and by no other', async () => {
  const { app, clock, visit } = await createWebApp({
    pages: (pages) => {
      pages.get('/write', (_, reply) => {
        writeFlow(reply, { userCode: 'BCDFGHJK', next: '/devices' });
        return reply.send('');
      });
      pages.get('/end', (_, reply) => {
        writeFlow(reply, {});
        return reply.send('');
      });
      pages.get('/read', (request) => readFlow(request));
    },
  });
  const { cookie } = await visit();
  const written = await app.inject({ url: '/write', headers: { cookie } });
  const setCookie = String(written.headers['set-cookie']);
  assert.match(setCookie, /^latchkey-flow=[\w.-]+; Max-Age=1800; Path=\/; HttpOnly; SameSite=Lax$/);
  assert.doesNotMatch(setCookie, /BCDFGHJK/);
  const flow = setCookie.split(';')[0];
  const read = async (cookies: string) => (await app.inject({ url: '/read', headers: { cookie: cookies } })).json();

  assert.deepEqual(await read(`${cookie}; ${flow}`), { userCode: 'BCDFGHJK', next: '/devices' });
  assert.deepEqual(await read(`${(await visit()).cookie}; ${flow}`), {}, 'planted in another browser');
  assert.deepEqual(await read(`${cookie}; ${flow}x`), {}, 'altered');
  assert.deepEqual(await read(cookie), {});
  clock.advance(minutes(30));
  assert.deepEqual(await read(`${cookie}; ${flow}`), {}, 'too old, whatever the browser says');

  const ended = await app.inject({ url: '/end', headers: { cookie } });
  assert.match(String(ended.headers['set-cookie']), /^latchkey-flow=; .*Expires=Thu, 01 Jan 1970/);
});

test('fault E2: a flow that is sealed with a key of other processes is a page of 503, and is kept', async () => {
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const secrets = createSecrets(old);
  const elsewhere = createSecrets(next, { previous: [old], lookupRoot: rootOf(old) });
  secrets.agree({ sealWith: secrets.keyName, elsewhere: elsewhere.keyNames });
  const { app, clock, visit } = await createWebApp({
    secrets,
    pages: (pages) => pages.get('/read', (request) => readFlow(request)),
  });
  const { cookie } = await visit();
  const browserId = cookie.slice(cookie.indexOf('=') + 1);
  const flow = JSON.stringify({ expiresAt: clock.now() + minutes(5), flow: { locale: 'de' } });
  const { statusCode, headers, body } = await app.inject({
    url: '/read',
    headers: { accept: 'text/html', cookie: `${cookie}; latchkey-flow=${elsewhere.seal('flow', flow, browserId)}` },
  });
  assert.equal(statusCode, 503);
  assert.match(String(headers['content-type']), /^text\/html/);
  assert.match(body, /<h1>/);
  assert.ok(Number(headers['retry-after']) >= 1);
  assert.equal(headers['set-cookie'], undefined);
});
