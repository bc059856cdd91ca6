import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { createDatabasePlace, type DatabasePlace } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { days, hours } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createKnownBrowsers } from '../signin/known-browsers.ts';
import { type Attempt, createThrottle, everyoneFails } from './throttle.ts';

/**
 * E9–E11: what attackers reach, simulated against the real counters in a real database on a clock that is moved.
 * docs/security/throttling.md holds the figures; `p` there is the chance of one guess.
 */
describe('simulated attacks', () => {
  const places: DatabasePlace[] = [];
  after(() => Promise.all(places.map((place) => place.remove())));

  const accounts = 10_000;
  const setUp = async () => {
    const place = await createDatabasePlace('SQLite');
    places.push(place);
    const database = place.open();
    await database.migrate();
    // Nothing here is to survive a loss of power, and a simulated day is many commits.
    await sql`pragma synchronous = off`.execute(database.query);
    const people = await createPeople(async () => database);
    const ephemeral = createMemory({ clock: people.clock });
    const browsers = createKnownBrowsers(people);
    const { id } = await people.accounts.create({ email: 'owner@example.org' });
    await database.transaction((trx) => browsers.see(id, 'known', trx));
    const throttle = createThrottle({ ...people, ephemeral, knows: browsers.knows });
    const owner: Attempt = {
      ...{ kind: 'password', subject: 'owner@example.org', accountId: id },
      ...{ network: networkNo(0), browserId: 'known' },
    };
    const rows = async (): Promise<number> => {
      const tries = database.query.withTables<{ sign_in_tries: object }>().selectFrom('sign_in_tries');
      return Number((await tries.select((e) => e.fn.countAll().as('n')).executeTakeFirstOrThrow()).n);
    };
    return { clock: people.clock, throttle, owner, rows, close: () => ephemeral.close() };
  };

  const networkNo = (i: number): string => `${10 + (i >> 8)}.${i & 255}.7.0/24`;
  const stranger = (name: string, network: string): Attempt => ({
    ...{ kind: 'password', subject: name, accountId: undefined },
    ...{ network, browserId: `${name} ${network}` },
  });

  /** Guesses one password at one account after the other, from so many networks, as fast as it is let. */
  const spray = async (t: TestContext, networks: number, time: number): Promise<number[]> => {
    const { clock, throttle, owner, rows, close } = await setUp();
    const [start, free] = [clock.now(), new Array<number>(networks).fill(clock.now())];
    const perHour = new Array<number>(time / hours(1)).fill(0);
    let ownersTurns = 0;
    for (let account = 0; ; ) {
      const next = Math.min(...free);
      if (next - start >= time) break;
      if (next > clock.now()) clock.advance(next - clock.now());
      for (let i = 0; i < networks; i += 1) {
        if ((free[i] ?? 0) > clock.now()) continue;
        const turn = await throttle.enter(stranger(`${account % accounts}@example.org`, networkNo(i)));
        const hour = Math.floor((clock.now() - start) / hours(1));
        if (turn.allowed) perHour[hour] = (perHour[hour] ?? 0) + 1;
        account += 1;
        // A guesser that is let sends ten a second from each network; one that is not comes back when it is told to.
        free[i] = turn.allowed ? clock.now() + 100 : turn.retryAt;
      }
      if (account % 500 < networks) {
        assert.equal((await throttle.enter(owner)).allowed, true, 'the owner, in the midst of it');
        await throttle.succeed(owner);
        ownersTurns += 1;
      }
    }
    const tries = perHour.reduce((sum, one) => sum + one, 0);
    assert.ok(ownersTurns > 0);
    t.diagnostic(
      `${networks} networks: ${tries} guesses in ${time / hours(1)} h (${perHour.join(', ')}), ${await rows()} rows`,
    );
    await close();
    return perHour;
  };

  test('E11: spraying 10,000 accounts from one network gets a hundred guesses an hour, and few more', async (t) => {
    const perHour = await spray(t, 1, hours(6));
    for (const tries of perHour) assert.ok(tries <= 112, `${tries}`);
  });

  test('E11: spraying from ten networks gets ten times as much', async (t) => {
    const perHour = await spray(t, 10, hours(3));
    for (const tries of perHour) assert.ok(tries <= 1120, `${tries}`);
  });

  test('E11: from a hundred networks the budget of all is used up, and each network gets a handful', async (t) => {
    const perHour = await spray(t, 100, hours(3));
    for (const tries of perHour) assert.ok(tries <= everyoneFails + 100 * 12, `${tries}`);
  });

  test('E11: from a thousand networks each gets three guesses an hour, and then one every ten minutes', async (t) => {
    const perHour = await spray(t, 1000, hours(2));
    for (const tries of perHour) assert.ok(tries <= everyoneFails + 1000 * 12, `${tries}`);
  });

  const guessing = [
    { name: 'from one network, the owner away', networks: 1, ownerEvery: undefined },
    { name: 'from two thousand networks, the owner away', networks: 2000, ownerEvery: undefined },
    { name: 'from two thousand networks, the owner signs in every day', networks: 2000, ownerEvery: days(1) },
  ];
  for (const { name, networks, ownerEvery } of guessing) {
    test(`E9, E10: guessing at one account ${name}`, async (t) => {
      const { clock, throttle, owner, close } = await setUp();
      const [start, time] = [clock.now(), days(30)];
      const at: number[] = [];
      let ownersNext = start + (ownerEvery ?? time);
      for (let i = 0; clock.now() - start < time; i += 1) {
        const guess = { ...owner, network: networkNo(i % networks), browserId: `stranger ${i}` };
        const turn = await throttle.enter(guess);
        if (turn.allowed) at.push(clock.now() - start);
        else clock.advance(turn.retryAt - clock.now());
        if (clock.now() < ownersNext) continue;
        ownersNext += ownerEvery ?? time;
        assert.equal((await throttle.enter(owner)).allowed, true, 'the owner, in the midst of it');
        await throttle.succeed(owner);
      }
      const within = (span: number) => at.filter((when) => when < span).length;
      const hundredth = ((at[99] ?? Number.NaN) / hours(1)).toFixed(0);
      t.diagnostic(
        `${within(days(1))} guesses in a day, ${within(days(7))} in a week, ${at.length} in 30 days, the 100th after ${hundredth} h`,
      );
      assert.ok((at[99] ?? 0) > days(2));
      assert.ok(at.length < 1000);
      await close();
    });
  }
});
