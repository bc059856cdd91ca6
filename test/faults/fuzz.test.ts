import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDatabasePlace, type DatabaseName, type DatabasePlace } from '../helpers/databases.ts';
import { createSeeded } from '../helpers/seeded.ts';
import type { StrangeOrder, StrangeReport } from '../helpers/strange-run.ts';

const total = Number(process.env.FUZZ_REQUESTS || 200_000);
/** Minutes, not seconds, on two cores. */
const timeout = 900_000;
const shares: Record<DatabaseName, number> = { SQLite: 0.55, PostgreSQL: 0.45 };

/** Whatever is sent to whatever address: an answer, none of them 5xx, all of them with the security headers. */
describe('strange requests', { concurrency: true }, () => {
  const places: DatabasePlace[] = [];
  after(() => Promise.all(places.map((place) => place.remove())));

  for (const [name, share] of Object.entries(shares) as [DatabaseName, number][]) {
    const requests = Math.ceil(total * share);
    it(`${requests} to every endpoint on ${name}: no 5xx, no hang, always the security headers`, {
      timeout,
    }, async (t) => {
      const place = await createDatabasePlace(name);
      places.push(place);
      const { seed } = createSeeded();
      t.diagnostic(`seed ${seed}`);
      const since = performance.now();
      const report = await run({ databaseUrl: place.databaseUrl, data: place.data, seed, requests });
      const took = (performance.now() - since) / 1000;
      t.diagnostic(
        `${report.requests} requests in ${took.toFixed(0)} s, ${report.connections} over a connection of their own`,
      );
      const endpoints = Object.entries(report.endpoints).toSorted(([a], [b]) => (a < b ? -1 : 1));
      for (const [endpoint, answers] of endpoints) t.diagnostic(`${endpoint}: ${inWords(answers)}`);
      assert.ok(report.requests >= requests);
      // Other methods are there to be told that they are not taken.
      const doors = endpoints.filter(([endpoint]) => /^(?:GET|POST) /.test(endpoint));
      const shut = doors.filter(([, answers]) => !answers['2xx'] && !answers['3xx']).map(([endpoint]) => endpoint);
      t.diagnostic(`${shut.length} of ${doors.length} endpoints let nothing pass: ${shut.join(', ')}`);
      // Requests that are all refused at the door would prove little.
      assert.ok(requests < 20_000 || shut.length < doors.length / 5);
    });
  }
});

const inWords = (answers: Record<string, number>): string =>
  Object.entries(answers)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(', ');

/** In a process of its own, so that both databases have a core, and the test runner's bookkeeping is not paid for. */
async function run(order: StrangeOrder): Promise<StrangeReport> {
  const program = fileURLToPath(new URL('../helpers/strange-run.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, errors);
  return JSON.parse(output) as StrangeReport;
}
