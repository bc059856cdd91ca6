import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '../../src/clock.ts';
import { expectFairAnswers } from '../helpers/balancer.ts';
import { type ForgetfulNetwork, listens, startForgetfulNetwork } from '../helpers/forgetful-network.ts';
import { expectEachLinkedOnce, startLinkLoad } from '../helpers/link-load.ts';
import { createManyProcesses, type ManyProcesses } from '../helpers/many-processes.ts';
import { linkDevices, startRefreshLoad } from '../helpers/refresh-load.ts';
import { createSeeded, type Seeded } from '../helpers/seeded.ts';

/** How long each kind of forgetting lasts. */
const budget = seconds(Number(process.env.FAULT_SECONDS || 5));

/** Three servers, whose ways to PostgreSQL and to the Redis-protocol server forget connections without a word. */
describe('a forgetful network', () => {
  let many: ManyProcesses;
  let toDatabase: ForgetfulNetwork;
  let toStore: ForgetfulNetwork;
  let tokens: string[];
  before(async () => {
    many = await createManyProcesses({}, { inside: true });
    const { env } = many;
    const portOf = (url = ''): number => Number(new URL(url).port);
    toDatabase = await startForgetfulNetwork(portOf(env.LATCHKEY_DATABASE_URL));
    toStore = await startForgetfulNetwork(portOf(env.LATCHKEY_VALKEY_URL));
    const through = {
      LATCHKEY_DATABASE_URL: toDatabase.through(env.LATCHKEY_DATABASE_URL ?? ''),
      LATCHKEY_VALKEY_URL: toStore.through(env.LATCHKEY_VALKEY_URL ?? ''),
    };
    for (let n = 0; n < 3; n++) await many.start(through);
    tokens = await linkDevices(many.balancer.url, many.tv, many.people[0] ?? '', 6);
  });
  after(async () => {
    await many?.remove();
    await Promise.all([toDatabase?.close(), toStore?.close()]);
  });

  const kinds: Record<string, (seeded: Seeded) => void> = {
    'fault E3: connections to PostgreSQL': () => toDatabase.forget(),
    'fault E3: connections to the store': () => toStore.forget(),
    'fault E4: connections that listen': () => toStore.forget(listens),
    'fault E3: any of all of them': (seeded) => {
      for (const network of [toDatabase, toStore]) network.forget(() => seeded.below(2) === 0);
    },
  };

  for (const [what, forget] of Object.entries(kinds)) {
    it(`${what} are forgotten under load: nothing is lost, nothing given twice, nobody waits long`, async (t) => {
      const seeded = createSeeded();
      t.diagnostic(`seed ${seeded.seed}`);
      const { balancer, tv, people } = many;
      const from = balancer.ledger.length;
      const refreshing = startRefreshLoad({ url: balancer.url, client: tv, tokens, seeded });
      const linking = startLinkLoad({
        url: balancer.url,
        client: tv,
        emails: [...people],
        devices: 2,
        heardWithin: seconds(6),
      });
      const end = performance.now() + budget;
      while (performance.now() < end) {
        await pause(500 + seeded.below(2000));
        forget(seeded);
      }
      await Promise.all([refreshing.finish(), linking.finish()]);
      tokens = refreshing.last;
      assert.deepEqual(refreshing.wrong, []);
      await expectEachLinkedOnce(linking, balancer.url, tv);
      const { answered, unavailable, longest } = expectFairAnswers(balancer.ledger.slice(from));
      t.diagnostic(
        `${refreshing.refreshed} refreshes, ${refreshing.repeated} of them asked for again; ${linking.linkings.length} links; ` +
          `${answered} answers, ${unavailable} times 503, the slowest after ${longest} ms`,
      );
    });
  }

  it('fault E3: and once nothing is forgotten any more, all are ready', async () => {
    for (const { url } of many.processes) while ((await fetch(`${url}/readyz`)).status !== 200) await pause(50);
  });
});
