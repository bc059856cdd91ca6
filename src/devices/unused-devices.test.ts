import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createBench } from '../../test/helpers/linked-devices.ts';
import { days } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { directionOf, loadMessages } from '../web/messages.ts';
import { createUnusedDevices } from './unused-devices.ts';
import type { Words } from './unused-mail.tsx';

const messages = loadMessages();

forEachDatabase((_name, open) => {
  async function setUp() {
    const bench = await createBench(open);
    const mails: Words[] = [];
    const owner = { reached: 1 };
    const unused = createUnusedDevices({
      ...bench,
      ephemeral: createMemory({ clock: bench.clock }),
      reach: async (_account, write) => {
        if (owner.reached > 0) {
          const t = messages.translate('en');
          mails.push(
            write({ t, locale: 'en', dir: directionOf('en'), issuer: 'https://id.example', email: 'ann@example.org' }),
          );
        }
        return owner.reached;
      },
      failed: (error) => assert.fail(String(error)),
    });
    const expiresAt = bench.clock.now() + days(365);
    /** As the timer would, day by day. */
    const live = async (count: number): Promise<void> => {
      for (let day = 0; day < count; day++) {
        bench.clock.advance(days(1));
        await unused.sweep();
        await unused.sweep();
      }
    };
    return { ...bench, mails, expiresAt, live, owner };
  }

  test('a device that nobody uses is unlinked after 90 days, a week after its owner was told, once', async () => {
    const { devices, ann, link, live, mails, expiresAt, journal } = await setUp();
    const { id } = await link(ann, { name: 'Old TV', expiresAt });
    await live(83);
    assert.equal(mails.length, 0);
    await live(1);
    assert.equal(mails.length, 1);
    assert.match(mails[0]?.text ?? '', /Old TV/);
    assert.match(mails[0]?.text ?? '', new RegExp(`https://id.example/devices/${id}`));
    await live(6);
    assert.ok(await devices.find(ann, id), 'still there');
    await live(1);
    assert.equal(await devices.find(ann, id), undefined);
    assert.equal(mails.length, 1);
    const [event] = await journal.recent(ann, 1);
    assert.equal(event?.type, 'unlinked');
    assert.equal(event?.data?.reason, 'unused');
  });

  test('a device used after the notice stays, and its time begins anew', async () => {
    const { devices, ann, link, live, mails, expiresAt } = await setUp();
    const { id, grantId } = await link(ann, { expiresAt });
    await live(85);
    assert.equal(mails.length, 1);
    await devices.used(grantId);
    await live(80);
    assert.ok(await devices.find(ann, id));
    assert.equal(mails.length, 1);
    await live(11);
    assert.equal(mails.length, 2, 'told again');
    assert.equal(await devices.find(ann, id), undefined);
  });

  test('a device whose owner cannot be told stays', async () => {
    const { devices, ann, link, live, owner, expiresAt } = await setUp();
    const { id } = await link(ann, { expiresAt });
    owner.reached = 0;
    await live(120);
    assert.ok(await devices.find(ann, id));
    owner.reached = 1;
    await live(1);
    assert.ok(await devices.find(ann, id), 'told today');
    await live(8);
    assert.equal(await devices.find(ann, id), undefined);
  });
});
