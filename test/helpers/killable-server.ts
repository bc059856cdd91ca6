import assert from 'node:assert/strict';
import type { DatabasePlace } from './databases.ts';
import { runLatchkey, startServerProcess } from './server-process.ts';
import { freePort } from './servers.ts';
import { testPassword } from './test-app.ts';

/** The real command in a process of its own, with `people` who can sign in and `tv`, the client of a television. */
export async function startKillable(place: DatabasePlace, people: readonly string[]) {
  const port = await freePort();
  const env: Record<string, string> = { LATCHKEY_DATA: place.data, PORT: String(port) };
  if (place.databaseUrl) env.LATCHKEY_DATABASE_URL = place.databaseUrl;
  for (const email of people) {
    const made = await runLatchkey(['accounts', 'create', '--email', email, '--password-stdin'], env, testPassword);
    assert.equal(made.code, 0, made.stderr);
  }
  const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
  const tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
  return { port, env, tv, server: await startServerProcess(env, port) };
}
