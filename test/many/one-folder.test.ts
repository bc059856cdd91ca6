import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { runLatchkey, startServerProcess } from '../helpers/server-process.ts';
import { freePort } from '../helpers/servers.ts';
import { startTestApp, testPassword } from '../helpers/test-app.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'latchkey-folder-'));

describe('one folder', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  const folder = (): string => {
    const made = newFolder();
    folders.push(made);
    return made;
  };

  it('fault E5: a second server is refused, in one line and with exit code 2, until the first has ended in whatever way', async () => {
    const env = { LATCHKEY_DATA: folder() };
    const account = (email: string) =>
      runLatchkey(['accounts', 'create', '--email', email, '--password-stdin'], env, testPassword);
    const second = async () => runLatchkey(['serve'], { ...env, PORT: String(await freePort()) });

    for (const end of ['kill', 'stop'] as const) {
      const server = await startServerProcess(env);
      const refused = await second();
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /^latchkey: Another process serves from \S+\..*\n$/);
      assert.equal((await account(`${end}@example.org`)).code, 0, 'commands work beside a server');
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200, 'the first goes on');
      await server[end]();
    }
    const again = await startServerProcess(env);
    await again.stop();
  });

  it('fault E5: what another process has decided is believed, not what memory says', async () => {
    const data = folder();
    const here = await startTestApp({ data });
    const there = await startTestApp({ data, env: { LATCHKEY_ISSUER: here.url }, port: await freePort() });
    try {
      const url = (there.app.server.server.address() as { port: number }).port;
      const elsewhere = `http://127.0.0.1:${url}`;
      await here.createAccount('sam@example.org');
      const tv = (await here.createClient()).id;
      const [code, collected] = [await requestCode(here.url, tv), await requestCode(here.url, tv)];
      // Both know them.
      for (const { device_code } of [code, collected])
        for (const at of [here.url, elsewhere])
          assert.equal((await poll(at, tv, device_code)).body.error, 'authorization_pending');
      const person = createHttpBrowser(here.url);
      await signIn(person, 'sam@example.org', testPassword);
      await linkCode(person, code.user_code);
      await linkCode(person, collected.user_code);
      assert.equal((await poll(here.url, tv, collected.device_code)).status, 200);
      // Longer than the two seconds between two looks.
      await pause(3000);
      assert.equal((await poll(elsewhere, tv, code.device_code)).status, 200, 'approved, and not pending');
      assert.equal((await poll(elsewhere, tv, collected.device_code)).status, 200, 'a retry, and not pending again');
    } finally {
      await there.stop();
      await here.stop();
    }
  });
});
