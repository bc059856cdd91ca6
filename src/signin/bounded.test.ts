import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, type People } from '../../test/helpers/people.ts';
import { days, minutes, seconds } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { createKnownBrowsers, room } from './known-browsers.ts';
import { createSessions } from './sessions.ts';

const owner = 'owner@example.org';
const most = room.firsts + room.lasts + 1;

forEachDatabase((_name, open) => {
  async function createBench() {
    const people = await createPeople(open);
    const { id } = await people.addAccount(owner);
    const sessions = createSessions({ ...people, random: systemRandom, lockAccount: people.accounts.lock });
    const from = (browserId: string) => ({ browserId, userAgent: undefined, country: undefined });
    return {
      people,
      id,
      sessions,
      known: createKnownBrowsers(people),
      /** Right sign-ins by somebody who keeps no cookie. */
      async flood(count: number, accountId = id, apart = minutes(1)): Promise<void> {
        for (let n = 0; n < count; n++) {
          people.clock.advance(apart);
          await sessions.start(undefined, accountId, ['pwd'], from(systemRandom.token(16)));
        }
      },
      start(browserId: string, accountId = id) {
        people.clock.advance(seconds(1));
        return sessions.start(undefined, accountId, ['pwd'], from(browserId));
      },
      from,
    };
  }

  async function rowsOf({ database }: People): Promise<{ [table: string]: number }> {
    const db = database.query.withTables<{ [table: string]: { account_id: AccountId } }>();
    const count = async (table: string) => (await db.selectFrom(table).selectAll().execute()).length;
    const tables = ['session', 'session_account', 'known_browser'];
    return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await count(table)] as const)));
  }

  test('fault B7: right sign-ins without a cookie make no rows without end, and never push out the browser of the owner', async () => {
    const { people, id, sessions, known, flood, start } = await createBench();
    const own = await start('owner');
    await flood(most * 2);
    for (const [table, rows] of Object.entries(await rowsOf(people))) assert.ok(rows <= most, `${table}: ${rows}`);
    assert.equal((await sessions.find(own.secret))?.id, own.id, 'signed in as before');
    assert.ok(await known.knows(id, 'owner'));
    people.clock.advance(days(2));
    await flood(most * 2);
    assert.equal((await sessions.find(own.secret))?.id, own.id);
    assert.equal((await sessions.sessionsOf(id)).length, most);
  });

  test('fault B7: a browser that the account knows comes back between them, and stays', async () => {
    const { id, sessions, known, flood, start } = await createBench();
    await start('owner');
    await flood(most * 2);
    const again = await start('owner');
    await flood(most * 2);
    assert.equal((await sessions.find(again.secret))?.id, again.id);
    assert.ok(await known.knows(id, 'owner'));
  });

  test('fault B7: of the others the one used last stays longest, so that the owner can use a new browser', async () => {
    const { sessions, flood, start } = await createBench();
    await flood(most * 2);
    const phone = await start('new phone');
    await flood(room.lasts);
    assert.equal((await sessions.find(phone.secret))?.id, phone.id);
    await flood(1);
    assert.ok(await sessions.find(phone.secret), 'it was used a moment ago');
    await flood(room.lasts + 1);
    assert.equal(await sessions.find(phone.secret), undefined, 'then it is the one that was not used for longest');
  });

  test('fault B7: a browser has one session of an account, whatever becomes of its cookie', async () => {
    const { people, sessions, start } = await createBench();
    const first = await start('owner');
    const pressed = await start('owner');
    assert.ok((await sessions.find(first.secret)) && (await sessions.find(pressed.secret)), 'a button pressed twice');
    for (let n = 0; n < 30; n++) {
      people.clock.advance(seconds(11));
      await start('owner');
    }
    assert.equal((await rowsOf(people)).session, 1);
    assert.equal(await sessions.find(first.secret), undefined);
  });

  test('fault B7: whoever is signed in beside in such a session stays', async () => {
    const { people, sessions, flood, start, from, id } = await createBench();
    const other = await people.addAccount('other@example.org');
    await flood(room.firsts);
    const both = await start('shared', other.id);
    const live = await sessions.find(both.secret);
    const more = await sessions.start(live, id, ['pwd'], from('shared'));
    await flood(most * 2);
    const found = await sessions.find(more.secret);
    assert.deepEqual([found?.current.account_id, found?.others], [other.id, []]);
  });

  test('fault B7: many at one moment wait for each other and for nothing else', async () => {
    const { people, sessions, id, flood, start } = await createBench();
    const own = await start('owner');
    await flood(most);
    await people.manyConnections();
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 12 }, () => flood(1, id, 0)));
    await flood(1);
    for (const [table, rows] of Object.entries(await rowsOf(people))) assert.ok(rows <= most, `${table}: ${rows}`);
    assert.ok(await sessions.find(own.secret));
  });

  test('fault B7: a session that nobody is left in is no row any more', async () => {
    const { people, sessions, id, flood, start } = await createBench();
    const own = await start('owner');
    await flood(8);
    assert.ok(await sessions.removeAccount((await sessions.sessionsOf(id))[0]?.sessionId ?? own.id, id));
    assert.equal((await rowsOf(people)).session, 8);
    await people.signin.endSessionsOf(id, own.id, 'mailbox');
    assert.equal((await rowsOf(people)).session, 1);
    assert.equal(await sessions.removeAccount(own.id, id), true);
    assert.equal(await sessions.removeAccount(own.id, id), false);
    assert.equal((await rowsOf(people)).session, 0);
  });

  test('fault B7: a browser holds twenty accounts; the one that came first makes room', async () => {
    const { people, sessions, from } = await createBench();
    let secret = '';
    for (let n = 0; n < 25; n++) {
      people.clock.advance(seconds(1));
      const { id } = await people.accounts.create({ email: `one${n}@example.org` });
      const live = secret ? await sessions.find(secret) : undefined;
      ({ secret } = await sessions.start(live, id, ['pwd'], from('shared')));
    }
    const { current, others = [] } = (await sessions.find(secret)) ?? {};
    assert.equal(others.length, 19);
    assert.equal((await people.accounts.find(current?.account_id as AccountId))?.email, 'one24@example.org');
    assert.deepEqual(await rowsOf(people), { session: 1, session_account: 20, known_browser: 25 });
  });
});

