import { type Clock, days } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { AccountId, DeviceId } from '../ids.ts';
import { createDevicesStore, type DeviceRow } from './devices-store.ts';
import { type Reader, unusedMessage, type Words } from './unused-mail.tsx';

/** A device that nobody has used for so long is pointed out in the list, and unlinked if it stays so. */
export const unusedAfter = days(90);
/** How long before the owner is told. */
const notice = days(7);
/** Once a day is enough for what takes months. */
const sweepEvery = days(1);
const rowsAtOnce = 500;

type Needs = {
  database: Database;
  clock: Clock;
  ephemeral: { claim(key: string, ttl: number): Promise<boolean> };
  devices: { endUnused(accountId: AccountId, id: DeviceId, unusedSince: number): Promise<boolean> };
  /** Writes to every address of the owner, and says how many were reached. */
  reach(accountId: AccountId, write: (reader: Reader) => Words): Promise<number>;
  failed(error: unknown, what: string): void;
};

/**
 * Unlinks devices that nobody has used for 90 days, a week after their owner was told. A device used in that week stays,
 * and a device whose owner could not be told stays too.
 */
export function createUnusedDevices(needs: Needs) {
  const { clock } = needs;
  const store = createDevicesStore(needs.database);

  const lookAt = async (row: DeviceRow): Promise<void> => {
    const now = clock.now();
    const usedAt = row.last_used_at ?? row.linked_at;
    const toldAt = row.unused_notice_at;
    if (toldAt === null || toldAt < usedAt) {
      const endsAt = Math.max(usedAt + unusedAfter, now + notice);
      const reached = await needs.reach(row.account_id, (reader) => unusedMessage(reader, { row, usedAt, endsAt }));
      if (reached > 0) await store.noteUnusedNotice(row.id, now);
    } else if (now >= toldAt + notice && now >= usedAt + unusedAfter) {
      await needs.devices.endUnused(row.account_id, row.id, now - unusedAfter);
    }
  };

  return {
    /** For a timer: once a day, whichever process is first, all devices page by page. */
    async sweep(): Promise<void> {
      if (!(await needs.ephemeral.claim('unused-devices', sweepEvery))) return;
      const before = clock.now() - unusedAfter + notice;
      let last = '';
      for (;;) {
        const rows = await store.pageLinkedBefore(before, last, rowsAtOnce);
        const unused = rows.filter(
          (row) => (row.last_used_at ?? row.linked_at) < before && row.expires_at > clock.now(),
        );
        for (const row of unused) {
          await lookAt(row).catch((error: unknown) => needs.failed(error, 'an unused device was not dealt with'));
        }
        const end = rows.at(-1);
        if (!end || rows.length < rowsAtOnce) return;
        last = end.id;
      }
    },
  };
}
