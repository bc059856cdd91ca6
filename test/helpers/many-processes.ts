import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Balancer, startBalancer } from './balancer.ts';
import { createDatabasePlace } from './databases.ts';
import { emptyValkeyUrl } from './ephemerals.ts';
import { runLatchkey, type ServerProcess, startServerProcess } from './server-process.ts';
import { testPassword } from './test-app.ts';

export type ManyProcesses = {
  balancer: Balancer;
  env: Record<string, string>;
  /** The client of a television. */
  tv: string;
  people: readonly string[];
  readonly processes: readonly ServerProcess[];
  /** Starts one more, or another in place of the one at `at`, which is stopped first. */
  start(more?: Record<string, string>, at?: number): Promise<ServerProcess>;
  remove(): Promise<void>;
};

/** Processes of the real command over one PostgreSQL and one Redis-protocol server, behind a balancer that asks in turn. */
export async function createManyProcesses(more: Record<string, string> = {}): Promise<ManyProcesses> {
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
  for (const email of people) {
    const made = await runLatchkey(['accounts', 'create', '--email', email, '--password-stdin'], env, testPassword);
    assert.equal(made.code, 0, made.stderr);
  }
  const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
  const tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
  const processes: ServerProcess[] = [];
  return {
    ...{ balancer, env, tv, people, processes },
    async start(own = {}, at = processes.length) {
      const old = processes[at];
      if (old) {
        balancer.use(processes.filter((one) => one !== old).map(({ url }) => url));
        await old.stop();
      }
      const started = await startServerProcess({ ...env, ...own });
      processes[at] = started;
      balancer.use(processes.map(({ url }) => url));
      return started;
    },
    async remove() {
      await Promise.all(processes.map((one) => one.kill()));
      await balancer.close();
      await place.remove();
    },
  };
}