/** The store of what is half way is the same whatever the database. */
test('fault B7: sign-ins that stay half way make room for each other, never at the cost of a browser that is known', async () => {
  const { newPeople, signInHalf, finish } = await halfBench();
  const { people, app } = await newPeople();
  const known = people.newBrowser();
  await signInHalf(known);
  await finish(known, app);
  known.cookies.delete('latchkey-session');
  await signInHalf(known);
  const stranger = people.newBrowser({ remoteAddress: '192.0.2.77' });
  await signInHalf(stranger);
  for (let n = 0; n < 50; n++) await signInHalf(people.newBrowser({ remoteAddress: `198.51.${n}.1` }));
  assert.match((await stranger.open('/signin/code')).url, /^\/signin$/, 'the oldest has made room');
  assert.equal((await known.open('/signin/code')).url, '/signin/code');
  await finish(known, app);
});

async function halfBench() {
  const { createDatabasePlace } = await import('../../test/helpers/databases.ts');
  const openOne: OpenDatabase = async () => {
    const database = (await createDatabasePlace('SQLite')).open();
    await database.migrate();
    return database;
  };
  return {
    async newPeople() {
      const people = await createPeople(openOne);
      const { id } = await people.addAccount(owner);
      const setup = people.authenticators.beginApp(id, owner);
      const app = () => {
        people.clock.advance(seconds(30));
        return generateSync({ secret: setup.secret, epoch: Math.floor(people.clock.now() / 1000) });
      };
      assert.ok(await people.authenticators.finishApp(id, setup, app()));
      return { people, app };
    },
    async signInHalf(browser: FormBrowser) {
      await browser.open('/signin?edit');
      await browser.submit({ email: owner });
      await browser.submit({ password: goodPassword });
      assert.equal(browser.shown.url, '/signin/code');
    },
    async finish(browser: FormBrowser, app: () => string) {
      await browser.open('/signin/code');
      await browser.submit({ code: app() });
      assert.equal(browser.shown.url, '/home');
    },
  };
}
