import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onFreePort, type Server, startServer } from './servers.ts';

/** A real Valkey or Redis server on loopback, in memory only, on a free port or the one given. */
export function startValkey(wishes: { port?: number; options?: string[] } = {}): Promise<Server> {
  return onFreePort(async (free) => {
    const port = wishes.port ?? free;
    const command = findProgram(['valkey-server', 'redis-server']);
    if (!command) throw new Error('No Valkey or Redis server found. Install the package redis-server.');
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-valkey-'));
    // Test files get a numbered database each.
    const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, '--databases', '1000'];
    try {
      const server = await startServer({
        command,
        args: ['--port', `${port}`, ...options, ...(wishes.options ?? [])],
        stopSignal: 'SIGTERM',
        folder,
        ready: /Ready to accept connections/i,
      });
      return { ...server, url: `redis://127.0.0.1:${port}` };
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  });
}

/** The path of the first of these programs that the PATH has. */
export function findProgram(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
