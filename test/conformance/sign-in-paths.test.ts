import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path}`)
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path));

/** Calls that end in a new session. */
const starts = /\b(?:way\.finish|startSession)\(/;

/** Where each route's handler begins in a file, in the order of the file. */
function handlersIn(text: string): { route: string; body: string }[] {
  const begins = [...text.matchAll(/\bapp\.(get|post)(?:<[^(]*>)?\(\s*('[^']*'|`[^`]*`|[\w.[\]]+)/g)];
  return begins.map((begin, i) => ({
    route: `${begin[1]?.toUpperCase()} ${begin[2]?.replace(/['`]/g, '')}`,
    body: text.slice(begin.index, begins[i + 1]?.index),
  }));
}

test('F1: every route that can start a session is in the table of sign-in paths', () => {
  const found = sources.flatMap((path) => handlersIn(read(path)).filter(({ body }) => starts.test(body)));
  const paths: Record<string, string> = Object.fromEntries(
    [...read('src/signin/way-in.ts').matchAll(/^ {2}(code|key|recovery): '([^']+)'/gm)].map((m) => [m[1], m[2]]),
  );
  const routes = found.flatMap(({ route }) =>
    route.endsWith('pathOf[step]') ? Object.values(paths).map((path) => `POST ${path}`) : [route],
  );
  const [table = ''] = read('docs/security/sign-in-paths.md').split('## What does not');
  const written = [...table.matchAll(/^\| `([A-Z]+ \/[^`]+)`/gm)].map((match) => match[1] ?? '');
  assert.deepEqual([...new Set(routes)].sort(), [...new Set(written)].sort());
  assert.ok(routes.length >= 6);
});

test('F1: sessions start in two places of the code alone, which those routes come by', () => {
  const callers = sources.filter((path) => /\bsignin\.start\(/.test(read(path)));
  assert.deepEqual(callers.sort(), ['src/person.ts', 'src/signin/way-in.ts']);
  const makers = sources.filter((path) => /\bsessions\.start\(/.test(read(path)));
  assert.deepEqual(makers, ['src/signin/signin.ts']);
});
