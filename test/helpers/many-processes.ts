import { randomBytes } from 'node:crypto';
import { type Balancer, startBalancer } from './balancer.ts';
import { createDatabasePlace } from './databases.ts';
import { emptyValkeyUrl } from './ephemerals.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { freePort } from './servers.ts';
import { silence } from './silence.ts';
import { startTestApp } from './test-app.ts';

type Env = Record<string, string>;

export type ManyProcesses = {
  balancer: Balancer;
  env: Env;
  /** The client of a television. */
  tv: string;
  people: readonly string[];
  readonly processes: readonly ServerProcess[];
  /** Starts one more, or another in place of the one at `at`, which is stopped first. */
  start(more?: Env, at?: number): Promise<ServerProcess>;
  remove(): Promise<void>;
};

/**
 * Several servers over one PostgreSQL and one Redis-protocol server, behind a balancer that asks them in turn. Processes of
 * their own by the real command, or servers within this process, which share nothing either and start in a moment.
 */
export async function createManyProcesses(more: Env = {}, { inside = false } = {}): Promise<ManyProcesses> {
  const [place, valkey, balancer] = await Promise.all([
    createDatabasePlace('PostgreSQL'),
    emptyValkeyUrl(),
    startBalancer(),
  ]);
  const env = {
    LATCHKEY_ISSUER: balancer.url,
    LATCHKEY_DATA: place.data,
    LATCHKEY_DATABASE_URL: place.databaseUrl ?? '',
    LATCHKEY_VALKEY_URL: valkey,
    LATCHKEY_SECRET: randomBytes(32).toString('base64'),
    ...more,
  };
  const people = ['sam@example.org', 'kim@example.org'];
  const first = await startTestApp({ env, data: place.data });
  for (const email of people) await first.createAccount(email);
  const tv = (await first.createClient()).id;
  await first.stop();
  const processes: ServerProcess[] = [];
  return {
    ...{ balancer, env, tv, people, processes },
    async start(own = {}, at = processes.length) {
      const old = processes[at];
      if (old) {
        balancer.use(processes.filter((one) => one !== old).map(({ url }) => url));
        await old.stop();
      }
      const started = await (inside ? startInside : startServerProcess)({ ...env, ...own });
      processes[at] = started;
      balancer.use(processes.map(({ url }) => url));
      return started;
    },
    async remove() {
      await balancer.close();
      await Promise.all(processes.map((one) => one.kill()));
      await place.remove();
    },
  };
}

async function startInside(env: Env): Promise<ServerProcess> {
  const port = await freePort();
  const server = await startTestApp({ env, port, data: env.LATCHKEY_DATA ?? '' });
  const { lines } = silence(server.app.server);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= server.stop();
    return stopped;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => lines.join(''),
    kill: stop,
    stop: async () => stop().then(() => 0),
  };
}
