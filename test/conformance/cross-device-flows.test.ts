import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const root = new URL('../../../', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/security/cross-device-flows.md');

/** The rows of the table under a heading, cell by cell, without its head. */
const tableUnder = (heading: string): string[][] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((line) => line.slice(2, -2).split(' | '));
};
const flows = tableUnder('What each flow has').map(([name = '', routes = '', ...columns]) => ({
  name,
  routes: [...routes.matchAll(/`([^`]+)`/g)].map(([, route = '']) => route),
  columns,
}));

/** Each number that requirements.md lists, and whether a test carries it. */
const proven = new Map(
  [...read('docs/security/requirements.md').matchAll(/^\| ([A-K]\d+) \| .* \| ([^|]*) \|$/gm)].map(
    ([, number = '', tests = '']): [string, boolean] => [number, tests.includes('](')],
  ),
);

/** What names a code, a link of a mail, or something held beside the browser. */
const crosses =
  /:token|:code|\/confirm\b|\/code$|recovery-code$|^\/signin\/(?:passkey|key)$|^\/link\b|^\/device_auth|^\/devicecode|^\/recover\/choose/;

let server: TestApp;
before(async () => {
  server = await startTestApp();
});
after(() => server.stop());

test('B1: every flow of the server that crosses devices is assessed, and every assessed route is there', () => {
  const routes = routesOf(server.app.server)
    .filter(({ method }) => method === 'GET' || method === 'POST')
    // GET says there only that it is not taken.
    .filter(({ method, path }) => method !== 'GET' || !/^\/device(_authorization|code)$/.test(path))
    .map(({ method, path }) => ({ route: `${method} ${path}`, path }));
  const listed = flows.flatMap((flow) => flow.routes);
  assert.equal(new Set(listed).size, listed.length, 'each route in one row');
  const missing = routes.filter(({ route, path }) => crosses.test(path) && !listed.includes(route));
  assert.deepEqual(
    missing.map(({ route }) => route),
    [],
    'not assessed',
  );
  const there = new Set(routes.map(({ route }) => route));
  assert.deepEqual(
    listed.filter((route) => !there.has(route)),
    [],
    'not there any more',
  );
});

test('B1: each flow is described, with its risks in a section of its own', () => {
  const described = tableUnder('The flows').map(
    ([link = '']) => /^\[([^\]]+)\]\(#([^)]+)\)$/.exec(link)?.slice(1) ?? [],
  );
  assert.deepEqual(
    described.map(([name]) => name),
    flows.map(({ name }) => name),
  );
  const anchors = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [name, anchor = ''] of described) assert.ok(anchors.includes(anchor), `${name}: #${anchor}`);
});

test('B2: the mitigations are named by the sections of RFC 10027 §6.1 and by requirements that have tests', () => {
  for (const { name, columns } of flows) {
    const sections = [...columns.join(' ').matchAll(/§6\.1\.(\d+)/g)].map(([, n]) => Number(n));
    assert.ok(sections.length > 0, name);
    for (const section of sections) assert.ok(section >= 1 && section <= 17, `${name}: §6.1.${section}`);
  }
  const named = new Set(page.match(/\b[A-K]\d+\b/g));
  const unknown = [...named].filter((number) => !proven.has(number) && !notOurs.includes(number));
  assert.deepEqual(unknown, [], 'not in requirements.md');
  const used = flows.flatMap(({ columns }) => columns.join(' ').match(/\b[A-K]\d+\b/g) ?? []);
  assert.deepEqual(
    [...new Set(used)].filter((number) => !proven.get(number)),
    [],
    'without a test',
  );
});
/** Rules of thumb and choices of design that the text gives as reasons; nothing to be tested. */
const notOurs = ['B3', 'B6', 'B43', 'B58', 'B73'];

test('B42: each flow has something that prevents, something that disrupts and something that recovers', () => {
  assert.ok(flows.length >= 13);
  for (const { name, columns } of flows) {
    assert.equal(columns.length, 3, name);
    for (const column of columns) assert.match(column, /\b[A-K]\d+\b/, `${name}: ${column}`);
  }
});
