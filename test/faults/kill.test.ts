import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type DatabasePlace, forEachDatabase } from '../helpers/databases.ts';
import { introspect, poll, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { runLatchkey, type ServerProcess, startServerProcess } from '../helpers/server-process.ts';
import { freePort } from '../helpers/servers.ts';
import { testPassword } from '../helpers/test-app.ts';

/** kill -9 of the real process: nothing that a person or a device was told is lost (mission A7). */
forEachDatabase((_name, _open, newPlace) => {
  let place: DatabasePlace;
  let port: number;
  let server: ServerProcess;
  let env: Record<string, string>;
  let tv: string;

  const restart = async (): Promise<void> => {
    await server.kill();
    server = await startServerProcess(env, port);
  };
  const newPerson = async () => {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, 'sam@example.org', testPassword);
    return browser;
  };

  before(async () => {
    place = await newPlace();
    port = await freePort();
    env = { LATCHKEY_DATA: place.data, PORT: String(port) };
    if (place.databaseUrl) env.LATCHKEY_DATABASE_URL = place.databaseUrl;
    const account = ['accounts', 'create', '--email', 'sam@example.org', '--password-stdin', '--json'];
    const made = await runLatchkey(account, env, testPassword);
    assert.equal(made.code, 0, made.stderr);
    const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
    tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
    server = await startServerProcess(env, port);
  });
  after(() => server.kill());

  it('a pending code survives, and can still be approved', async () => {
    const code = await requestCode(server.url, tv);
    await restart();
    assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
    assert.match((await linkCode(await newPerson(), code.user_code)).text, /now signed in/);
    assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
  });

  it('killed between review and decision: the page that is open still works', async () => {
    const person = await newPerson();
    const code = await requestCode(server.url, tv);
    const review = await reviewCode(person, code.user_code);
    await restart();
    const next = await person.submit(review, {}, { name: 'decision', value: 'approve' });
    const asksForProof = next.root.querySelector('input[name="password"]');
    const done = asksForProof ? await person.submit(next, { password: testPassword }) : next;
    assert.match(done.text, /now signed in/);
    assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
  });

  it('killed between approval and redemption: the device gets its tokens, once', async () => {
    const code = await requestCode(server.url, tv);
    assert.match((await linkCode(await newPerson(), code.user_code)).text, /now signed in/);
    await restart();
    const { status, body } = await poll(server.url, tv, code.device_code);
    assert.equal(status, 200);
    assert.equal((await introspect(server.url, tv, String(body.access_token))).body.active, true);
  });

  it('killed right after redemption: the tokens work, the lost answer is given again, a decline stays declined', async () => {
    const code = await requestCode(server.url, tv);
    const declined = await requestCode(server.url, tv);
    const person = await newPerson();
    await linkCode(person, code.user_code);
    await person.submit(await reviewCode(person, declined.user_code), {}, { name: 'decision', value: 'decline' });
    const first = await poll(server.url, tv, code.device_code);
    await restart();
    const again = await poll(server.url, tv, code.device_code);
    assert.deepEqual(again.body, first.body);
    assert.equal((await userinfo(server.url, String(first.body.access_token))).body.email, 'sam@example.org');
    assert.equal((await refresh(server.url, tv, String(first.body.refresh_token))).status, 200);
    assert.equal((await poll(server.url, tv, declined.device_code)).body.error, 'access_denied');
    assert.match((await person.open('/devices')).text, /Acme TV/);
  });

  it('killed in the middle of fifty redemptions: every approval is redeemable exactly once', async () => {
    const person = await newPerson();
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) {
      const code = await requestCode(server.url, tv);
      await linkCode(person, code.user_code);
      codes.push(code.device_code);
    }
    const inFlight = codes.flatMap((code) =>
      Array.from({ length: 8 }, () => poll(server.url, tv, code).catch(() => undefined)),
    );
    await Promise.race(inFlight);
    await restart();
    const before = await Promise.all(inFlight);
    for (const [i, code] of codes.entries()) {
      const { status, body } = await poll(server.url, tv, code);
      assert.equal(status, 200);
      const told = before.slice(i * 8, i * 8 + 8).flatMap((answer) => answer?.body.access_token ?? []);
      assert.deepEqual([...new Set([...told, body.access_token])].length, 1);
    }
  });

  it('SIGTERM drains and stops with code 0', async () => {
    assert.equal(await server.stop(), 0);
    assert.match(server.output(), /^latchkey listening on http:\/\/localhost:\d+$/m);
    server = await startServerProcess(env, port);
  });
});
