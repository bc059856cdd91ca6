import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanText, fitForMail } from './device-text.ts';

const corpus: [what: string, from: unknown, to: string | undefined][] = [
  ['plain text', 'Living room TV', 'Living room TV'],
  ['other scripts', 'تلفاز غرفة الجلوس', 'تلفاز غرفة الجلوس'],
  ['Hebrew, Japanese, Thai', 'סלון 居間 ห้อง', 'סלון 居間 ห้อง'],
  ['a decomposed letter', 'Cafe\u0301', 'Café'],
  ['line breaks and tabs', 'a\r\nb\tc\vd\fe', 'a b c d e'],
  ['Unicode line and paragraph separators', 'a\u2028b\u2029c\u0085d', 'a b cd'],
  ['null and escape', 'a\u0000b\u001b[31mred', 'ab[31mred'],
  ['C1 controls', 'a\u009b31mb', 'a31mb'],
  ['bidi override', 'TV\u202Egnp.exe', 'TVgnp.exe'],
  ['bidi embeddings and pop', '\u202A\u202B\u202D\u202Cx', 'x'],
  ['bidi isolates', '\u2066a\u2067b\u2068c\u2069', 'abc'],
  ['bidi marks', 'a\u200E\u200F\u061Cb', 'ab'],
  ['zero-width characters', 'a\u200Bb\u200Cc\u200Dd\u2060e\uFEFFf', 'abcdef'],
  ['soft hyphen, grapheme joiner', 'a\u00ADb\u034Fc', 'abc'],
  ['language tags', 'TV\u{E0041}\u{E007F}', 'TV'],
  ['variation selectors', 'a\uFE0Fb\u{E0100}', 'ab'],
  ['Hangul fillers and the empty Braille cell', '\u3164\u115F\u1160\uFFA0\u2800', undefined],
  ['private use and unassigned', 'a\uE000b\u{F0000}c\uFFFFd', 'abcd'],
  ['half of a pair', 'a\uD800b\uDC00c', 'abc'],
  ['an annotation', '\uFFF9a\uFFFAb\uFFFB', 'ab'],
  ['a tower of marks', `a${'\u0335'.repeat(50)}`, `a${'\u0335'.repeat(4)}`],
  ['only a mark', '\u0300', undefined],
  ['only spaces', ' \u00A0\u3000\t ', undefined],
  ['nothing', '', undefined],
  ['markup is kept as text', '<b onclick="x">&amp;', '<b onclick="x">&amp;'],
  ['a number', 7, undefined],
  ['an array', ['a'], undefined],
  ['an object with toString', { toString: () => 'a' }, undefined],
  ['missing', undefined, undefined],
  ['null', null, undefined],
];

for (const [what, from, to] of corpus) test(`F15: cleanText: ${what}`, () => assert.equal(cleanText(from, 100), to));

test('F15: cleanText caps without cutting a character in half', () => {
  assert.equal(cleanText('abcdef', 3), 'abc');
  assert.equal(cleanText('ab 😀', 4), 'ab', 'half an emoji is dropped, and the space before it');
  assert.equal(cleanText('ab😀', 4), 'ab😀');
  assert.equal(cleanText('ne\u0335\u0336', 3), 'n', 'a letter goes with its marks');
  assert.equal(cleanText('x'.repeat(1_000_000), 60)?.length, 60);
});

test('F15: cleanText leaves nothing unseen of any code point, and cleaning twice changes nothing', () => {
  for (let start = 0; start < 0x110000; start += 16) {
    let text = '';
    for (let point = start; point < start + 16; point++) text += String.fromCodePoint(point);
    const clean = cleanText(`a${text}b`, 200) ?? '';
    assert.doesNotMatch(clean, /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u, `from U+${start.toString(16)}`);
    assert.equal(cleanText(clean, 200), clean, `from U+${start.toString(16)}`);
  }
});

test('B27: a name that carries an address or a code stays out of our mails', () => {
  for (const bad of [
    'https://evil.example',
    'go to evil.com now',
    'www.evil',
    'id.example.org/link',
    'me@evil',
    'evil。com',
    'at /link',
    'Enter BCDF-GHJK',
    'bcdf ghjk',
    'BCDFGHJK',
    'BCDF–GHJKLM',
  ]) {
    assert.equal(fitForMail(bad), undefined, bad);
  }
  for (const good of [
    'Living room TV',
    'BRAVIA KD-55XR',
    'Sam’s PlayStation 5',
    'تلفاز',
    'v2.1',
    'Wohnzimmer (oben)',
  ]) {
    assert.equal(fitForMail(good), good);
  }
  assert.equal(fitForMail(undefined), undefined);
});
