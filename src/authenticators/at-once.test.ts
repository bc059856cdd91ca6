import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';

/** What a form sent twice, or two browsers in one moment, must not get past. */
forEachDatabase((_name, open) => {
  async function createBench(settings: { requireSecondStep?: boolean; password?: string }) {
    const people = await createPeople(open, settings);
    const { authenticators, clock } = people;
    const { id } = await people.addAccount('ann@example.org', settings.password);
    await people.manyConnections();
    const credential = (name: string, rest: { second_step_only: number }) => ({
      ...{ credential_id: name, public_key: 'x', counter: 0, transports: '[]', backup_eligible: 0, synced: 0 },
      ...{ name, uv_initialized: 1 - rest.second_step_only, ...rest },
    });
    return {
      ...{ people, authenticators, id },
      async addApp() {
        const setup = authenticators.beginApp(id, 'ann');
        const code = generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
        assert.equal(await authenticators.finishApp(id, setup, code), true);
      },
      async addKey(name: string) {
        assert.equal(await authenticators.addPasskey(id, credential(name, { second_step_only: 1 })), true);
      },
      secondSteps: async () => {
        const { app, keys } = await authenticators.methodsOf(id);
        return Number(app) + keys;
      },
    };
  }

  test('F20: of the last two second steps, removed at once where one is asked for, one stays', async () => {
    const bench = await createBench({ requireSecondStep: true });
    const { authenticators, id } = bench;
    await bench.addApp();
    await bench.addKey('key');
    const removed = await Promise.all([authenticators.removeApp(id), authenticators.removePasskey(id, 'key')]);
    assert.equal(removed.filter(Boolean).length, 1);
    assert.equal(await bench.secondSteps(), 1);
  });

  test('F20: so it is with several security keys beside a short password', async () => {
    const bench = await createBench({ password: 'oak&plum7' });
    const { authenticators, id } = bench;
    const keys = ['first', 'second', 'third'];
    for (const key of keys) await bench.addKey(key);
    const removed = await Promise.all(keys.map((key) => authenticators.removePasskey(id, key)));
    assert.equal(removed.filter(Boolean).length, 2);
    assert.equal(await bench.secondSteps(), 1);
  });

  test('F20: a set of codes made twice at once is made once, and the codes shown are the ones that count', async () => {
    const bench = await createBench({});
    const { authenticators, id } = bench;
    await bench.addApp();
    const { recoveryCodes, savedCode } = authenticators;
    for (const again of [false, true]) {
      const before = again ? await recoveryCodes.madeAt(id) : undefined;
      const sets = await Promise.all([1, 2, 3].map(() => recoveryCodes.makeOver(id, before)));
      const [shown, ...more] = sets.filter((set) => set !== undefined);
      assert.equal(more.length, 0);
      assert.ok(await recoveryCodes.use(id, shown?.[0] ?? ''));
      bench.people.clock.advance(1000);
    }
    for (const again of [false, true]) {
      const before = again ? await savedCode.madeAt(id) : undefined;
      const codes = await Promise.all([1, 2, 3].map(() => savedCode.makeOver(id, before)));
      const [shown, ...more] = codes.filter((code) => code !== undefined);
      assert.equal(more.length, 0);
      assert.ok(await savedCode.use(id, shown ?? ''));
      bench.people.clock.advance(1000);
    }
  });
});
