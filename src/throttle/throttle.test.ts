import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { hours, seconds } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createKnownBrowsers } from '../signin/known-browsers.ts';
import { type Attempt, createThrottle } from './throttle.ts';

async function setUp(open: OpenDatabase) {
  const people = await createPeople(open);
  const { clock, database } = people;
  const { id: accountId } = await people.accounts.create({ email: 'ann@example.org' });
  const browsers = createKnownBrowsers(people);
  await database.transaction((trx) => browsers.see(accountId, 'owner', trx));
  const restart = () => {
    const ephemeral = createMemory({ clock });
    after(() => ephemeral.close());
    return createThrottle({ ...people, ephemeral, knows: browsers.knows });
  };
  const owner: Attempt = {
    kind: 'password',
    subject: 'ann@example.org',
    accountId,
    network: '192.0.2.0/24',
    browserId: 'owner',
  };
  const rows = async (): Promise<number> =>
    (await database.query.withTables<{ sign_in_tries: object }>().selectFrom('sign_in_tries').selectAll().execute())
      .length;
  return { clock, throttle: restart(), restart, owner, neighbour: { ...owner, browserId: 'neighbour' }, rows };
}

forEachDatabase((_name, open) => {
  test('E10: a neighbour’s wrong tries cost the owner’s known browser nothing, and its success forgives them nothing', async () => {
    const { throttle, owner, neighbour } = await setUp(open);
    for (let i = 0; i < 120; i += 1) await throttle.enter({ ...neighbour, subject: `${i}@example.org` });
    for (let i = 0; i < 10; i += 1) await throttle.enter(neighbour);
    assert.equal((await throttle.enter(neighbour)).allowed, false);
    assert.equal((await throttle.enter(owner)).allowed, true);
    await throttle.succeed(owner);
    assert.equal((await throttle.enter(neighbour)).allowed, false);
  });

  test('those who try and those who succeed at once do not stand in each other’s way', async () => {
    const { throttle, neighbour } = await setUp(open);
    const person = async (n: number): Promise<void> => {
      const attempt = { ...neighbour, subject: `${n}@example.org`, accountId: undefined };
      if ((await throttle.enter(attempt)).allowed) await throttle.succeed(attempt);
    };
    for (let round = 0; round < 10; round += 1)
      await Promise.all(Array.from({ length: 20 }, (_, n) => person(round * 20 + n)));
  });

  test('E10: a known browser waits for its own tries', async () => {
    const { throttle, owner } = await setUp(open);
    for (let i = 0; i < 5; i += 1) assert.equal((await throttle.enter(owner)).allowed, true);
    assert.equal((await throttle.enter(owner)).allowed, false);
    assert.equal((await throttle.enter({ ...owner, network: '198.51.100.0/24' })).allowed, false, 'wherever it is');
  });

  test('E9: from networks without number, a hundred tries at one account take more than two days', async () => {
    const { clock, throttle, owner } = await setUp(open);
    const start = clock.now();
    for (let tries = 0, i = 0; tries < 100; i += 1) {
      const stranger = { ...owner, network: `${i}`, browserId: `${i}` };
      const turn = await throttle.enter(stranger);
      if (turn.allowed) tries += 1;
      else clock.advance(turn.retryAt - clock.now());
    }
    assert.ok(clock.now() - start > hours(48), `${(clock.now() - start) / hours(1)} hours`);
  });

  test('E10: the sixth try waits half a minute, then longer, and a restart forgives nobody', async () => {
    const { clock, throttle, restart, neighbour } = await setUp(open);
    for (let i = 0; i < 5; i += 1) assert.equal((await throttle.enter(neighbour)).allowed, true);
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const turn = await restart().enter(neighbour);
      assert.ok(!turn.allowed);
      waits.push((turn.retryAt - clock.now()) / seconds(1));
      clock.advance(turn.retryAt - clock.now());
      assert.equal((await restart().enter(neighbour)).allowed, true, 'on the second named');
    }
    assert.deepEqual(waits, [30, 60, 120, 300, 600, 1800, 3600, 3600]);
  });

  test('E10: of tries sent at once no more are checked than one after the other', async () => {
    const { throttle, neighbour } = await setUp(open);
    const turns = await Promise.all(Array.from({ length: 40 }, () => throttle.enter(neighbour)));
    assert.equal(turns.filter(({ allowed }) => allowed).length, 5);
  });

  test('E10: a right password is no try of its network, a wrong one stays one', async () => {
    const { throttle, owner } = await setUp(open);
    const office = (i: number) => ({ ...owner, subject: `${i}@example.org`, accountId: undefined, browserId: `${i}` });
    for (let i = 0; i < 150; i += 1) {
      assert.equal((await throttle.enter(office(i))).allowed, true, `${i}`);
      await throttle.succeed(office(i));
    }
    for (let i = 0; i < 100; i += 1) assert.equal((await throttle.enter(office(i))).allowed, true, `${i}`);
    assert.equal((await throttle.enter(office(200))).allowed, false);
  });

  test('E11: whoever moves on within a large block is one guesser', async () => {
    const { throttle, owner } = await setUp(open);
    let checked = 0;
    for (let i = 0; i < 1100; i += 1) {
      const network = `2001:db8:7:${i.toString(16)}::/64`;
      const turn = await throttle.enter({ ...owner, subject: `${i}@example.org`, accountId: undefined, network });
      if (turn.allowed) checked += 1;
    }
    assert.equal(checked, 1000);
    const elsewhere = { ...owner, subject: 'x', accountId: undefined, network: '2001:db8:8:0::/64' };
    assert.equal((await throttle.enter(elsewhere)).allowed, true);
  });

  test('a flood of addresses does not push out whoever guesses at one', async () => {
    const { throttle, neighbour, rows } = await setUp(open);
    for (let i = 0; i < 5; i += 1) await throttle.enter(neighbour);
    const flood = { ...neighbour, accountId: undefined, network: '198.51.100.0/24' };
    for (let i = 0; i < 60; i += 1) await throttle.enter({ ...flood, subject: `${i}@example.org` });
    assert.ok((await rows()) > 100);
    await throttle.tidy(20);
    assert.equal(await rows(), 20);
    assert.equal((await throttle.enter(neighbour)).allowed, false);
  });

  test('what is over is removed; a clock set back locks nobody out', async () => {
    const { clock, throttle, neighbour, rows } = await setUp(open);
    for (let i = 0; i < 5; i += 1) await throttle.enter(neighbour);
    clock.advance(-hours(30));
    assert.equal((await throttle.enter(neighbour)).allowed, true);
    assert.ok((await rows()) > 0);
    clock.advance(hours(24 * 8));
    await throttle.tidy();
    assert.equal(await rows(), 0);
  });
});
