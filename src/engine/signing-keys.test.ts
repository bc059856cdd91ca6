import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import { days } from '../clock.ts';
import { systemRandom } from '../random.ts';
import { createSecrets } from '../secrets.ts';
import { createSigningKeys } from './signing-keys.ts';

async function open(openDatabase: OpenDatabase) {
  const database = await openDatabase();
  const clock = createTestClock();
  const create = (secret = 1) =>
    createSigningKeys({ database, secrets: createSecrets(Buffer.alloc(32, secret)), clock, random: systemRandom });
  return { database, clock, create, keys: create() };
}

forEachDatabase((_name, openDatabase) => {
  it('keys are made on first start, ES256 and RS256, and stay', async () => {
    const { keys, create } = await open(openDatabase);
    const loaded = await keys.load();
    assert.deepEqual(loaded.map((key) => key.alg).sort(), ['ES256', 'RS256']);
    assert.deepEqual(await create().load(), loaded);
  });

  it('two processes that start together end with the same keys', async () => {
    const { create } = await open(openDatabase);
    await Promise.all([create().load(), create().load()]);
    assert.deepEqual(await create().load(), await create().load());
  });

  it('F26: after rotation the new keys come first, and the old ones verify for seven more days', async () => {
    const { keys, clock } = await open(openDatabase);
    const before = await keys.load();
    clock.advance(1000);
    const fresh = await keys.rotate();
    const after = await keys.load();
    assert.deepEqual(
      after
        .slice(0, 2)
        .map((key) => key.kid)
        .sort(),
      fresh.map((key) => key.id).sort(),
    );
    for (const old of before) assert.ok(after.some((key) => key.kid === old.kid));
    clock.advance(days(8));
    await keys.rotate();
    const last = await keys.load();
    for (const old of before) assert.ok(!last.some((key) => key.kid === old.kid));
  });

  it('fault C1: our own signature is known again for a year, by keys that are published no more', async () => {
    const { keys, clock } = await open(openDatabase);
    const [old] = await keys.load();
    const ids = async (which: 'load' | 'known') => (await keys[which]()).map(({ kid }) => kid);
    for (const wait of [days(30), days(8), days(300)]) {
      clock.advance(1000);
      await keys.rotate();
      clock.advance(wait);
    }
    // Seven days are over without another rotation, too.
    assert.deepEqual((await ids('load')).length, 2);
    assert.ok((await ids('known')).includes(old?.kid));
    for (const key of await keys.known()) assert.equal(key.d ?? key.p, undefined);
    clock.advance(days(30));
    await keys.rotate();
    assert.ok(!(await ids('known')).includes(old?.kid));
  });

  it('K9: no private key is readable in the database, nor with another secret', async () => {
    const { keys, create, database } = await open(openDatabase);
    const loaded = await keys.load();
    type Rows = { signing_key: Record<string, unknown> };
    const dump = JSON.stringify(
      await database.query.withTables<Rows>().selectFrom('signing_key').selectAll().execute(),
    );
    for (const key of loaded) assert.ok(!dump.includes(String(key.d)));
    await assert.rejects(create(2).load(), /LATCHKEY_SECRET/);
  });
});
