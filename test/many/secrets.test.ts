import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { expectFairAnswers } from '../helpers/balancer.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { createManyProcesses, type ManyProcesses } from '../helpers/many-processes.ts';
import { linkDevices, startRefreshLoad } from '../helpers/refresh-load.ts';
import { createSeeded } from '../helpers/seeded.ts';
import { runLatchkey } from '../helpers/server-process.ts';
import { testPassword } from '../helpers/test-app.ts';

const [old, next] = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64'));
const only = (secret = '') => ({ LATCHKEY_SECRET: secret });
const both = (secret = '', previous = '') => ({ LATCHKEY_SECRET: secret, LATCHKEY_PREVIOUS_SECRETS: previous });

/** What some of three processes are given, one restart after the other. */
const orders: Record<string, { settings: Record<string, string>; processes: number[]; rewrap?: true }[]> = {
  'the natural order, in which some have the new secret while others have never heard of it': [
    { settings: both(next, old), processes: [0, 1, 2] },
    { settings: only(next), processes: [0, 1, 2], rewrap: true },
  ],
  'one goes ahead, goes back, and all follow later': [
    { settings: both(next, old), processes: [0] },
    { settings: only(old), processes: [0] },
    { settings: both(old, next), processes: [1, 0] },
    { settings: both(next, old), processes: [2, 1] },
  ],
};

describe('the secret changes while processes serve', () => {
  let many: ManyProcesses | undefined;
  afterEach(() => many?.remove());

  for (const [order, steps] of Object.entries(orders)) {
    it(`fault E2: nobody is signed out and no device unlinked: ${order}`, async (t) => {
      const seeded = createSeeded();
      t.diagnostic(`seed ${seeded.seed}`);
      many = await createManyProcesses(only(old), { inside: true });
      const { balancer, tv, people, env } = many;
      for (let n = 0; n < 3; n++) await many.start();
      const tokens = await linkDevices(balancer.url, tv, people[0] ?? '', 6);
      const browser = createHttpBrowser(balancer.url);
      await signIn(browser, people[0] ?? '', testPassword);
      const refreshing = startRefreshLoad({ url: balancer.url, client: tv, tokens, seeded });
      const linking = startLinkLoad({ url: balancer.url, client: tv, emails: [...people], devices: 2 });
      try {
        for (const { settings, processes, rewrap } of steps) {
          if (rewrap) await rewrapped({ ...env, ...both(next, old) });
          for (const at of processes) {
            await many.start(settings, at);
            await pause(seeded.below(1000));
          }
        }
      } finally {
        await Promise.all([refreshing.finish(), linking.finish()]);
      }
      assert.deepEqual(refreshing.wrong, []);
      await expectEachLinkedOnce(linking, balancer.url, tv);
      for (let n = 0; n < 3; n++) assert.equal((await browser.open('/devices')).url.pathname, '/devices', 'signed out');
      const { answered, unavailable, longest } = expectFairAnswers(balancer.ledger);
      t.diagnostic(
        `${refreshing.refreshed} refreshes, ${refreshing.repeated} of them asked for again; ` +
          `${linking.linkings.length} links; ${answered} answers, ${unavailable} times 503, the slowest after ${longest} ms`,
      );
    });
  }

  it('fault E2: what is sealed with a key that a process was not given is 503 and names the key, wherever it is met', async () => {
    many = await createManyProcesses(only(old), { inside: true });
    const { balancer, tv, people, env } = many;
    const first = await many.start(both(next, old));
    const [token] = await linkDevices(balancer.url, tv, people[0] ?? '', 1);
    // A process that has crashed and comes back with the settings of before, before anybody can have heard of it.
    const late = await many.start(only(old));
    const answer = await refreshAt(late.url, tv, token ?? '');
    assert.equal(answer.status, 503, await answer.text());
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    assert.match(late.output(), /Sealed with the key k[0-9a-f]{12}, whose secret this process was not given/);
    const ready = await fetch(`${late.url}/readyz`);
    assert.deepEqual([ready.status, ((await ready.json()) as { keys: boolean }).keys], [503, false]);
    assert.equal((await refreshAt(first.url, tv, token ?? '')).status, 200, 'nothing was taken for a replay');
    const refused = await runLatchkey(['keys', 'rewrap'], { ...env, ...both(next, old) });
    assert.deepEqual([refused.code, /processes do not seal/.test(refused.stderr)], [1, true], refused.stderr);
  });
});

function refreshAt(url: string, client_id: string, refresh_token: string): Promise<Response> {
  return fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id, refresh_token }),
  });
}

/** As an operator does: tries again until it is told that all is sealed anew. */
async function rewrapped(env: Record<string, string>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { code, stderr } = await runLatchkey(['keys', 'rewrap'], env);
    if (code === 0) return;
    assert.ok(tries < 30, stderr);
    await pause(1000);
  }
}
