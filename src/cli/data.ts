import { type Outside, openOutside } from '../outside.ts';
import type { Terminal } from './command.ts';

/**
 * Opens the durable data, does the work and closes it again. Works beside a running server and without one.
 * Counters and wake-up calls stay in this process: a command must work while the shared ones are down.
 */
export async function withData<T>(terminal: Terminal, work: (outside: Outside) => Promise<T>): Promise<T> {
  const outside = await openOutside({ ...terminal.config(), valkeyUrl: undefined });
  try {
    return await outside.database.patiently(() => work(outside));
  } finally {
    await outside.close();
  }
}
