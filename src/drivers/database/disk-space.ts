import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** In bytes. The log grows to this, where there is plenty: copying back seldom costs less. */
const largestLog = 32 * 1024 * 1024;
const smallestLog = 1024 * 1024;
const pageSize = 4096;

/** Milliseconds until a full disk is tried to be helped again. */
const rescueEvery = 1000;

/**
 * Keeps the write-ahead log within what the disk can bear, and tries to make room when it is full: the log alone can fill a
 * small disk (fault E9).
 */
export function watchDisk(file: DatabaseSync, path: string) {
  let logLimit = 0;
  let rescuedAt = Number.NEGATIVE_INFINITY;

  /** Bytes that are free where the file is; the log may have an eighth of them. */
  function headroom(): number {
    const { bavail, bsize } = statfsSync(dirname(path));
    const free = bavail * bsize;
    const limit = Math.max(smallestLog, Math.min(largestLog, 2 ** Math.floor(Math.log2(Math.max(free / 8, 1)))));
    if (limit !== logLimit && file.isOpen) {
      logLimit = limit;
      file.exec(`pragma wal_autocheckpoint = ${limit / pageSize}; pragma journal_size_limit = ${2 * limit};`);
    }
    return free;
  }

  return {
    headroom,

    /** What the log holds may have a place in the file: copied there, its room is free again. */
    rescue(): void {
      if (performance.now() - rescuedAt < rescueEvery || !file.isOpen || file.isTransaction) return;
      rescuedAt = performance.now();
      try {
        file.exec('pragma wal_checkpoint(truncate)');
      } catch {
        // No room for that either: only whoever owns the disk can help.
      }
    },
  };
}

const full = 13;

/** Whether an error says, in whatever it is wrapped, that there is no room. */
export function isDiskFull(error: unknown): boolean {
  const { errcode, cause } = (error ?? {}) as { errcode?: number; cause?: unknown };
  return (errcode !== undefined && errcode % 256 === full) || (cause !== undefined && isDiskFull(cause));
}
