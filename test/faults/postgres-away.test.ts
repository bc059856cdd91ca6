import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { seconds } from '../../src/clock.ts';
import { type DeviceAnswer, introspect, poll, postForm, refresh, requestCode, userinfo } from '../helpers/device.ts';
import { emptyValkeyUrl } from '../helpers/ephemerals.ts';
import { createHttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { type RestartablePostgres, startRestartablePostgres } from '../helpers/postgres-server.ts';
import { createSeeded } from '../helpers/seeded.ts';
import { silence } from '../helpers/silence.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** PostgreSQL goes away and comes back; the server stays, says so, and loses nothing. An unhandled rejection would fail the run. */
describe('PostgreSQL away', () => {
  let postgres: RestartablePostgres;
  let server: TestApp;
  let tv: string;

  before(async () => {
    postgres = await startRestartablePostgres();
    server = await startTestApp({
      // A shared ephemeral store makes this one of many processes, which asks the database about every code again.
      env: { LATCHKEY_DATABASE_URL: postgres.url, LATCHKEY_VALKEY_URL: await emptyValkeyUrl() },
    });
    silence(server.app.server);
    for (const email of people) await server.createAccount(email);
    tv = (await server.createClient()).id;
  });
  after(async () => {
    await server?.stop();
    await postgres?.remove();
  });

  const ready = async (): Promise<void> => {
    while ((await fetch(`${server.url}/readyz`)).status !== 200) await pause(20);
  };

  /** Resolves with the milliseconds it took. */
  const untilReady = async (): Promise<number> => {
    const since = performance.now();
    await ready();
    return performance.now() - since;
  };

  it('stopped: pending polls are answered, all else is a clear 503; started: everything goes on', async (t) => {
    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    const [pending, approved, linked] = [await code(), await code(), await code()];
    await linkCode(person, linked.user_code);
    const tokens = (await poll(server.url, tv, linked.device_code)).body;
    await linkCode(person, approved.user_code);
    const review = await reviewCode(person, pending.user_code);
    const confidential = await askAsConfidential();
    assert.equal((await confidential()).body.error, 'authorization_pending');
    await postgres.stop();

    for (const after of [0, 6, 60]) {
      server.clock.advance(seconds(after));
      const { status, body } = await poll(server.url, tv, pending.device_code);
      assert.deepEqual([status, body.error], [400, 'authorization_pending'], `${after} s`);
    }
    assert.equal((await confidential()).body.error, 'authorization_pending');
    server.clock.advance(seconds(10));
    const held = await poll(server.url, tv, pending.device_code, { prefer: 'wait=1' });
    assert.equal(held.body.error, 'authorization_pending');

    const token = String(tokens.access_token);
    const answers: Record<string, () => Promise<DeviceAnswer>> = {
      'a new code': () => postForm(`${server.url}/device_authorization`, { client_id: tv }),
      'an approved code': () => poll(server.url, tv, approved.device_code),
      'an unknown code': () => poll(server.url, tv, 'unknown'),
      refresh: () => refresh(server.url, tv, String(tokens.refresh_token)),
      introspection: () => introspect(server.url, tv, token),
      revocation: () => postForm(`${server.url}/revoke`, { client_id: tv, token }),
      userinfo: () => userinfo(server.url, token),
    };
    for (const [what, ask] of Object.entries(answers)) {
      const answer = await ask();
      assert.equal(answer.status, 503, `${what}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.error, 'temporarily_unavailable', what);
      assertClear(answer);
    }
    const pages: Record<string, () => Promise<HttpPage>> = {
      'typing a code': () => person.open('/link'),
      devices: () => person.open('/devices'),
      'the decision': () => person.submit(review, {}, { name: 'decision', value: 'approve' }),
      'an app': () => person.open(`/auth?client_id=${tv}&response_type=code&redirect_uri=http://127.0.0.1/`),
    };
    for (const [what, open] of Object.entries(pages)) {
      const page = await open();
      assert.equal(page.status, 503, `${what}: ${page.text}`);
      assert.match(page.text, /Nothing was lost/, what);
      assertClear(page);
    }
    const stranger = createHttpBrowser(server.url);
    assert.equal((await stranger.open('/link')).status, 200, 'a page that needs no database');
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);

    await postgres.start();
    t.diagnostic(`ready ${Math.round(await untilReady())} ms after PostgreSQL was`);
    assert.equal((await poll(server.url, tv, approved.device_code)).status, 200);
    assert.equal((await refresh(server.url, tv, String(tokens.refresh_token))).status, 200);
    await linkCode(person, pending.user_code);
    assert.equal((await poll(server.url, tv, pending.device_code)).status, 200);
  });

  it('fault E7: frozen: 503 within seconds, and no connection comes back with a transaction that nobody ends', async (t) => {
    const { device_code } = await code();
    const since = performance.now();
    postgres.freeze();
    // More than there are connections.
    const ask = () => postForm(`${server.url}/device_authorization`, { client_id: tv });
    const unknown = () => poll(server.url, tv, 'unknown');
    const asked = Promise.all([...Array.from({ length: 15 }, ask), unknown()]);
    assert.equal((await poll(server.url, tv, device_code)).body.error, 'authorization_pending');
    const answers = await asked;
    postgres.thaw();
    const took = Math.round(performance.now() - since);
    t.diagnostic(`the last one heard of it after ${took} ms`);
    assert.ok(took < 6000, `E7: ${took} ms for those who came together`);
    for (const { status, body } of answers) assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
    // Time for the server to do all it was told.
    await administer(postgres.url, 'select pg_sleep(0.5)');
    const begun = `select query from pg_stat_activity where application_name = 'latchkey' and state like 'idle in %'`;
    assert.deepEqual((await administer(postgres.url, begun)).rows, []);
    await ready();
    assert.equal((await ask()).status, 200);
  });

  it('cut off and restarted under load: what was acknowledged is redeemed once', async (t) => {
    const seeded = createSeeded();
    t.diagnostic(`seed ${seeded.seed}`);
    const load = startLinkLoad({ url: server.url, client: tv, emails: people, devices: 3 });
    const some = async (): Promise<void> => {
      const end = load.answered + seeded.below(150);
      while (load.answered < end && load.wrong.length === 0) await pause(1);
    };
    const recoveries: number[] = [];
    for (let round = 0; round < 10; round++) {
      await some();
      await administer(postgres.url, cut);
      recoveries.push(await untilReady());
    }
    for (let round = 0; round < 2; round++) {
      await some();
      await postgres.stop();
      while (load.unavailable < 20 * (round + 1) && load.wrong.length === 0) await pause(10);
      await postgres.start();
      recoveries.push(await untilReady());
    }
    await some();
    await load.finish();
    assert.equal(load.unanswered, 0, 'every request has an answer');
    await expectEachLinkedOnce(load, server.url, tv);
    t.diagnostic(`${load.linkings.length} links, ${load.answered} answers, ${load.unavailable} times 503`);
    t.diagnostic(`ready again after ${Math.round(Math.max(...recoveries))} ms at most, of 10 cuts and 2 restarts`);
  });

  const code = () => requestCode(server.url, tv);

  /** A code of a client that proves who it is with every poll. */
  async function askAsConfidential(): Promise<() => Promise<DeviceAnswer>> {
    const { id, secret } = await server.createClient({ public: false });
    const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
    const form = { client_id: id, scope: 'openid' };
    const { body } = await postForm(`${server.url}/device_authorization`, form, headers);
    return () => poll(server.url, id, String(body.device_code), headers);
  }
});

const people = ['sam@example.org', 'kim@example.org'];

function assertClear({ headers }: { headers: Headers }): void {
  const wait = Number(headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${headers.get('retry-after')}`);
  assert.match(headers.get('cache-control') ?? '', /no-store/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
}

const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'latchkey'`;

async function administer(url: string, statement: string): Promise<pg.QueryResult> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    return await admin.query(statement);
  } finally {
    await admin.end();
  }
}
