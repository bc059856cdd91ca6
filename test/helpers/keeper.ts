import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

/**
 * A process of its own that runs one server and ends it when its standard input closes.
 * The system closes that pipe however the runner dies, so that not even `kill -9` leaves a server behind.
 * `argv[2]` is a JSON object: { command, args, uid?, stopSignal, folder }.
 */
const order = JSON.parse(process.argv[2] ?? '{}') as {
  command: string;
  args: string[];
  uid?: number;
  stopSignal: NodeJS.Signals;
  folder: string;
};

const identity = order.uid === undefined ? {} : { uid: order.uid, gid: order.uid };
const server = spawn(order.command, order.args, { ...identity, stdio: ['ignore', 'pipe', 'pipe'], cwd: order.folder });

// Nobody may be left to read it.
process.stdout.on('error', () => {});
server.stdout.pipe(process.stdout);
server.stderr.pipe(process.stdout);

server.on('error', (error) => {
  process.stdout.write(`${error.message}\n`);
  leave(1);
});
server.on('exit', (code) => leave(code ?? 0));

process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  server.kill(order.stopSignal);
  setTimeout(() => server.kill('SIGKILL'), 3000).unref();
});
process.stdin.resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.stdin.destroy());

function leave(code: number): void {
  rmSync(order.folder, { recursive: true, force: true });
  process.exitCode = code;
  process.stdin.destroy();
}
