import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkArchitecture } from './helpers/architecture.ts';

// Runs from the sources and from dist/.
const root = fileURLToPath(new URL(import.meta.url.includes('/dist/test/') ? '../..' : '..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(path, `file://${root}/`), 'utf8');

test('the sources keep to the plan of the house', () => {
  const paths = globSync('src/**/*.{ts,tsx,md}', { cwd: root });
  const sources = new Map(paths.map((path) => [path, read(path)]));
  assert.ok(sources.size > 20, 'the sources were not found');
  assert.deepEqual(checkArchitecture(sources), []);
});

/** A small house without a breach, for each planted one to be the only one. */
function house(planted: Record<string, string> = {}): Map<string, string> {
  return new Map(
    Object.entries({
      'src/clock.ts': 'export const systemClock = { now: () => Date.now() };',
      'src/app.ts': "import { createLink } from './link/link.ts';\nimport { x } from './devices/devices-store.ts';",
      'src/drivers/README.md': '',
      'src/drivers/database/database.ts': 'export type Database = {};',
      'src/drivers/database/sqlite.ts': "import type { Database } from './database.ts';",
      'src/engine/README.md': '',
      'src/engine/engine.ts': "import Provider from 'oidc-provider';",
      'src/devices/README.md': '',
      'src/devices/devices.ts': "import type { Database } from '../drivers/database/database.ts';",
      'src/devices/devices-store.ts': 'export const x = 1;',
      'src/link/README.md': '',
      'src/link/link.ts': "import { createDevices } from '../devices/devices.ts';",
      ...planted,
    }),
  );
}

test('a house without a breach passes', () => {
  assert.deepEqual(checkArchitecture(house()), []);
});

const breaches: [string, Record<string, string>, RegExp][] = [
  [
    'a room that imports a later one',
    { 'src/devices/x.ts': "import { a } from '../link/link.ts';" },
    /devices comes before/,
  ],
  [
    'a type import of a later room',
    { 'src/devices/x.ts': "import type { A } from '../link/link.ts';" },
    /devices comes before/,
  ],
  [
    'an import over several lines',
    { 'src/devices/x.ts': "import {\n  a,\n  b,\n} from '../link/link.ts';" },
    /devices comes before/,
  ],
  ['a dynamic import', { 'src/devices/x.ts': "await import('../link/link.ts');" }, /devices comes before/],
  ['an import for its effect', { 'src/devices/x.ts': "import '../link/link.ts';" }, /devices comes before/],
  ['a type named by import()', { 'src/devices/x.ts': "type A = import('../link/link.ts').A;" }, /devices comes before/],
  ['a store of another room', { 'src/link/x.ts': "import { x } from '../devices/devices-store.ts';" }, /no door/],
  ['a concrete driver', { 'src/link/x.ts': "import { a } from '../drivers/database/open.ts';" }, /no door/],
  [
    'a concrete driver from a shared word',
    { 'src/words.ts': "import { x } from './devices/devices-store.ts';" },
    /no door/,
  ],
  ['the engine elsewhere', { 'src/link/x.ts': "import { errors } from 'oidc-provider';" }, /only the engine/],
  [
    'the inside of the engine elsewhere',
    { 'src/link/x.ts': "import a from 'oidc-provider/lib/x.js';" },
    /only the engine/,
  ],
  ['the composition root', { 'src/link/x.ts': "import { createApp } from '../app.ts';" }, /imports the composer/],
  ['a database by name', { 'src/link/x.ts': "if (name === 'SQLite') a();" }, /names a database engine/],
  ['time grabbed', { 'src/link/x.ts': 'const now = Date.now();' }, /Date\.now/],
  ['a date of now', { 'src/link/x.ts': 'const now = new Date();' }, /new Date/],
  ['a driver that grabs time', { 'src/drivers/mail/x.ts': 'const now = new Date();' }, /new Date/],
  ['randomness grabbed', { 'src/link/x.ts': 'const n = Math.random();' }, /Math\.random/],
  [
    'a cycle, of types alone',
    { 'src/link/a.ts': "import type { B } from './b.ts';", 'src/link/b.ts': "import type { A } from './a.ts';" },
    /link\/a\.ts: imports itself by way of src\/link\/b\.ts → src\/link\/a\.ts/,
  ],
  ['an index file', { 'src/link/index.ts': '' }, /no index files/],
  ['a folder for things without a place', { 'src/link/utils/x.ts': '' }, /without a place/],
  [
    'a re-export',
    { 'src/link/x.ts': "export { createDevices } from '../devices/devices.ts';" },
    /exports what another/,
  ],
  ['a default export', { 'src/link/x.ts': 'export default 1;' }, /default export/],
  ['a room without a README', { 'src/recovery/recovery.ts': '' }, /src\/recovery: has no README/],
  [
    'a room without a place in the order',
    { 'src/extras/extras.ts': '', 'src/extras/README.md': '' },
    /no room of the plan/,
  ],
  ['a long file', { 'src/link/x.ts': 'const a = 1;\n'.repeat(300) }, /300 lines/],
  [
    'a large room',
    Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`src/devices/x${n}.ts`, 'const a = 1;\n'.repeat(250)])),
    /src\/devices: 125\d lines/,
  ],
];

for (const [name, planted, message] of breaches) {
  test(`planted: ${name} is seen`, () => {
    const found = checkArchitecture(house(planted));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', message);
  });
}

const fine: [string, Record<string, string>][] = [
  ['a date of a number', { 'src/link/x.ts': 'const date = new Date(now);' }],
  ['a word in a comment', { 'src/link/x.ts': '// SQLite and Date.now() are spoken of here\n/* postgres */' }],
  ['a long test', { 'src/link/x.test.ts': 'const a = Date.now();\n'.repeat(400) }],
  ['a door that is a second one', { 'src/link/x.ts': "import { a } from '../devices/device-text.ts';" }],
];
for (const [name, planted] of fine) {
  test(`${name} is no breach`, () => assert.deepEqual(checkArchitecture(house(planted)), []));
}
