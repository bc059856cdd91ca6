import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { IntlMessageFormat } from 'intl-messageformat';
import { loadMessages, locales } from './messages.ts';

const source = new URL('../../../src/', import.meta.url);
const messages = loadMessages({ from: source });
const english = messages.catalogue('en');

/** Names of placeholders and of markers such as <b>. */
function placeholders(message: string, locale: string): string[] {
  const names = new Set<string>();
  const visit = (nodes: { type: number; value: string; options?: object; children?: never }[]): void => {
    for (const node of nodes) {
      if (node.type !== 0 && node.type !== 7) names.add(node.type === 8 ? `<${node.value}>` : node.value);
      for (const option of Object.values(node.options ?? {})) visit(option.value);
      visit(node.children ?? []);
    }
  };
  visit(new IntlMessageFormat(message, locale).getAst() as never);
  return [...names].sort();
}

for (const locale of locales) {
  test(`${locale}: every message of English, with the same placeholders`, () => {
    const own = messages.catalogue(locale);
    assert.deepEqual([...own.keys()].sort(), [...english.keys()].sort());
    for (const [key, message] of own) {
      assert.ok(message.trim(), `${key} is empty`);
      assert.deepEqual(placeholders(message, locale), placeholders(english.get(key) ?? '', 'en'), key);
    }
  });
}

const files = globSync('**/*.{ts,tsx}', { cwd: source }).filter((file) => !file.includes('.test.'));
const code = files.map((file) => readFileSync(new URL(file, source), 'utf8')).join('\n');

test('every key named in the code exists', () => {
  const named = [...code.matchAll(/\bt(?:\.rich)?\(\s*'([^']+)'/g)].map(([, key]) => key ?? '');
  assert.ok(named.length > 50);
  assert.deepEqual(
    named.filter((key) => !english.has(key)),
    [],
  );
});

test('every key is used, by its name or by a template', () => {
  const literals = new Set([...code.matchAll(/['"`]([a-z][\w-]*(?:\.[\w-]+)+)['"`]/g)].map(([, text]) => text));
  const templates = [...code.matchAll(/`([a-z][\w-]*\.[^`\s]*\$\{[^`\s]*)`/g)].map(
    ([, text = '']) =>
      new RegExp(
        `^${text
          .replace(/\$\{[^}]*\}/g, '\u0000')
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replaceAll('\u0000', '[\\w.-]+')}$`,
      ),
  );
  const unused = [...english.keys()].filter((key) => !literals.has(key) && !templates.some((each) => each.test(key)));
  assert.deepEqual(unused, []);
});

test('F15: a value that runs the other way is isolated, a compared one is left alone', () => {
  const t = messages.translate('en');
  const arabic = messages.translate('ar');
  assert.equal(t('web.error.reference', { reference: 'ABC' }), 'If you ask for help, give this reference: ABC');
  assert.match(t('web.error.reference', { reference: 'جهاز' }), /\u2068جهاز\u2069$/);
  assert.match(arabic('web.error.reference', { reference: 'ABC' }), /\u2068ABC\u2069$/);
  assert.match(arabic('web.account.others', { count: 2 }), /حسابان/);
});

test('an unknown key throws, or is shown as it is where strict is off', () => {
  assert.throws(() => messages.translate('de')('web.no.such.key'), /web\.no\.such\.key/);
  assert.equal(loadMessages({ from: source, strict: false }).translate('de')('web.no.such.key'), 'web.no.such.key');
});
