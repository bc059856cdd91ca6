import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../config-error.ts';

const busy = 5;

/**
 * Of processes that would serve from one folder, one may: each keeps in memory what waits, and two would contradict each
 * other (fault E5). Commands do not ask for it, and go on working beside a server.
 *
 * The engine's own lock on a file of its own: the system gives it back when the process ends in whatever way, and the engine
 * knows how to ask each system for it (on Linux, macOS and the BSDs by `fcntl`, on Windows by `LockFileEx`).
 */
export function lockForServing(data: string): () => void {
  const path = join(data, 'serving.lock');
  closeSync(openSync(path, 'a', 0o600));
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('pragma journal_mode = memory; begin exclusive;');
  } catch (error) {
    file.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== busy) throw error;
    throw new ConfigError(
      `Another process serves from ${data}. One process serves from the embedded database; with LATCHKEY_DATABASE_URL and ` +
        'LATCHKEY_VALKEY_URL there can be many.',
    );
  }
  // Not forgotten: what nobody holds any more is closed some day, and the lock would be gone with it.
  held.add(file);
  return () => {
    held.delete(file);
    if (file.isOpen) file.close();
  };
}

const held = new Set<DatabaseSync>();
