import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createTestClock } from '../../test/helpers/clock.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { Client } from '../clients/clients.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createTableJournal } from '../drivers/journal/table.ts';
import type { ClientId } from '../ids.ts';
import { createLimits } from '../limits/limits.ts';
import { systemRandom } from '../random.ts';
import { createSecrets } from '../secrets.ts';
import { createGuesses } from './guesses.ts';
import { createLinkRequests } from './link-requests.ts';
import type { LinkRow } from './link-store.ts';

type Tables = { device_authorization: LinkRow };
const client = { id: 'tv' as ClientId, name: 'TV', public: true } as Client;

forEachDatabase((_name, openDatabase) => {
  it('fault E4: a decision heard while the database is asked is told by that same poll, not forgotten by remembering the code', async () => {
    const database = await openDatabase();
    const clock = createTestClock();
    const ephemeral = createMemory({ clock });
    const limits = createLimits({ ephemeral, clock });
    const create = (meanwhile: () => Promise<void>) =>
      createLinkRequests({
        ...{ database, ephemeral, clock, limits },
        secrets: createSecrets(Buffer.alloc(32, 7)),
        random: systemRandom,
        journal: createTableJournal({ database, clock, random: systemRandom }),
        guesses: createGuesses({ limits }),
        development: true,
        polled: () => {},
        foundLate() {},
        // Asked after the row has come, and before the code is remembered.
        isPublic: async () => {
          await meanwhile();
          return true;
        },
        collected: async () => true,
        endLink: async () => {},
        wake: () => {},
      });

    const elsewhere = create(async () => {});
    const here = create(async () => {
      const rows = database.query.withTables<Tables>();
      const set = { status: 'declined', decided_at: clock.now() } as const;
      const row = await rows.updateTable('device_authorization').set(set).returningAll().executeTakeFirstOrThrow();
      await elsewhere.decided(row);
      // Messages arrive in a turn of their own.
      for (let n = 0; n < 3; n++) await turn();
    });
    const stop = await here.start();
    const requester = { ip: '127.0.0.1', userAgent: undefined, country: undefined };
    await elsewhere.issue({ deviceCode: 'device-code', client, params: {}, requester });
    assert.equal(await here.poll('device-code', 'tv'), 'access_denied');
    assert.equal(here.waiting, 0);
    await stop();
    await ephemeral.close();
  });
});
