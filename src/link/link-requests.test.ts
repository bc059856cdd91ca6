import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import type { Client } from '../clients/clients.ts';
import { days, minutes, seconds } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createTableJournal } from '../drivers/journal/table.ts';
import { AppError } from '../errors.ts';
import type { ClientId } from '../ids.ts';
import { createLimits } from '../limits/limits.ts';
import { type Random, systemRandom } from '../random.ts';
import { createSecrets } from '../secrets.ts';
import { createGuesses } from './guesses.ts';
import { createLinkRequests } from './link-requests.ts';
import { alphabet } from './user-code.ts';

const client = { id: 'tv' as ClientId, name: 'TV', public: true } as Client;

async function open(openDatabase: OpenDatabase, random: Random = systemRandom, shared = false, development = true) {
  const database = await openDatabase();
  const clock = createTestClock();
  // With `shared`, a store of which no message ever arrives.
  const memory = createMemory({ clock });
  const ephemeral = shared ? { ...memory, shared, publish: async () => {} } : memory;
  const limits = createLimits({ ephemeral, clock });
  const create = (over: Database = database) =>
    createLinkRequests({
      database: over,
      ephemeral,
      secrets: createSecrets(Buffer.alloc(32, 7)),
      clock,
      random,
      journal: createTableJournal({ database: over, clock, random: systemRandom }),
      limits,
      guesses: createGuesses({ limits }),
      development,
      polled: () => {},
      isPublic: async () => true,
      collected: async () => true,
      endLink: async () => {},
      wake: () => {},
    });
  const requests = create();
  let count = 0;
  const issue = (ip = '127.0.0.1') => {
    const deviceCode = `device-code-${count++}`;
    return requests
      .issue({ deviceCode, client, params: {}, requester: { ip, userAgent: undefined, country: undefined } })
      .then((issued) => ({ ...issued, deviceCode }));
  };
  return { database, clock, requests, create, issue, limits };
}

/** A source of randomness that draws user codes from a space of so many, whatever their length. */
function smallSpace(codes: number): Random {
  let digits: number[] = [];
  let drawn = 0;
  return {
    token: (bytes) => systemRandom.token(bytes),
    below(limit) {
      if (limit !== alphabet.length) return systemRandom.below(limit);
      if (drawn % 8 === 0) {
        const code = systemRandom.below(codes);
        digits = Array.from({ length: 8 }, (_, i) => Math.floor(code / alphabet.length ** i) % alphabet.length);
      }
      return digits[drawn++ % 8] ?? 0;
    },
  };
}

