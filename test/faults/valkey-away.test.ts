import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { seconds } from '../../src/clock.ts';
import { introspect, poll, postForm, refresh, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { freePort, type Server } from '../helpers/servers.ts';
import { silence } from '../helpers/silence.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';
import { startValkey } from '../helpers/valkey-server.ts';

/** The Redis-protocol server forgets, goes away and comes back: nothing a person or a device was told lives in it. */
describe('Valkey away', () => {
  let valkey: Server;
  let valkeyPort: number;
  let here: TestApp;
  let there: TestApp;
  let tv: string;

  const stop = () => valkey.stop();
  const start = async (): Promise<void> => {
    valkey = await startValkey({ port: valkeyPort });
  };
  const ready = async (): Promise<void> => {
    for (const url of urls) while ((await fetch(`${url}/readyz`)).status !== 200) await pause(20);
  };
  let urls: string[] = [];

  before(async () => {
    valkeyPort = await freePort();
    await start();
    const [first, second] = [await freePort(), await freePort()];
    const env = { LATCHKEY_VALKEY_URL: valkey.url, LATCHKEY_ISSUER: `http://localhost:${first}` };
    here = await startTestApp({ env, port: first });
    there = await startTestApp({ env, port: second, data: here.outside.config.data });
    for (const { app } of [here, there]) silence(app.server);
    urls = [`http://localhost:${first}`, `http://localhost:${second}`];
    for (const email of people) await here.createAccount(email);
    tv = (await here.createClient()).id;
  });
  after(async () => {
    await there?.stop();
    await here?.stop();
    await valkey?.stop();
  });

  const code = () => requestCode(here.url, tv);
  const newPerson = async (url = here.url) => {
    const browser = createHttpBrowser(url);
    await signIn(browser, people[0] ?? '', testPassword);
    return browser;
  };

  it('stopped: polls, decisions, redemptions and refreshes go on; what must be counted is a clear 503', async () => {
    const person = await newPerson();
    const [pending, linked, other] = [await code(), await code(), await code()];
    await linkCode(person, linked.user_code);
    const tokens = (await poll(here.url, tv, linked.device_code)).body;
    const fresh = await newPerson();
    const review = await reviewCode(fresh, pending.user_code);
    await stop();

    for (const after of [0, 6]) {
      here.clock.advance(seconds(after));
      assert.equal((await poll(here.url, tv, other.device_code)).body.error, 'authorization_pending');
    }
    const asked = await postForm(`${here.url}/device_authorization`, { client_id: tv });
    assert.deepEqual([asked.status, asked.body.error], [503, 'temporarily_unavailable']);
    assert.ok(Number(asked.headers.get('retry-after')) >= 1);

    // A guess that cannot be counted must not be answered, and right and wrong ones must look alike.
    for (const typed of [other.user_code, 'GGGG-GGGG']) {
      const page = await person.submit(await person.open('/link'), { user_code: typed });
      assert.equal(page.status, 503);
      assert.ok(Number(page.headers.get('retry-after')) >= 1);
    }
    const stranger = createHttpBrowser(here.url);
    assert.equal((await stranger.open('/signin')).status, 503, 'a password that cannot be counted is not tried');

    // The proof of signing in a moment ago is still to be spent, and that is in the database.
    assert.match((await approve(fresh, review)).text, /now signed in/);
    assert.equal((await poll(here.url, tv, pending.device_code)).status, 200);
    assert.equal((await refresh(here.url, tv, String(tokens.refresh_token))).status, 200);
    assert.equal((await introspect(here.url, tv, String(tokens.access_token))).body.active, true);
    assert.equal((await fetch(`${here.url}/readyz`)).status, 503);

    await start();
    await ready();
    await linkCode(await newPerson(), other.user_code);
    assert.equal((await poll(here.url, tv, other.device_code)).status, 200);
  });

  it('started again: a decision in one process is heard by a poll that another holds', async () => {
    const asked = await code();
    const held = poll(here.url, tv, asked.device_code, { prefer: 'wait=25' });
    await linkCode(await newPerson(urls[1]), asked.user_code);
    // Unheard, it would be told "pending" after its 25 seconds.
    assert.equal((await held).status, 200);
  });

  it('a message that nobody heard costs one look into the database', async () => {
    const asked = await code();
    assert.equal((await poll(here.url, tv, asked.device_code)).body.error, 'authorization_pending');
    const browser = await newPerson(urls[1]);
    const review = await reviewCode(browser, asked.user_code);
    await stop();
    assert.match((await approve(browser, review)).text, /now signed in/);
    here.clock.advance(seconds(6));
    assert.equal((await poll(here.url, tv, asked.device_code)).status, 200);
    await start();
    await ready();
  });

  it('flushed and restarted under load: what was acknowledged is redeemed once', async (t) => {
    const load = startLinkLoad({ url: here.url, client: tv, emails: people, devices: 3 });
    const some = async (): Promise<void> => {
      const end = load.answered + 60;
      while (load.answered < end && load.wrong.length === 0) await pause(1);
    };
    const admin = new Redis(valkey.url);
    for (let round = 0; round < 5; round++) {
      await some();
      await admin.flushall();
    }
    admin.disconnect();
    for (let round = 0; round < 2; round++) {
      await some();
      await stop();
      while (load.unavailable < 5 * (round + 1) && load.wrong.length === 0) await pause(10);
      await start();
    }
    const since = performance.now();
    await ready();
    t.diagnostic(`ready ${Math.round(performance.now() - since)} ms after Valkey was`);
    await load.finish();
    await expectEachLinkedOnce(load, here.url, tv);
    t.diagnostic(`${load.linkings.length} links, ${load.answered} answers, ${load.unavailable} times 503`);
  });
});

const people = ['sam@example.org', 'kim@example.org'];
