// Fills the last columns of docs/security/requirements.md and attacks.md: the files whose tests carry the number in a name,
// as it is for a requirement (`F20: …`), after the word `fault` for a row of attacks (`fault A1: …`).
// `node tools/list-requirements.mjs` writes, `--check` only says whether the pages are up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
/** Numbers that name a row of what the product must do, and only look like a requirement's. */
const others = new Set([
  'src/devices/devices-plugin.test.ts A5',
  'src/link/link-requests.test.ts A7',
  'src/devices/devices.test.ts A9',
]);
const isTold = process.argv.includes('--check');

list({
  page: 'docs/security/requirements.md',
  row: /^\| ([A-CE-GJK]\d{1,2}) \| (.*) \| [^|]*\|$/gm,
  named: /(?<!\bfaults? )\b[A-CE-GJK]\d{1,2}\b/g,
  // Journeys are named after the rows of what the product must do.
  counts: (path, number) => !path.startsWith('test/journeys/') && !others.has(`${path} ${number}`),
});
list({
  page: 'docs/security/attacks.md',
  row: /^\| ([A-E]\d{0,2}) \| (.*) \| [^|]*\|$/gm,
  named: /(?<=\bfault )(?:D|[A-E]\d{1,2})\b/g,
  counts: () => true,
});

function list({ page, row, named, counts }) {
  const proofs = new Map();
  for (const path of testFiles()) {
    for (const number of numbersIn(readFileSync(path, 'utf8'), named))
      if (counts(path, number)) proofs.set(number, [...(proofs.get(number) ?? []), path]);
  }
  const before = readFileSync(page, 'utf8');
  const listed = new Set();
  const after = before.replace(row, (_row, number, text) => {
    listed.add(number);
    const links = (proofs.get(number) ?? []).map((path) => `[${shortName(path)}](../../${path})`);
    return `| ${number} | ${text} | ${links.join(', ') || '–'} |`;
  });
  const unlisted = [...proofs.keys()].filter((number) => !listed.has(number));
  if (unlisted.length > 0) fail(`${page} does not say what these are: ${unlisted.join(', ')}`);
  if (!isTold) writeFileSync(page, after);
  else if (after !== before) fail(`${page} is out of date: run node tools/list-requirements.mjs`);
  const without = [...listed].filter((number) => !proofs.has(number));
  console.log(`${page}: ${listed.size - without.length} of ${listed.size} have a test. Without: ${without.join(' ')}`);
}

function testFiles() {
  return [...globSync('{src,test,sdk/src,examples}/**/*.test.{ts,tsx}'), ...globSync('src/**/conformance{,-*}.ts')]
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

/** Every number in the name of a test. */
function numbersIn(source, named) {
  const names = [...source.matchAll(/\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)];
  return new Set(names.flatMap(([, , name = '']) => name.match(named) ?? []));
}

function shortName(path) {
  return posix.basename(path).replace(/\.test\.tsx?$|\.ts$/, '');
}

function fail(reason) {
  console.error(reason);
  process.exitCode = 1;
}
