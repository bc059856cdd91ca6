import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderTvPage, type TvView } from './tv-page.ts';

// Run from dist/examples/tv, where neither file is copied.
const here = import.meta.url.includes('/dist/') ? '../../../examples/tv/' : './';
const script = readFileSync(new URL(`${here}tv.js`, import.meta.url), 'utf8');
const style = readFileSync(new URL(`${here}tv.css`, import.meta.url), 'utf8');

const page = {
  base: '/examples/tv',
  issuer: 'https://id.example.org',
  clientId: 'example-tv',
  scope: 'openid offline_access',
};
const waiting: TvView = {
  view: 'waiting',
  userCode: 'BCDF-GHJK',
  address: 'id.example.org/link',
  qr: 'https://id.example.org/L/BCDFGHJK',
  status: 'Waiting for your phone. This code works for 10 minutes.',
  unusual: false,
};

/** Comments, strings and regular expressions emptied, so that only the program's own words are left. */
function programOf(source: string): string {
  const literal =
    /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=[(,=:!&|?]\s*)\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\/[gim]*/g;
  return source.replace(literal, (found) => (found.startsWith('/') ? ' ' : "''"));
}

const newer = [
  /=>/,
  /`/,
  /\.\.\./,
  /\?\./,
  /\?\?/,
  /\*\*/,
  /\b(?:let|const|class|async|await|yield|import|export|super)\b/,
  /\bof\s+\w+\)/,
  /\(\s*\w+\s*=\s*[^=)]+\)\s*\{/, // default values
  /\b(?:var)\s*[{[]/, // destructuring
  /[{,]\s*(?!(?:if|for|while|switch|catch|function)\b)\w+\s*\([^()]*\)\s*\{/, // short methods
  /,\s*\)/,
  /\b(?:fetch|Promise|Symbol|Map|Set|WeakMap|Proxy|URL|URLSearchParams|AbortController|FormData|Reflect)\b/,
  /\.(?:assign|entries|values|from|find|findIndex|includes|startsWith|endsWith|repeat|padStart|padEnd|append|prepend|remove|closest|matches|replaceAll|at|flat|finally|then|forEach)\(/,
];

test('page and script stay under 15 kB together, the style under 3 kB', () => {
  const html = renderTvPage({ ...page, held: true, now: waiting });
  const size = Buffer.byteLength(html) + Buffer.byteLength(script);
  assert.ok(size < 15_000, `${size} bytes`);
  assert.ok(Buffer.byteLength(style) < 3000, `${Buffer.byteLength(style)} bytes`);
});

test('the script is ES5 and uses nothing a browser of 2014 lacks', () => {
  assert.doesNotThrow(() => new Function(script));
  const program = programOf(script);
  for (const pattern of newer) assert.doesNotMatch(program, pattern);
});

test('the check for newer syntax finds what it looks for, and nothing in words', () => {
  const samples = [
    'a => b',
    'x = `t`',
    'f(...a)',
    'a?.b',
    'a ?? b',
    'a ** b',
    'const a = 1',
    'for (var a of b) c()',
    'function f(a = 1) {}',
    'var { a } = b',
    'x = { go() { return 1; } }',
    'f(a, )',
    "fetch('/')",
    "'a'.includes('b')",
  ];
  samples.forEach((sample, index) => {
    assert.match(programOf(sample), newer[index] ?? /never/, sample);
  });
  assert.equal(samples.length, newer.length);
  assert.doesNotMatch(programOf("var a = 'const => `'; // let"), /=>|const|let|`/);
});

test('the style uses nothing Chromium 38 lacks', () => {
  const newer =
    /\bgrid\b|\bgap\b|var\(|--\w|:is\(|:where\(|:has\(|:focus-visible|-inline|-block-|inset:|clamp\(|min\(|max\(|aspect-ratio|@supports|@layer|sticky/;
  assert.doesNotMatch(style.replaceAll('inline-block', '').replace(/\/\*.*?\*\//gs, ''), newer);
});

test('what the issuer says is text, never markup', () => {
  const html = renderTvPage({ ...page, held: true, now: { ...waiting, userCode: '<b>"&', status: "<script>'" } });
  assert.doesNotMatch(html, /<b>"&|<script>'/);
  assert.match(html, /&#60;script&#62;&#39;/);
});

test('only a screen that the server holds refreshes itself, and only without scripts', () => {
  assert.match(
    renderTvPage({ ...page, held: true, now: waiting }),
    /<noscript><meta http-equiv="refresh" content="10"><\/noscript>/,
  );
  assert.doesNotMatch(renderTvPage({ ...page, held: false, now: { view: 'idle' } }), /http-equiv="refresh"/);
});
