import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemRandom } from '../random.ts';
import {
  alphabet,
  codeLength,
  drawUserCode,
  lengthFor,
  longest,
  readUserCode,
  shortest,
  showUserCode,
} from './user-code.ts';

describe('A28: any sane typing of a code is accepted', () => {
  for (const typed of [
    'WDJBMJHT',
    'WDJB-MJHT',
    'wdjb mjht',
    'wdjb_mjht',
    'WDJB–MJHT',
    '  w d j b — m j h t  ',
    'ＷＤＪＢ－ＭＪＨＴ',
    'WDJB\u200b-MJHT\ufeff',
    'https://id.example.org/L/WDJBMJHT',
    'HTTPS://ID.EXAMPLE.ORG/L/WDJBMJHT?x=1',
    'https://id.example.org/link?user_code=WDJB-MJHT',
  ]) {
    it(JSON.stringify(typed), () => assert.deepEqual(readUserCode(typed), { code: 'WDJBMJHT' }));
  }

  it('letters of a Cyrillic or Greek keyboard that look the same', () => {
    assert.deepEqual(readUserCode('ВСНК-МРТХ'), { code: 'BCHKMPTX' });
    assert.deepEqual(readUserCode('ΒΗΚΜ-ΝΡΤΧ'), { code: 'BHKMNPTX' });
  });

  it('what was shown is read back, whatever happens to its case and dashes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: shortest, max: longest }),
        fc.constantFrom('-', ' ', '_', '–', ''),
        (length, dash) => {
          const code = drawUserCode(systemRandom, length);
          const typed = showUserCode(code).replaceAll('-', dash).toLowerCase();
          assert.deepEqual(readUserCode(typed), { code });
        },
      ),
    );
  });
});

describe('J6: what is not a code is said, and never looked up', () => {
  it('nothing', () => {
    for (const typed of ['', '   ', '---', undefined, 7, ['WDJBMJHT']]) {
      assert.deepEqual(readUserCode(typed), { problem: 'empty' });
    }
  });
  it('vowels and numbers', () => {
    for (const typed of ['WDJBMJHA', 'WDJB0JHT', 'WDJBMJHI', 'WDJBMJHİ', '<script>', '😀BCDFGHJK1']) {
      assert.deepEqual(readUserCode(typed), { problem: 'impossible' }, typed);
    }
  });
  it('too few or too many letters, with their number', () => {
    assert.deepEqual(readUserCode('WDJBMJH'), { problem: 'too_short', typed: 7 });
    assert.deepEqual(readUserCode('B'.repeat(14)), { problem: 'too_long', typed: 14 });
    assert.deepEqual(readUserCode('B'.repeat(100_000)), { problem: 'too_long', typed: 2000 });
  });
});

describe('A18, J: the length of a code follows the live codes and the guesses', () => {
  it('J3, J4: one chance in a million a day', () => {
    for (const [live, guesses, length] of [
      [0, 1000, 8],
      [25, 1000, 8],
      [26, 1000, 9],
      [1000, 1000, 10],
      [10_000, 1000, 10],
      [10_240, 1000, 10],
      [11_000, 1000, 11],
      [1_000_000, 1000, 12],
      [1_000_000, 4096, 12],
      [1_000_000, 81_920, 13],
    ] as const) {
      assert.equal(codeLength(live, guesses), length, `${live} live codes, ${guesses} guesses`);
    }
  });
  it('never below 8, never above 13', () => {
    assert.equal(codeLength(1, 1), 8);
    assert.equal(codeLength(1e9, 1e9), 13);
  });
  it('J11: five tries at one code of eight letters', () => {
    assert.ok(5 / alphabet.length ** 8 < 2 ** -32);
  });
});

describe('codes as people see them', () => {
  it('in groups an eye can carry', () => {
    const letters = 'BCDFGHJKLMNPQ';
    assert.deepEqual(
      [8, 9, 10, 11, 12, 13].map((length) => showUserCode(letters.slice(0, length))),
      ['BCDF-GHJK', 'BCD-FGH-JKL', 'BCDFG-HJKLM', 'BCDF-GHJK-LMN', 'BCDF-GHJK-LMNP', 'BCDFG-HJKL-MNPQ'],
    );
  });
  it('RFC 8628 §6.1: drawn evenly from the alphabet without vowels', () => {
    const seen = new Map<string, number>();
    for (const letter of drawUserCode(systemRandom, 20_000)) seen.set(letter, (seen.get(letter) ?? 0) + 1);
    assert.equal(seen.size, 20);
    // 1,000 expected each; six standard deviations.
    for (const [letter, count] of seen) assert.ok(Math.abs(count - 1000) < 190, `${letter}: ${count}`);
  });
});

it('fault B7, J3: however networks share the codes, those of one length are met in a day with a chance of one in a million', () => {
  const networks = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(networks, fc.integer({ min: 1, max: 5000 }), (asking, guesses) => {
      const live = { all: 0, crowded: 0 };
      const chances = new Map<number, number>();
      for (let turn = 0; turn < Math.max(...asking); turn++) {
        for (const [network, wanted] of asking.entries()) {
          if (turn >= wanted) continue;
          const length = lengthFor(turn, live, guesses);
          assert.ok(length <= longest, `network ${network}`);
          chances.set(length, (chances.get(length) ?? 0) + guesses * alphabet.length ** -length);
          live.all += 1;
          if (turn >= 3) live.crowded += 1;
        }
      }
      for (const [length, chance] of chances)
        assert.ok(
          chance <= 1e-6 * (1 + 1e-9),
          `${chance} of ${length} letters, with ${live.crowded} of ${live.all} of crowds`,
        );
    }),
    { numRuns: 30 },
  );
});
