import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { createDatabasePlace, type DatabasePlace } from '../../../test/helpers/databases.ts';
import { type ForgetfulNetwork, startForgetfulNetwork } from '../../../test/helpers/forgetful-network.ts';
import type { Database } from './database.ts';
import { openPostgres } from './postgres.ts';

/** Longer than anybody may have to wait. */
const patience = 5000;

describe('PostgreSQL behind a forgetful network', () => {
  const opened: { place: DatabasePlace; network: ForgetfulNetwork; database: Database }[] = [];
  after(async () => {
    for (const { place, network, database } of opened) {
      await network.close();
      await database.close();
      await place.remove();
    }
  });
  const open = async () => {
    const place = await createDatabasePlace('PostgreSQL');
    const url = place.databaseUrl ?? '';
    const network = await startForgetfulNetwork(Number(new URL(url).port));
    const database = openPostgres(network.through(url));
    opened.push({ place, network, database });
    return { network, database };
  };

  /** What many who come together are told, and after how long. */
  const ask = (database: Database, count = 15) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const since = performance.now();
        const code = await database
          .transaction((transaction) => sql`select 1`.execute(transaction))
          .then(
            () => 'answered',
            (error: { code?: string }) => error.code,
          );
        return { code, took: performance.now() - since };
      }),
    );
  const longest = (told: { took: number }[]): number => Math.round(Math.max(...told.map(({ took }) => took)));

  it('fault E3: connections that the network has forgotten are given up, all of them, after one was', async (t) => {
    const { network, database } = await open();
    await ask(database);
    assert.ok(network.open >= 10);
    network.forget();
    const first = await ask(database);
    for (const { code } of first) assert.ok(code === 'unavailable' || code === 'answered', `${code}`);
    let last = await ask(database);
    for (let tries = 0; tries < 50 && last.some(({ code }) => code !== 'answered'); tries++) {
      await pause(100);
      last = await ask(database);
    }
    for (const { code } of last) assert.equal(code, 'answered');
    assert.ok(longest(first) < patience, `${longest(first)} ms`);
    assert.ok(longest(last) < 2000, `${longest(last)} ms: whoever comes later meets no forgotten one`);
    t.diagnostic(
      `the first were told after ${longest(first)} ms at most, later ones answered after ${longest(last)} ms`,
    );
  });

  it('fault E7: what is known to be away is not waited for, and is found again', async (t) => {
    const { network, database } = await open();
    await ask(database, 3);
    network.silence();
    const first = await ask(database);
    for (const { code } of first) assert.equal(code, 'unavailable');
    assert.ok(longest(first) < patience, `${longest(first)} ms`);
    const waiting = network.open;
    for (let round = 0; round < 3; round++) {
      const later = await ask(database);
      for (const { code } of later) assert.equal(code, 'unavailable');
      assert.ok(longest(later) < 500, `${longest(later)} ms`);
      await pause(300);
    }
    assert.ok(network.open <= waiting + 2, 'one probe at a time');
    network.heal();
    const since = performance.now();
    while ((await ask(database, 1))[0]?.code !== 'answered') {
      assert.ok(performance.now() - since < 2 * patience, 'it never came back');
      await pause(20);
    }
    t.diagnostic(`told after ${longest(first)} ms at most; back ${Math.round(performance.now() - since)} ms after`);
  });

  it('fault E7: work that nobody waits for may take longer than anybody would wait', async () => {
    const { database } = await open();
    const slow = () => sql`select pg_sleep(2.6)`.execute(database.query);
    await assert.rejects(slow(), { code: 'unavailable' });
    await database.patiently(slow);
    assert.deepEqual(
      (await ask(database, 3)).map(({ code }) => code),
      ['answered', 'answered', 'answered'],
    );
  });
});
