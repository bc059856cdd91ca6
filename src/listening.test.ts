import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runLatchkey } from '../test/helpers/server-process.ts';
import { freePort } from '../test/helpers/servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-listening-'));
after(() => rmSync(folder, { recursive: true }));
const serve = (env: Record<string, string>) => runLatchkey(['serve'], { LATCHKEY_DATA: join(folder, 'new'), ...env });

test('fault D: a taken port, and a place that is not of this machine, is one line and exit code 2, and nothing is made', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const free = String(await freePort());
  for (const [env, words] of [
    [{ PORT: port, LATCHKEY_HOST: '127.0.0.1' }, /another program listens there/],
    // 192.0.2.0/24 is for documentation alone (RFC 5737), `.invalid` names nothing (RFC 6761).
    [{ PORT: free, LATCHKEY_HOST: '192.0.2.1' }, /this machine has no such address/],
    [{ PORT: free, LATCHKEY_HOST: 'nowhere.invalid' }, /that name has no address/],
  ] as const) {
    const { code, stdout, stderr } = await serve(env);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, /^latchkey: Cannot listen on port \d+ of [^\n]*\n$/);
    assert.match(stderr, words);
    assert.ok(!existsSync(join(folder, 'new', 'latchkey.sqlite')));
  }
  taken.close();
});

test('fault D: every setting that cannot work is told before anything starts, and doctor tells the same', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const env = {
    LATCHKEY_DATA: file,
    LATCHKEY_TRUSTED_PROXIES: 'nginx',
    LATCHKEY_SMTP_URL: 'mail.example.org:587',
    LATCHKEY_MAIL_FROM: 'not an address',
    LATCHKEY_ISUER: 'https://id.example.org',
  };
  const { code, stdout, stderr } = await serve(env);
  const told = stderr.trimEnd().split('\n');
  assert.deepEqual([code, stdout, told.length], [2, '', 5], stderr);
  for (const name of Object.keys(env))
    assert.ok(told.some((line) => line.startsWith('latchkey: ') && line.includes(name)));
  const doctor = await runLatchkey(['doctor', '--json'], env);
  const { ok, checks } = JSON.parse(doctor.stdout) as { ok: boolean; checks: { check: string; detail: string }[] };
  assert.deepEqual([doctor.code, ok], [1, false]);
  const found = checks.filter(({ check }) => check === 'configuration').map(({ detail }) => `latchkey: ${detail}`);
  assert.deepEqual(found.sort(), told.sort());
});
