// Fills the last column of docs/security/requirements.md: the files whose tests carry the requirement's number in a name.
// `node tools/list-requirements.mjs` writes, `--check` only says whether the page is up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const page = 'docs/security/requirements.md';
/** Numbers that name a row of what the product must do, and only look like a requirement's. */
const others = new Set([
  'src/cli/client-commands.test.ts C5',
  'test/conformance/allowed.test.ts A5',
  'test/conformance/allowed.test.ts A6',
  'test/conformance/allowed.test.ts A9',
  'test/conformance/allowed.test.ts C11',
  'test/conformance/changing-clients.test.ts C5',
  'test/conformance/consumed-tokens.test.ts E10',
  'test/conformance/machine-endpoints.test.ts C3',
  'test/conformance/openid-config.test.ts C13',
  'test/conformance/two-ways-grants.test.ts C2',
  'src/devices/devices-plugin.test.ts A5',
  'src/link/link-requests.test.ts A7',
  'src/devices/devices.test.ts A9',
  'src/cli/cli.test.ts C1',
  'test/clients/documented.test.ts C9',
  'test/clients/oidc-client-ts.test.ts C9',
  'test/clients/programs.test.ts C9',
  'test/conformance/openid-form-post.test.ts C4',
  'test/conformance/sign-out.test.ts A4',
  'test/conformance/sign-out.test.ts C1',
  'test/conformance/sign-out.test.ts C10',
]);
/** Rows of docs/security/attacks.md that are called like requirements, which these files alone prove. */
const rows = new Map(['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'].map((row) => [row, 'cross-device-flows.test.ts']));
const numbers = /\b[A-CE-GJK]\d{1,2}\b/g;

const proofs = new Map();
for (const file of [
  ...globSync('{src,test,sdk/src,examples}/**/*.test.{ts,tsx}'),
  ...globSync('src/**/conformance{,-*}.ts'),
].sort()) {
  const path = file.replaceAll('\\', '/');
  // Journeys are named after the rows of what the product must do.
  if (path.startsWith('test/journeys/')) continue;
  for (const number of numbersIn(readFileSync(path, 'utf8'))) {
    if (others.has(`${path} ${number}`)) continue;
    if (rows.has(number) && posix.basename(path) !== rows.get(number)) continue;
    proofs.set(number, [...(proofs.get(number) ?? []), path]);
  }
}

const before = readFileSync(page, 'utf8');
const listed = new Set();
const after = before.replace(/^\| ([A-CE-GJK]\d{1,2}) \| (.*) \| [^|]*\|$/gm, (_row, number, text) => {
  listed.add(number);
  const links = (proofs.get(number) ?? []).map((path) => `[${shortName(path)}](../../${path})`);
  return `| ${number} | ${text} | ${links.join(', ') || '–'} |`;
});
const unlisted = [...proofs.keys()].filter((number) => !listed.has(number));
if (unlisted.length > 0) fail(`${page} does not say what these are: ${unlisted.join(', ')}`);
const proven = [...listed].filter((number) => proofs.has(number));
if (process.argv.includes('--check')) {
  if (after !== before) fail(`${page} is out of date: run node tools/list-requirements.mjs`);
} else {
  writeFileSync(page, after);
}
console.log(`${proven.length} of ${listed.size} requirements have a test.`);
console.log(`Without: ${[...listed].filter((number) => !proofs.has(number)).join(' ')}`);

/** Every requirement named in the name of a test; what begins with `fault` is a row of docs/security/attacks.md. */
function numbersIn(source) {
  const names = [...source.matchAll(/\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)];
  return new Set(names.flatMap(([, , name = '']) => name.replace(/^faults? [^:]*:/, '').match(numbers) ?? []));
}

function shortName(path) {
  return posix.basename(path).replace(/\.test\.tsx?$|\.ts$/, '');
}

function fail(reason) {
  console.error(reason);
  process.exitCode = 1;
}
