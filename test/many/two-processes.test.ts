import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createDatabasePlace, type DatabasePlace } from '../helpers/databases.ts';
import { introspect, poll, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { openEvents } from '../helpers/event-stream.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { runLatchkey, type ServerProcess, startServerProcess } from '../helpers/server-process.ts';
import { freePort } from '../helpers/servers.ts';
import { testPassword } from '../helpers/test-app.ts';
import { startValkeyCluster, type ValkeyCluster } from '../helpers/valkey-cluster.ts';

/** Two server processes, one PostgreSQL, a cluster of three Valkey or Redis nodes; nothing is tied to a process. */
describe('two processes', () => {
  let place: DatabasePlace;
  let cluster: ValkeyCluster;
  let env: Record<string, string>;
  let one: ServerProcess;
  let two: ServerProcess;
  let tv: string;

  before(async () => {
    [place, cluster] = await Promise.all([createDatabasePlace('PostgreSQL'), startValkeyCluster()]);
    const port = await freePort();
    env = {
      LATCHKEY_ISSUER: `http://localhost:${port}`,
      LATCHKEY_DATA: place.data,
      LATCHKEY_DATABASE_URL: place.databaseUrl ?? '',
      LATCHKEY_VALKEY_URL: cluster.url,
      LATCHKEY_SECRET: randomBytes(32).toString('base64'),
      LATCHKEY_DRAIN_SECONDS: '1',
    };
    // Both at once: whichever comes second must find the schema and the keys of the first.
    [one, two] = await Promise.all([startServerProcess(env, port), startServerProcess(env)]);
    const account = ['accounts', 'create', '--email', 'sam@example.org', '--password-stdin', '--json'];
    assert.equal((await runLatchkey(account, env, testPassword)).code, 0);
    const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
    tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
  });
  after(async () => {
    await Promise.all([one?.kill(), two?.kill()]);
    await Promise.all([place?.remove(), cluster?.stop()]);
  });

  const personAt = async (server: ServerProcess): Promise<HttpBrowser> => {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, 'sam@example.org', testPassword);
    return browser;
  };

  it('the device asks one process, the person approves at the other', async () => {
    const code = await requestCode(one.url, tv);
    assert.equal((await poll(one.url, tv, code.device_code)).body.error, 'authorization_pending');
    await linkCode(await personAt(two), code.user_code);
    const { status, body } = await poll(one.url, tv, code.device_code);
    assert.equal(status, 200);
    assert.equal((await userinfo(two.url, String(body.access_token))).body.email, 'sam@example.org');
    assert.equal((await refresh(two.url, tv, String(body.refresh_token))).status, 200);
  });

  it('a poll held by one process is answered when the other decides', async () => {
    const code = await requestCode(one.url, tv);
    const held = poll(one.url, tv, code.device_code, { prefer: 'wait=25' });
    await linkCode(await personAt(two), code.user_code);
    assert.equal((await held).status, 200);
  });

  it('a page that waits at one process hears that the device collected at the other', async () => {
    const code = await requestCode(one.url, tv);
    const person = await personAt(two);
    const done = await linkCode(person, code.user_code);
    const cookie = [...person.cookies].map((pair) => pair.join('=')).join('; ');
    const stream = await openEvents(`${two.url}${done.url.pathname}/state`, { cookie });
    await stream.until('approved');
    assert.equal((await poll(one.url, tv, code.device_code)).status, 200);
    assert.deepEqual(await stream.until('redeemed'), ['approved', 'redeemed']);
    stream.close();
  });

  it('a decision is heard across processes after each node of the cluster was restarted', async () => {
    for (const node of cluster.nodes) {
      await node.stop();
      await node.start();
      for (const { url } of [one, two]) while ((await fetch(`${url}/readyz`)).status !== 200) await pause(20);
    }
    const person = await again(() => personAt(two));
    // Enough codes that each node carries some of the decisions.
    for (let n = 0; n < 8; n++) {
      const code = await again(() => requestCode(one.url, tv));
      const held = poll(one.url, tv, code.device_code, { prefer: 'wait=25' });
      await again(() => linkCode(person, code.user_code));
      assert.equal((await held).status, 200);
    }
  });

  it('every request of a device and of a person may go to another process', async () => {
    const code = await requestCode(one.url, tv);
    assert.equal((await poll(two.url, tv, code.device_code)).body.error, 'authorization_pending');
    const browser = await personAt(one);
    const review = await reviewCode(browser, code.user_code);
    const moved = createHttpBrowser(two.url);
    for (const [name, value] of browser.cookies) moved.cookies.set(name, value);
    const page = await moved.open(review.url.pathname);
    assert.match((await approve(moved, page)).text, /now signed in/);
    assert.equal((await poll(two.url, tv, code.device_code)).status, 200);
  });

  it('unlinked at one process, dead at the other', async () => {
    const code = await requestCode(one.url, tv);
    const person = await personAt(two);
    const done = await linkCode(person, code.user_code);
    const { body } = await poll(one.url, tv, code.device_code);
    const device = done.root.querySelector('a[href^="/devices/"]')?.getAttribute('href') ?? '';
    await person.submit(await person.open(device), {}, { name: 'action', value: 'unlink' });
    assert.equal((await introspect(one.url, tv, String(body.access_token))).body.active, false);
    assert.equal((await userinfo(one.url, String(body.access_token))).status, 401);
  });

  it('fifty redemptions at both processes give one set of tokens', async () => {
    const code = await requestCode(one.url, tv);
    await linkCode(await personAt(two), code.user_code);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => poll((i % 2 ? one : two).url, tv, code.device_code)),
    );
    const tokens = new Set(answers.map((answer) => answer.body.access_token).filter(Boolean));
    assert.equal(tokens.size, 1);
    const [token] = tokens;
    assert.equal((await introspect(one.url, tv, String(token))).body.active, true);
  });

  it('wrong codes are counted together', async () => {
    const [here, there] = [await personAt(one), await personAt(two)];
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const browser = i % 2 ? here : there;
      const page = await browser.submit(await browser.open('/link'), { user_code: `GGGG-GGG${'BCDFGH'[i]}` });
      statuses.push(page.status);
    }
    assert.deepEqual(statuses, [404, 404, 404, 404, 404, 429]);
  });

  it('a rolling restart under load loses no request that was accepted', async (t) => {
    const balancer = createBalancer(() => [one, two]);
    const load = new AbortController();
    let answered = 0;
    const device = async (): Promise<void> => {
      while (!load.signal.aborted) {
        const code = await balancer((server) => requestCode(server.url, tv));
        const answer = await balancer((server) => poll(server.url, tv, code.device_code));
        assert.equal(answer.body.error, 'authorization_pending');
        answered += 2;
      }
    };
    const devices = Promise.all(Array.from({ length: 8 }, device));
    const restart = async (server: ServerProcess, port: number): Promise<ServerProcess> => {
      assert.equal(await server.stop(), 0);
      return startServerProcess(env, port);
    };
    one = await restart(one, Number(new URL(one.url).port));
    two = await restart(two, Number(new URL(two.url).port));
    load.abort();
    await devices;
    assert.ok(answered > 50, `${answered} requests were answered`);
    t.diagnostic(`2 processes restarted; ${answered} requests of 8 devices, each answered`);
  });
});

/** Until it works: while a node was away, what must be counted is answered by 503. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20) throw error;
      await pause(250);
    }
  }
}

/** What a balancer does: asks who is ready, goes elsewhere when nobody takes the connection, and never asks twice. */
function createBalancer(servers: () => ServerProcess[]) {
  let turn = 0;
  const refused = (error: unknown): boolean => (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED';
  const ready = (server: ServerProcess): Promise<boolean> =>
    fetch(`${server.url}/readyz`).then(
      (response) => response.status === 200,
      () => false,
    );
  return async <T>(work: (server: ServerProcess) => Promise<T>): Promise<T> => {
    for (;;) {
      const all = servers();
      const server = all[turn++ % all.length];
      if (!server || !(await ready(server))) continue;
      try {
        return await work(server);
      } catch (error) {
        // The connection was never accepted, so no request was lost; anything else is a failure of the server.
        if (!refused(error)) throw error;
      }
    }
  };
}
