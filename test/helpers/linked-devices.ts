import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { days } from '../../src/clock.ts';
import { createDevices, type Devices, type NewDevice } from '../../src/devices/devices.ts';
import { createTableJournal } from '../../src/drivers/journal/table.ts';
import type { AccountId, ClientId, DeviceId } from '../../src/ids.ts';
import { systemRandom } from '../../src/random.ts';
import { createSecrets } from '../../src/secrets.ts';
import { createTestClock } from './clock.ts';
import type { OpenDatabase } from './databases.ts';

type AccountTable = { account: { id: string; email: string; passkey_user_id: string; created_at: number } };

/** The devices room on a real database, with two people, and an engine that only notes what it is told to revoke. */
export async function createBench(open: OpenDatabase) {
  const database = await open();
  const clock = createTestClock();
  const secrets = createSecrets(randomBytes(32));
  const journal = createTableJournal({ database, clock, random: systemRandom });
  const revoked: string[] = [];
  let failing = false;

  const newDevices = (): Devices =>
    createDevices({
      database,
      clock,
      random: systemRandom,
      secrets,
      journal,
      revokeGrant: async (grantId) => {
        if (failing) {
          failing = false;
          throw new Error('revocation failed');
        }
        revoked.push(grantId);
      },
      clientNames: async (ids) =>
        new Map(ids.filter((id) => id === 'acme').map((id): [ClientId, string] => [id, 'Acme TV'])),
    });
  const devices = newDevices();

  const addAccount = async (id: string): Promise<AccountId> => {
    const row = { id, email: `${id}@example.org`, passkey_user_id: id, created_at: clock.now() };
    await database.query.withTables<AccountTable>().insertInto('account').values(row).execute();
    return id as AccountId;
  };

  let count = 0;
  async function link(
    accountId: AccountId,
    more: Partial<Omit<NewDevice, 'clientId'>> & { clientId?: string } = {},
  ): Promise<{ id: DeviceId; undoToken: string; grantId: string }> {
    const grantId = `grant-${++count}`;
    const device: NewDevice = {
      accountId,
      grantId,
      name: 'TV',
      scope: 'openid offline_access',
      expiresAt: clock.now() + days(90),
      ...more,
      clientId: (more.clientId ?? 'acme') as ClientId,
    };
    return { grantId, ...(await database.transaction((transaction) => devices.link(device, transaction))) };
  }

  return {
    database,
    clock,
    secrets,
    journal,
    devices,
    link,
    revoked,
    ann: await addAccount('ann'),
    bob: await addAccount('bob'),
    secondProcess: newDevices,
    /** Makes the next revocation fail. */
    failNext: () => {
      failing = true;
    },
    events: async (accountId: AccountId) =>
      (await journal.recent(accountId, 100)).map(({ type, data }) => ({ type, data })),
    /** Every row of the room's table, as a thief of the database would see it. */
    dumpDevices: async () => JSON.stringify((await sql`select * from device`.execute(database.query)).rows),
  };
}
