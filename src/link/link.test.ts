import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { Client } from '../clients/clients.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createTableJournal } from '../drivers/journal/table.ts';
import type { AccountId, ClientId } from '../ids.ts';
import { createLimits } from '../limits/limits.ts';
import { systemRandom } from '../random.ts';
import { createSecrets } from '../secrets.ts';
import type { SignedInAccount } from '../signin/signin.ts';
import { createGuesses } from './guesses.ts';
import { createLink } from './link.ts';
import { createLinkRequests } from './link-requests.ts';

type Rows = { device_authorization: { status: string }; security_event: { type: string; account_id: string | null } };

forEachDatabase((_name, openDatabase) => {
  it('B25: two accounts that type one code at the same moment kill it, whoever was first', async () => {
    const database = await openDatabase();
    const clock = createTestClock();
    const secrets = createSecrets(Buffer.alloc(32, 7));
    const ephemeral = createMemory({ clock });
    const limits = createLimits({ ephemeral, clock });
    const guesses = createGuesses({ limits });
    const journal = createTableJournal({ database, clock, random: systemRandom });
    const common = { database, clock, secrets, journal, guesses };
    const client = { id: 'tv' as ClientId, name: 'TV', public: true } as Client;
    const requests = createLinkRequests({
      ...common,
      ephemeral,
      limits,
      random: systemRandom,
      development: true,
      polled: () => {},
      foundLate() {},
      isPublic: async () => true,
      collected: async () => true,
      endLink: async () => {},
      wake: () => {},
    });
    const unused = async (): Promise<never> => assert.fail('A claim needs none of it.');
    const link = createLink({
      ...common,
      requests,
      devices: {} as Parameters<typeof createLink>[0]['devices'],
      findClient: unused,
      createGrant: unused,
      loopbackIsNear: true,
      linked: () => {},
    });
    const requester = { ip: '127.0.0.1', userAgent: undefined, country: undefined };
    const { userCode } = await requests.issue({ deviceCode: 'device-code', client, params: {}, requester });
    const people = ['ada', 'bob'].map((name) => ({ accountId: name as AccountId }) as SignedInAccount);
    const results = await Promise.all(
      people.map((account) =>
        link.claim(userCode.replaceAll('-', ''), account, {
          browserId: account.accountId,
          network: 'loopback',
          country: undefined,
        }),
      ),
    );
    assert.deepEqual(results.map(({ outcome }) => outcome).sort(), ['claimed', 'no_such_code']);

    const tables = database.query.withTables<Rows>();
    const row = await tables.selectFrom('device_authorization').selectAll().executeTakeFirstOrThrow();
    assert.equal(row.status, 'contested');
    const holder = people[results.findIndex(({ outcome }) => outcome === 'claimed')]?.accountId;
    const event = await tables
      .selectFrom('security_event')
      .selectAll()
      .where('type', '=', 'code_contested')
      .executeTakeFirstOrThrow();
    assert.equal(event.account_id, holder);
  });
});