forEachDatabase((name, openDatabase) => {
  it('K4, B26, J9: 1,000 issues in a code space of 500: no live code is overwritten', async () => {
    const { issue, requests } = await open(openDatabase, smallSpace(500));
    const issued: { userCode: string; deviceCode: string }[] = [];
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      try {
        issued.push(await issue());
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'unavailable', String(error));
        refused++;
      }
    }
    assert.equal(issued.length + refused, 1000);
    assert.ok(issued.length >= 300, `${issued.length} issued`);
    assert.equal(new Set(issued.map(({ userCode }) => userCode)).size, issued.length);
    for (const { deviceCode } of issued) {
      assert.equal(await requests.poll(deviceCode, 'tv'), 'authorization_pending');
    }
  });

  it('B26: a code that ended is not drawn again for a day', async () => {
    const { issue, clock, requests } = await open(openDatabase, smallSpace(1));
    const first = await issue();
    clock.advance(minutes(11));
    await requests.tidy();
    assert.notEqual((await issue()).userCode, first.userCode, 'a longer code instead');
    clock.advance(days(1));
    await requests.tidy();
    assert.equal((await issue()).userCode, first.userCode);
  });

  it('decision 9: a pending poll touches no SQL', async () => {
    const { issue, requests, clock, database } = await open(openDatabase);
    const { deviceCode } = await issue();
    await database.close();
    for (let i = 0; i < 10; i++) {
      clock.advance(seconds(5));
      assert.equal(await requests.poll(deviceCode, 'tv'), 'authorization_pending');
    }
    await assert.rejects(
      requests.poll('unknown', 'tv'),
      'while an unknown code does ask the database, which is closed',
    );
  });

  it('A7: codes that wait survive a restart of the process', async () => {
    const { issue, create } = await open(openDatabase);
    const { deviceCode } = await issue();
    const restarted = create();
    const stop = await restarted.start();
    assert.equal(restarted.waiting, 1);
    assert.equal(restarted.waitsForPublicClient(deviceCode, 'tv'), true);
    assert.equal(await restarted.poll(deviceCode, 'tv'), 'authorization_pending');
    await stop();
  });

  it('a process that did not issue the code answers for it all the same', async () => {
    const { issue, create } = await open(openDatabase);
    const { deviceCode } = await issue();
    const other = create();
    assert.equal(await other.poll(deviceCode, 'tv'), 'authorization_pending');
    assert.equal(await other.poll(deviceCode, 'somebody-else'), 'invalid_grant');
  });

  const lost = async (sharedMessages: boolean): Promise<void> => {
    const { database, issue, requests, clock } = await open(openDatabase, systemRandom, sharedMessages);
    const { deviceCode } = await issue();
    // Approved by another process.
    await database.query
      .withTables<{
        device_authorization: { status: string; grant_id: string; account_id: string; approval: string };
      }>()
      .updateTable('device_authorization')
      .set({ status: 'approved', grant_id: 'grant', account_id: 'sam', approval: '{"scope":"openid"}' })
      .execute();
    assert.equal((await requests.look(deviceCode, 'tv')).answer, 'authorization_pending');
    clock.advance(seconds(6));
    assert.equal(await requests.poll(deviceCode, 'tv'), 'approved');
    const { answer, request } = await requests.look(deviceCode, 'tv');
    assert.equal(answer, 'approved');
    assert.equal(request?.grantId, 'grant');
  };

  it('design §7: a lost message about a decision delays the answer by seconds and never changes it', () => lost(true));

  // Such as while one takes over from the other.
  if (name === 'PostgreSQL') it('no more do two processes over one database that share no messages', () => lost(false));

  it('B34, J7: one network cannot have codes waiting without end; others are served', async () => {
    const { issue, requests, clock } = await open(openDatabase);
    for (let i = 0; i < 600; i++) await issue('198.51.100.7');
    await assert.rejects(issue('198.51.100.8'), { code: 'too_many_tries' });
    assert.ok(await issue('192.0.2.1'));
    assert.equal(requests.waiting, 601);
    clock.advance(minutes(10) - 1);
    await assert.rejects(issue('198.51.100.9'), { code: 'too_many_tries' }, 'as long as those of before live');
    clock.advance(1);
    await requests.tidy();
    assert.equal(requests.waiting, 0);
    assert.ok(await issue('198.51.100.8'));
  });

  it('B6: loopback is a network like any other, except on a developer’s own machine', async () => {
    for (const development of [false, true]) {
      const { issue } = await open(openDatabase, systemRandom, false, development);
      for (let i = 0; i < 600; i++) await issue('127.0.0.1');
      if (development) assert.ok(await issue('::1'));
      else await assert.rejects(issue('::1'), { code: 'too_many_tries' });
    }
  });

  it('B34: nor can one IPv6 customer, from ever new networks', async () => {
    const { issue, limits } = await open(openDatabase);
    await issue('2001:db8:7:1::1');
    // As many as other networks of the same customer would have asked for.
    for (let i = 0; i < 5999; i++) await limits.hit('issue:2001:db8:7::/48', { limit: 6000, window: minutes(10) });
    await assert.rejects(issue('2001:db8:7:ffff::1'), { code: 'too_many_tries' });
    assert.ok(await issue('2001:db8:8:1::1'));
  });
});
