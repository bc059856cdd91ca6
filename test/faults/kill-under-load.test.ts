import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type DatabasePlace, forEachDatabase } from '../helpers/databases.ts';
import { introspect } from '../helpers/device.ts';
import { startLinkLoad } from '../helpers/link-load.ts';
import { createSeeded } from '../helpers/seeded.ts';
import { runLatchkey, type ServerProcess, startServerProcess } from '../helpers/server-process.ts';
import { freePort } from '../helpers/servers.ts';
import { testPassword } from '../helpers/test-app.ts';

const rounds = Number(process.env.LATCHKEY_FAULT_ROUNDS || 8);
/** The most requests that are answered between two kills; time would mean little on a busy machine. */
const longestLife = 400;
const people = ['sam@example.org', 'kim@example.org', 'ana@example.org'];

/** kill -9 at moments nobody chose, while devices ask and redeem and people approve (mission A7). */
forEachDatabase((_name, _open, newPlace) => {
  let place: DatabasePlace;
  let port: number;
  let server: ServerProcess;
  let env: Record<string, string>;
  let tv: string;

  before(async () => {
    place = await newPlace();
    port = await freePort();
    env = { LATCHKEY_DATA: place.data, PORT: String(port) };
    if (place.databaseUrl) env.LATCHKEY_DATABASE_URL = place.databaseUrl;
    for (const email of people) {
      const made = await runLatchkey(['accounts', 'create', '--email', email, '--password-stdin'], env, testPassword);
      assert.equal(made.code, 0, made.stderr);
    }
    const client = ['clients', 'create', '--name', 'Acme TV', '--grant', 'device_code', '--public', '--json'];
    tv = (JSON.parse((await runLatchkey(client, env)).stdout) as { client_id: string }).client_id;
    server = await startServerProcess(env, port);
  });
  after(() => server.kill());

  it(`killed ${rounds} times: what was acknowledged is redeemed, once, and nobody waits for ever`, async (t) => {
    const seeded = createSeeded();
    t.diagnostic(`seed ${seeded.seed}`);
    const load = startLinkLoad({ url: server.url, client: tv, emails: people, devices: 6 });
    for (let round = 0; round < rounds && load.wrong.length === 0; round++) {
      const end = load.answered + seeded.below(longestLife);
      while (load.answered < end && load.wrong.length === 0) await pause(1);
      await server.kill();
      server = await startServerProcess(env, port);
    }
    await load.finish();
    assert.deepEqual(load.wrong, []);

    for (const { acknowledged, tokens, userCode } of load.linkings) {
      assert.ok(acknowledged, `${userCode} was not linked`);
      assert.equal(tokens.length, 3, `${userCode} was not redeemed by everyone who asked`);
      assert.deepEqual([...new Set(tokens.map((answer) => answer.access_token))].length, 1, `${userCode} twice`);
      const { body } = await introspect(server.url, tv, String(tokens[0]?.access_token));
      assert.equal(body.active, true, `${userCode} was given tokens that do not work`);
    }
    assert.ok(load.linkings.length > 0);
    const { answered, unanswered, linkings } = load;
    t.diagnostic(`${rounds} kills, ${linkings.length} links, ${answered} answers, ${unanswered} requests met nobody`);
  });
});
