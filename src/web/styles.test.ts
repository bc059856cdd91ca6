import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const css = readFileSync(new URL('../../../src/web/styles/tokens.css', import.meta.url), 'utf8');

/** Custom properties of every block whose selector is exactly this. */
function tokens(selector: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, head = '', body = ''] of css.matchAll(/([^{};/]+)\{([^{}]*)\}/g))
    if (head.trim() === selector)
      for (const [, name = '', value = ''] of body.matchAll(/(--[\w-]+):\s*([^;]+);/g)) found.set(name, value.trim());
  return found;
}

const light = tokens(':root');
const dark = new Map([...light, ...tokens(':root[data-theme="dark"]')]);

function colour(theme: Map<string, string>, name: string): string {
  const value = theme.get(name) ?? '';
  const reference = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
  return reference ? colour(theme, reference) : value;
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  assert.match(hex, /^#[0-9a-f]{6}$/);
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Map<string, string>, one: string, other: string): number {
  const [high = 0, low = 0] = [one, other].map((name) => luminance(colour(theme, name))).sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['--paper', '--surface', '--accent-wash', '--stop-wash', '--unusual-wash'];
const text: [string, string][] = [
  ...grounds.flatMap((ground): [string, string][] => [
    ['--ink', ground],
    ['--quiet', ground],
    ['--accent', ground],
    ['--accent-strong', ground],
  ]),
  ...['--stop', '--unusual'].flatMap((ink): [string, string][] => [
    [ink, '--paper'],
    [ink, '--surface'],
  ]),
  ['--on-accent', '--accent'],
  ['--on-accent', '--accent-strong'],
  ['--on-stop', '--stop'],
  ['--on-stop', '--stop-strong'],
  ['--paper', '--ink'],
  ['--paper', '--quiet'],
];
const edges: [string, string][] = [
  ...grounds.map((ground): [string, string] => ['--focus', ground]),
  ['--edge', '--paper'],
  ['--edge', '--surface'],
  ['--stop', '--stop-wash'],
  ['--unusual', '--unusual-wash'],
];

for (const [name, theme] of [
  ['light', light],
  ['dark', dark],
] as const) {
  describe(`WCAG 1.4.3, 1.4.11 in the ${name} theme`, () => {
    for (const [pairs, least] of [
      [text, 4.5],
      [edges, 3],
    ] as const)
      test(`${least}:1`, () => {
        for (const [one, other] of pairs) {
          const ratio = contrast(theme, one, other);
          assert.ok(ratio >= least, `${one} on ${other} is ${ratio.toFixed(2)}:1`);
        }
      });
  });
}

test('the chosen dark theme and the device’s dark theme are one', () => {
  assert.deepEqual(tokens(':root:not([data-theme="light"])'), tokens(':root[data-theme="dark"]'));
});

test('a re-brand is ten properties', () => {
  assert.equal([...light.keys()].filter((name) => name.startsWith('--brand-')).length, 10);
});
