import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export type Server = {
  url: string;
  stop(): Promise<void>;
};

export type ServerOrder = {
  command: string;
  args: string[];
  /** Run as this user and group, for servers that refuse to run as root. */
  uid?: number | undefined;
  stopSignal: NodeJS.Signals;
  /** Working folder, removed when the server has ended. */
  folder: string;
  /** What the server prints once it takes connections. */
  ready: RegExp;
};

/** Starts a server under a keeper, which ends it when this process ends in whatever way. */
export async function startServer(order: ServerOrder): Promise<{ stop(): Promise<void> }> {
  const { ready, ...rest } = order;
  const keeperPath = fileURLToPath(new URL(`./keeper.js`, import.meta.url));
  const keeper = spawn(process.execPath, [keeperPath, JSON.stringify(rest)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Its own process group: an interrupt typed in the terminal is for the runner, which then closes the pipe.
    detached: true,
  });
  await readyOrGone(keeper, ready);
  unreference(keeper);
  return {
    async stop() {
      if (keeper.exitCode !== null || keeper.signalCode !== null) return;
      keeper.ref();
      const gone = once(keeper, 'exit');
      keeper.stdin?.end();
      await gone;
    },
  };
}

function readyOrGone(keeper: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    keeper.stdout?.on('data', (chunk: Buffer) => {
      // Keeps reading for ever, because a full pipe would stop the server.
      if (output.length < 100_000) output += chunk.toString();
      if (ready.test(output)) resolve();
    });
    keeper.on('error', reject);
    keeper.on('exit', () => reject(new Error(`The server ended before it was ready:\n${output}`)));
  });
}

/** A test file that forgets to stop its server still ends, and the server with it. */
function unreference(keeper: ChildProcess): void {
  keeper.unref();
  for (const stream of [keeper.stdin, keeper.stdout]) (stream as unknown as { unref(): void } | null)?.unref();
}

/** A port that nobody used a moment ago, on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (!address || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}

/** Tries again with another port: someone may take it between the look and the start. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  let failure: unknown;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
