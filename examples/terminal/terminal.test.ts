import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Scripted, startIssuer } from '../../sdk/src/testing/scripted-issuer.ts';
import { createSkippingTime } from '../../sdk/src/testing/skipping-time.ts';
import { runTerminal } from './terminal.ts';

type Outcome = { code: number; out: string };
type Given = {
  issuer: Awaited<ReturnType<typeof startIssuer>>;
  run: (args?: string[], onPrint?: (text: string, stop: () => void) => void) => Promise<Outcome>;
  tokenPath: string;
};

async function withTerminal(
  script: { tokens?: Scripted[]; codes?: Scripted[] },
  check: (given: Given) => Promise<void>,
) {
  const folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  const tokenPath = join(folder, 'latchkey-example', 'tokens.json');
  const issuer = await startIssuer(script);
  const run: Given['run'] = async (args = [], onPrint) => {
    const control = new AbortController();
    let out = '';
    const print = (text: string) => {
      out += `${text}\n`;
      onPrint?.(text, () => control.abort());
    };
    const machine = { print, complain: print, screen: undefined, tokenPath, signal: control.signal };
    const code = await runTerminal([...args, '--issuer', issuer.url], { ...machine, ...createSkippingTime().outside });
    return { code, out };
  };
  try {
    await check({ issuer, run, tokenPath });
  } finally {
    await issuer.stop();
    await rm(folder, { recursive: true });
  }
}

test('signs in: address, code plate, how long, who', async () => {
  await withTerminal({ tokens: ['pending', 'tokens'] }, async ({ issuer, run, tokenPath }) => {
    const { code, out } = await run();
    assert.equal(code, 0);
    assert.match(out, new RegExp(`To sign in, open ${issuer.url}/link on any device and enter`));
    assert.match(out, /│ {3}BCDF-GHJK {3}│/);
    assert.match(out, /[█▀▄]{4}/);
    assert.match(out, /It works for 10 minutes\. Waiting… \(Ctrl\+C to cancel\)/);
    assert.match(out, /Signed in as sam@example\.org\./);
    assert.equal((await stat(tokenPath)).mode & 0o777, 0o600);
    assert.equal((await stat(join(tokenPath, '..'))).mode & 0o777, 0o700);
    // A21
    assert.doesNotMatch(out + (await readFile(tokenPath, 'utf8')), /device-code-of/);
  });
});

test('says who is signed in already, and signs out at the issuer', async () => {
  await withTerminal({ tokens: ['tokens'] }, async ({ issuer, run }) => {
    await run();
    assert.match((await run()).out, /Already signed in as sam@example\.org/);
    assert.deepEqual(await run(['whoami']), { code: 0, out: 'Signed in as sam@example.org.\n' });
    assert.deepEqual(await run(['logout']), { code: 0, out: 'Signed out.\n' });
    assert.equal(issuer.received.at(-1)?.fields.get('token'), 'rt-1');
    assert.deepEqual(await run(['whoami']), { code: 1, out: 'Not signed in.\n' });
  });
});

test('a stale token is refreshed and kept; an unlinked terminal says so', async () => {
  const stale: Scripted = {
    status: 200,
    body: { access_token: 'at', token_type: 'Bearer', expires_in: 1, refresh_token: 'rt' },
  };
  await withTerminal({ tokens: [stale, 'tokens', 'invalid_grant'] }, async ({ issuer, run, tokenPath }) => {
    assert.match((await run()).out, /Signed in as sam/);
    assert.equal(issuer.received.findLast((request) => request.path === '/token')?.fields.get('refresh_token'), 'rt');
    assert.match(await readFile(tokenPath, 'utf8'), /rt-1/);
  });
  await withTerminal({ tokens: [stale, 'invalid_grant'] }, async ({ run, tokenPath }) => {
    assert.match((await run()).out, /unlinked/);
    assert.equal(await readFile(tokenPath, 'utf8'), '{}\n');
  });
});

test('exit codes: 2 turned down, 3 ran out, 1 refused', async () => {
  await withTerminal({ tokens: ['declined'] }, async ({ run }) => {
    const { code, out } = await run();
    assert.equal(code, 2);
    assert.match(out, /The request was turned down\./);
  });
  await withTerminal({ tokens: ['expired'] }, async ({ run }) => {
    const { code, out } = await run();
    assert.equal(code, 3);
    assert.match(out, /The code ran out\./);
  });
  await withTerminal({ codes: [{ status: 400, body: { error: 'invalid_client' } }] }, async ({ run }) => {
    assert.equal((await run()).code, 1);
  });
});

test('exit code 4 without network, 130 after Ctrl+C', async () => {
  await withTerminal({ codes: ['drop'] }, async ({ run }) => {
    const { code, out } = await run();
    assert.equal(code, 4);
    assert.match(out, /No connection\./);
  });
  await withTerminal({ tokens: ['pending'] }, async ({ run }) => {
    const { code, out } = await run([], (text, stop) => text.includes('Waiting') && stop());
    assert.equal(code, 130);
    assert.match(out, /Cancelled\. Nothing was linked\./);
  });
});

test('says that it lost the connection, and that it has it again', async () => {
  await withTerminal({ tokens: ['drop', 'pending', 'tokens'] }, async ({ run }) => {
    assert.match((await run()).out, /Still trying…\nConnected again\.\nSigned in/);
  });
});

test('what the issuer says cannot steer the terminal', async () => {
  const body = {
    device_code: 'd',
    user_code: 'BC\u001b[31mDF',
    verification_uri: 'https://id.example.org/\u202elink',
    expires_in: 60,
  };
  await withTerminal({ codes: [{ status: 200, body }], tokens: ['tokens'] }, async ({ run }) => {
    const { out } = await run();
    for (const steering of ['\u001b', '\u202e']) assert.ok(!out.includes(steering));
  });
});

test('an unknown command explains itself', async () => {
  await withTerminal({}, async ({ run }) => {
    const { code, out } = await run(['dance']);
    assert.equal(code, 1);
    assert.match(out, /^Usage: /);
  });
});
