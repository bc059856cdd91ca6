import { type Clock, minutes, seconds } from '../clock.ts';
import { cleanText } from '../devices/device-text.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { NewDeviceRequest } from '../engine/device-requests.ts';
import { AppError } from '../errors.ts';
import { type LinkId, newOrderedId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import type { Guesses } from './guesses.ts';
import { keptParams } from './kept.ts';
import type { LinkRow, LinkStore } from './link-store.ts';
import type { LiveCount } from './live-count.ts';
import { drawUserCode, lengthFor, longest, networkShare } from './user-code.ts';

/** Long enough to fetch a phone and sign in, and the ceiling of NIST SP 800-63B §3.1.3.2 (A24). */
export const codeLife = minutes(10);
/** Draws at one length before a longer code is tried: more collisions than this mean that the space is full. */
const drawsPerLength = 5;

type Needs = {
  database: Database;
  store: LinkStore;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  journal: Journal;
  guesses: Guesses;
  live: LiveCount;
};

/**
 * Draws a user code that nobody has, and stores its request; rejects with AppError `unavailable` if there is none. `asked`
 * is how many its network has had in the last minutes.
 */
export function createCodeDrawer(
  needs: Needs,
): (request: NewDeviceRequest, asked: number) => Promise<{ row: LinkRow; code: string }> {
  const { database, store, secrets, clock, random, journal, guesses, live } = needs;

  /** False if the code is taken. The code and its event share one commit. */
  async function add(row: LinkRow): Promise<boolean> {
    const data = { client: row.client_id, network: row.network ?? undefined, link: row.id };
    try {
      await database.transaction(async (transaction) => {
        await store.add(row, transaction);
        await journal.append({ type: 'code_issued', data }, transaction);
      });
      return true;
    } catch (error) {
      if (database.isDuplicate(error)) return false;
      throw error;
    }
  }

  function newRow(
    { deviceCode, client, params, requester }: NewDeviceRequest,
    code: string,
    { interval_ms, from_crowd }: Pick<LinkRow, 'interval_ms' | 'from_crowd'>,
  ): LinkRow {
    const now = clock.now();
    return {
      id: newOrderedId<LinkId>(needs),
      device_code_hash: secrets.hash('device-code', deviceCode),
      user_code_hash: secrets.hash('user-code', code),
      sealed_user_code: secrets.seal('user-code', code, secrets.hash('device-code', deviceCode)),
      client_id: client.id,
      params: keptParams(params),
      // Attacker's text (F15): anyone may start a request and call the device what they like.
      device_name: cleanText(params.device_name, 60) ?? null,
      device_model: cleanText(params.device_model, 60) ?? null,
      device_type: cleanText(params.device_type, 20) ?? null,
      user_agent: cleanText(requester.userAgent, 200) ?? null,
      network: networkOf(requester.ip),
      country: requester.country ?? null,
      interval_ms,
      from_crowd,
      status: 'pending',
      account_id: null,
      browser_hash: null,
      grant_id: null,
      device_id: null,
      approval: null,
      created_at: now,
      expires_at: now + codeLife,
      claimed_at: null,
      decided_at: null,
      redeemed_at: null,
    };
  }

  return async (request, asked) => {
    const shortest = lengthFor(asked, await live(), await guesses.expectedToday());
    const from_crowd = Number(asked >= networkShare);
    for (let length = shortest; length <= Math.min(shortest + 2, longest); length++) {
      for (let attempt = 0; attempt < drawsPerLength; attempt++) {
        const code = drawUserCode(random, length);
        const row = newRow(request, code, { interval_ms: live.interval(), from_crowd });
        if (await add(row)) return { row, code };
      }
    }
    throw new AppError('unavailable', 'Too many codes are in use. Try again soon.', {
      retryAt: clock.now() + seconds(30),
    });
  };
}
