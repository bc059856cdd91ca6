import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// From dist/src/cli/ to the package.
const latchkey = fileURLToPath(new URL('../../../bin/latchkey', import.meta.url));

describe('fault C5: the command about apps', () => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-clients-'));
  after(() => rmSync(data, { recursive: true }));

  const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve, reject) => {
      const env = { PATH: process.env.PATH, LATCHKEY_DATA: data };
      const child = spawn(process.execPath, [latchkey, 'clients', ...args], { env });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, err }));
    });
  const told = async (...args: string[]) => {
    const { code, out, err } = await run(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };

  test('fault C5: change: only what is named, every setting, what ends, and an empty value for an empty list', async () => {
    const grant = ['--grant', 'authorization_code', '--redirect-uri', 'https://shop.example/a'];
    const api = await told('create', '--name', 'API', '--grant', 'client_credentials');
    const { client_secret: _secret, ...made } = await told('create', '--name', 'Shop', '--id', 'shop', ...grant);
    assert.deepEqual(await told('change', 'shop', '--name', 'Shop 2'), { ...made, client_name: 'Shop 2', ends: [] });
    const changed = await told(
      ...['change', 'shop', '--scope', 'openid things', '--web-origin', 'https://shop.example'],
      ...['--resource', 'https://api.example', '--service', api.client_id, '--device-days', '9', '--dpop-required'],
      ...['--pkce', 'optional', '--id-token-alg', 'RS256', '--post-logout-redirect-uri', 'https://shop.example/bye'],
    );
    const { ends, ...now } = changed;
    assert.deepEqual(now, {
      ...{ ...made, client_name: 'Shop 2', scope: 'openid things', web_origins: ['https://shop.example'] },
      ...{ resources: ['https://api.example'], services: [api.client_id], device_days: 9, pkce: 'optional' },
      ...{ dpop_bound_access_tokens: true, id_token_signed_response_alg: 'RS256' },
      post_logout_redirect_uris: ['https://shop.example/bye'],
    });
    assert.match(ends.join(' '), /profile, email, offline_access/);
    const emptied = await told('change', 'shop', '--web-origin', '', '--no-dpop-required');
    assert.deepEqual([emptied.web_origins, emptied.dpop_bound_access_tokens], [[], false]);
    assert.match((await run('change', 'shop', '--scope', 'openid')).out, /^Changed client shop .*\n.*things any more/);
  });

  test('fault C5: rotate-secret: the new one once, and until when the old one counts', async () => {
    const made = await told('create', '--name', 'API', '--id', 'api', '--grant', 'client_credentials');
    const rotated = await told('rotate-secret', 'api', '--overlap-hours', '24');
    assert.match(rotated.client_secret, /^[\w-]{43}$/);
    assert.notEqual(rotated.client_secret, made.client_secret);
    assert.ok(Date.parse(rotated.previous_secret_until) > Date.now() + 23 * 3_600_000);
    const { out } = await run('rotate-secret', 'api');
    assert.match(out, /shown this once: [\w-]{43}\nThe old one ends within five seconds\.\n$/);
    assert.doesNotMatch((await run('list', '--json')).out, /secret/);
  });

  test('fault C5, fault C4: what is refused is refused in one sentence, and what is mistyped with the help', async () => {
    const web = ['--grant', 'authorization_code', '--redirect-uri', 'https://shop.example/a'];
    for (const [args, code, words] of [
      [['change', 'nobody', '--name', 'X'], 1, /no client nobody/],
      [['rotate-secret', 'nobody'], 1, /no client nobody/],
      [['change', 'api'], 2, /Nothing to change/],
      [['change'], 2, /ID is missing/],
      [['change', 'api', '--dpop-required', '--no-dpop-required'], 2, /opposites/],
      [['rotate-secret', 'api', '--overlap-hours', '200'], 2, /0 to 168/],
      [['create', '--name', 'X', ...web, '--pkce', 'never'], 2, /required or optional/],
      [['create', '--name', 'X', ...web, '--public', '--pkce', 'optional'], 1, /secret stays on a server/],
      [
        ['create', '--name', 'X', ...web, '--grant', 'device_code', '--pkce', 'optional'],
        1,
        /secret stays on a server/,
      ],
      [['create', '--name', 'X', ...web, '--scope', 'email', '--pkce', 'optional'], 1, /scope openid/],
      [
        [
          'create',
          '--name',
          'X',
          ...web,
          '--redirect-uri',
          'http://localhost/a',
          '--redirect-uri',
          'https://localhost/a',
        ],
        1,
        /could never work/,
      ],
    ] as const) {
      const answer = await run(...args);
      assert.equal(answer.code, code, answer.err);
      assert.match(answer.err, words);
      if (code === 1) assert.equal(answer.err.trimEnd().split('\n').length, 1);
    }
  });
});
