import { after, describe } from 'node:test';
import { Redis } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import type { Ephemeral } from '../../src/drivers/ephemeral/ephemeral.ts';
import { createMemory } from '../../src/drivers/ephemeral/memory.ts';
import { openValkey } from '../../src/drivers/ephemeral/valkey.ts';
import { startValkey } from './valkey-server.ts';

export type EphemeralName = 'memory' | 'Valkey';

/** A store with nothing in it, each time it is called; closed after the suite. The clock moves only the memory's time. */
export type OpenEphemeral = (clock: Clock) => Promise<Ephemeral>;

/** Runs the same tests in memory and on a real Valkey or Redis server. */
export function forEachEphemeral(define: (name: EphemeralName, open: OpenEphemeral) => void): void {
  for (const name of ['memory', 'Valkey'] as const) {
    describe(`on ${name}`, () => {
      const opened: Ephemeral[] = [];
      after(() => Promise.all(opened.map((store) => store.close())));
      define(name, async (clock) => {
        const store = name === 'memory' ? createMemory({ clock }) : await openValkey(await emptyValkeyUrl());
        opened.push(store);
        return store;
      });
    });
  }
}

let ownServer: Promise<string> | undefined;

/** The server that the test command started, or one of this test file's own, which ends with its process. */
export function valkeyUrl(): Promise<string> {
  const given = process.env.TEST_VALKEY_URL;
  if (given) return Promise.resolve(given);
  ownServer ??= startValkey().then((server) => server.url);
  return ownServer;
}

/** The address of a numbered database that no other test uses. */
export async function emptyValkeyUrl(): Promise<string> {
  const server = await valkeyUrl();
  const admin = new Redis(server);
  try {
    const number = (await admin.incr('databases given out')) % 1000 || 1;
    await admin.select(number);
    await admin.flushdb();
    return `${server}/${number}`;
  } finally {
    admin.disconnect();
  }
}
