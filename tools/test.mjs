// The whole test: check, build, needs, servers, every test file, in that order.
// `npm test -- devices link/user` runs only the files whose path contains one of the words, and skips the check.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { installTestNeeds } from './install-test-needs.mjs';

/** Files at a time: each has a server, databases and perhaps a browser to share the machine with. */
const concurrency = 2;
/** For one test, and for all of them, in milliseconds. */
const testTimeout = 300_000;
const runTimeout = 75 * 60_000;

const started = performance.now();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const counts = await main(process.argv.slice(2));
const failed = counts.failed + counts.cancelled;
if (failed > 0 || counts.passed === 0) process.exitCode = 1;
console.log(`\nTook ${Math.round((performance.now() - started) / 1000)} s.`);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped + counts.todo} skipped`);

async function main(filters) {
  if (filters.length === 0) step('Checking types, style and architecture', 'npm', ['run', '--silent', 'check']);
  step('Building', process.execPath, ['tools/build.mjs']);
  const files = testFiles(filters);
  if (files.length === 0) stop(`No test file matches: ${filters.join(' ')}`);
  if (!installTestNeeds()) stop('The tests cannot run without what they need.');
  const servers = await startServers();
  try {
    return await runFiles(files);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function step(title, command, words) {
  console.log(`${title} …`);
  const { status } = spawnSync(command, words, { stdio: 'inherit' });
  if (status !== 0) stop(`${title}: failed.`);
}

/** Ends everything with the closing line that readers of the output look for. */
function stop(reason) {
  console.error(reason);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}

/** What was compiled, the journeys last because they are slow and fail for any reason; not what sources no longer have. */
function testFiles(filters) {
  const isJourney = (file) => file.includes('test/journeys/');
  const hasSource = (file) => ['.ts', '.tsx'].some((end) => existsSync(file.replace(/^dist\/|\.js$/g, '') + end));
  return globSync('dist/**/*.test.js')
    .map((file) => file.replaceAll('\\', '/'))
    .filter(hasSource)
    .filter((file) => filters.length === 0 || filters.some((word) => file.includes(word)))
    .sort((a, b) => Number(isJourney(a)) - Number(isJourney(b)) || (a < b ? -1 : 1));
}

async function startServers() {
  console.log('Starting PostgreSQL and Valkey …');
  const { startPostgres } = await import('../dist/test/helpers/postgres-server.js');
  const { startValkey } = await import('../dist/test/helpers/valkey-server.js');
  const servers = await Promise.all([startPostgres(), startValkey()]);
  process.env.TEST_POSTGRES_URL = servers[0].url;
  process.env.TEST_VALKEY_URL = servers[1].url;
  return servers;
}

async function runFiles(files) {
  const tests = run({
    files,
    concurrency,
    timeout: testTimeout,
    signal: AbortSignal.timeout(runTimeout),
    // A file that leaves something open ends nevertheless when its tests have.
    execArgv: ['--test-force-exit'],
  });
  let counts = { passed: 0, failed: 1, cancelled: 0, skipped: 0, todo: 0 };
  tests.on('test:summary', (summary) => {
    if (summary.file === undefined) counts = summary.counts;
  });
  const report = tests.compose(spec);
  report.pipe(process.stdout, { end: false });
  await finished(report);
  return counts;
}
