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
import type { LinkRow } from './link-store.ts';
import { alphabet } from './user-code.ts';

type Tables = { device_authorization: LinkRow };
const client = { id: 'tv' as ClientId, name: 'TV', public: true } as Client;

async function open(
  openDatabase: OpenDatabase,
  random: Random = systemRandom,
  shared = false,
  development = true,
  mostWaiting = 2_000_000,
) {
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
      mostWaiting,
      polled: () => {},
      foundLate() {},
      isPublic: async () => true,
      collected: async () => true,
      endLink: async () => {},
      wake: () => {},
    });
  const requests = create();
  let count = 0;
  const issue = (ip = '127.0.0.1', params: Record<string, unknown> = {}, userAgent?: string) => {
    const deviceCode = `device-code-${count++}`;
    return requests
      .issue({ deviceCode, client, params, requester: { ip, userAgent, country: undefined } })
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

  it('fault B3: whatever a device sends, little of it is stored, each thing once', async () => {
    const { issue, database } = await open(openDatabase);
    const long = (letter: string) => letter.repeat(8000);
    const params = {
      ...{ scope: 'openid email openid email openid', resource: ['https://api.example/', 'https://api.example/'] },
      ...{ acr_values: 'a a a', prompt: 'login login', max_age: '5', dpop_jkt: 'x'.repeat(43) },
      ...{ device_name: long('\u{1f4fa}'), device_model: long('\u0928'), device_type: long('t') },
      ...{ ui_locales: long('de '), login_hint: long('x'), nonce: long('n'), state: long('s'), whatever: long('w') },
    };
    await issue('198.51.100.7', params, long('\u0928'));
    const [row] = await database.query.withTables<Tables>().selectFrom('device_authorization').selectAll().execute();
    assert.deepEqual(JSON.parse(row?.params ?? ''), {
      ...{ scope: 'openid email', acr_values: 'a', prompt: 'login', resource: ['https://api.example/'] },
      ...{ max_age: '5', dpop_jkt: 'x'.repeat(43) },
    });
    const size = Object.values(row ?? {}).reduce<number>(
      (sum, value) => sum + Buffer.byteLength(String(value ?? '')),
      0,
    );
    assert.ok(size < 3000, `${size} bytes`);
  });

  it('fault B3: no row is larger than some kilobytes; what would make it so is refused in words', async () => {
    const { issue, database, requests } = await open(openDatabase);
    const resources = (count: number) =>
      Array.from({ length: count }, (_, i) => `https://api.example/${i}/${'x'.repeat(80)}`);
    await assert.rejects(issue('198.51.100.7', { resource: resources(60) }), { code: 'bad_request' });
    await assert.rejects(
      issue('198.51.100.7', { claims: JSON.stringify({ userinfo: { ['x'.repeat(4000)]: null } }) }),
      {
        code: 'bad_request',
      },
    );
    const most = { resource: resources(17), device_name: '\u0928'.repeat(60), device_model: '\u0928'.repeat(60) };
    await issue('198.51.100.7', most, '\u0928'.repeat(200));
    assert.equal(requests.waiting, 1);
    const [row] = await database.query.withTables<Tables>().selectFrom('device_authorization').selectAll().execute();
    const size = Object.values(row ?? {}).reduce<number>(
      (sum, value) => sum + Buffer.byteLength(String(value ?? '')),
      0,
    );
    assert.ok(size > 2000 && size < 4000, `${size} bytes`);
  });

  it('fault B3: a full house takes nobody new and harms nobody who waits; before, the greedy get no more', async () => {
    const { issue, requests, clock } = await open(openDatabase, systemRandom, false, true, 200);
    const first = await issue('192.0.2.1');
    for (let i = 0; i < 99; i++) await issue('198.51.100.7');
    await assert.rejects(issue('198.51.100.7'), { code: 'too_many_tries' }, 'half the room is taken');
    for (let i = 0; i < 100; i++) await issue(`203.0.${i}.1`);
    await assert.rejects(issue('203.0.113.1'), ({ code, retryAt }: AppError) => {
      assert.ok(retryAt && retryAt > clock.now());
      return code === 'unavailable';
    });
    assert.equal(requests.waiting, 200);
    assert.equal(await requests.poll(first.deviceCode, 'tv'), 'authorization_pending');
    clock.advance(minutes(10));
    await requests.tidy();
    assert.ok(await issue('203.0.113.1'));
  });

  it('fault B7: one network’s crowd gets longer codes itself, and lengthens nobody else’s', async () => {
    const { requests, create, database, clock } = await open(openDatabase);
    const lettersOf = async (ip: string, from = requests) => {
      const deviceCode = `of ${ip} ${systemRandom.token(8)}`;
      const requester = { ip, userAgent: undefined, country: undefined };
      return (await from.issue({ deviceCode, client, params: {}, requester })).userCode.replaceAll('-', '').length;
    };
    assert.equal(await lettersOf('192.0.2.1'), 8);
    const crowd: number[] = [];
    for (let i = 0; i < 600; i++) crowd.push(await lettersOf(`198.51.100.${i % 250}`));
    assert.deepEqual(crowd.slice(0, 3), [8, 8, 8], 'a home that links three things');
    // Two more fit into what is kept for crowds.
    assert.ok(crowd.slice(5).every((letters) => letters >= 9) && crowd.at(-1) === 10, crowd.join(' '));
    // From ever new networks of one customer, too.
    const site: number[] = [];
    for (let i = 0; i < 20; i++) site.push(await lettersOf(`2001:db8:7:${i}::1`));
    assert.ok(
      site.slice(3).every((letters) => letters > 8),
      site.join(' '),
    );
    for (let i = 0; i < 10; i++) assert.equal(await lettersOf(`203.0.${i}.1`), 8, 'others');
    // A process that starts, or looks it up because others issue codes too, knows the crowd for what it is.
    const other = create({ ...database, shared: true });
    await other.start().then((stop) => stop());
    clock.advance(seconds(11));
    assert.equal(await lettersOf('203.0.200.1', other), 8);
  });

  it('fault B6: loopback is a network like any other, except on a developer’s own machine', async () => {
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
