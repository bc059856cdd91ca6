import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runLatchkey } from '../helpers/server-process.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

let server: TestApp;
let clientId = '';

before(async () => {
  server = await startTestApp({ env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1' } });
  clientId = (await server.createClient()).id;
});
after(() => server.stop());

async function ask(headers: Record<string, string>): Promise<number> {
  const body = new URLSearchParams({ client_id: clientId });
  const answer = await fetch(`${server.url}/device_authorization`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}

const unreadable = async (): Promise<string | undefined> =>
  /^latchkey_unreadable_addresses_total (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];

test('fault B5: a proxy that writes ports keeps networks apart, and one network’s flood refuses that network alone', async () => {
  const flood = await Promise.all(
    Array.from({ length: 620 }, (_, i) => ask({ 'x-forwarded-for': `198.51.7.${i % 250}:${40_000 + i}` })),
  );
  assert.equal(flood.filter((status) => status === 200).length, 600);
  assert.equal(flood.filter((status) => status === 429).length, 20);
  assert.equal(await ask({ 'x-forwarded-for': '203.0.113.9:40001' }), 200);
  assert.equal(await ask({ forwarded: 'for="[2001:db8::1]:4711"' }), 200);
  // The same people, by another gateway.
  assert.equal(await ask({ 'x-forwarded-for': '64:ff9b::198.51.7.9' }), 429);
  assert.equal(await unreadable(), '0');
});

test('fault B5: what is no address counts for the proxy, in a metric and once in the log', async () => {
  const lines: string[] = [];
  const { log } = server.app.server;
  const warn = log.warn.bind(log);
  log.warn = (...words: unknown[]) => void lines.push(JSON.stringify(words));
  for (const entry of ['unknown', '_hidden', 'nonsense']) assert.equal(await ask({ 'x-forwarded-for': entry }), 200);
  log.warn = warn;
  assert.equal(await unreadable(), '3');
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0] ?? '', /"unknown".*no address/);
});

test('fault B5: doctor beside the server tells of what was no address', async () => {
  await ask({ 'x-forwarded-for': 'unknown' });
  const data = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'));
  const env = { LATCHKEY_ISSUER: server.url, LATCHKEY_TRUSTED_PROXIES: '127.0.0.1', LATCHKEY_DATA: data };
  const { stdout } = await runLatchkey(['doctor'], env);
  rmSync(data, { recursive: true });
  const told = `127.0.0.1 believed about addresses; ${await unreadable()} requests since the start`;
  assert.ok(stdout.includes(told), stdout);
});
