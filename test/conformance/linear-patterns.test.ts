import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPatterns, hostileTexts } from '../helpers/patterns.ts';

/** What a header, and so a stranger, may bring at most (Node's own limit); and an eighth of it. */
const long = 16 * 1024;
const short = long / 8;
/** Less processor time, in microseconds, is not worth asking after: a quadratic expression takes twenty times as much. */
const unworthy = 3000;
/** Eight times the text takes a linear expression eight times as long, and a quadratic one 64 times. */
const most = 24;

const { patterns, made } = findPatterns();

test('fault B1: every regular expression in src/ takes time that grows with the text, not with its square', () => {
  assert.ok(patterns.length > 100, `only ${patterns.length} expressions were found`);
  const slow = patterns.flatMap(({ expression, place }) => {
    const shape = [...hostileTexts(expression, long)].findIndex((text, at) => {
      if (timeOf(expression, text) < unworthy) return false;
      const shorter = [...hostileTexts(expression, short)][at] ?? '';
      return best(expression, text) > unworthy && best(expression, text) > most * best(expression, shorter);
    });
    return shape < 0 ? [] : [`${place}, with ${JSON.stringify([...hostileTexts(expression, 60)][shape])}`];
  });
  assert.deepEqual(slow, []);
});

test('fault B1: no regular expression is made out of text while the server runs', () => {
  assert.deepEqual(made, []);
});

test('fault B1: the search for hostile texts finds what is known to be slow', () => {
  const evil = [
    /\bVersion\/[\d.]+.*\bSafari\//,
    /^(a+)+$/,
    /(\s*)$/,
    /^\s+|\s+$/g,
    /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g,
    /[\p{L}\p{N}]+@[\p{L}]+/u,
    /<[^>]*>/g,
  ];
  for (const expression of evil) {
    const found = [...hostileTexts(expression, 4096)].some((text, at) => {
      if (expression.source.startsWith('^(a+)')) return /^a+[^a]$/.test(text);
      if (timeOf(expression, text) < 300) return false;
      return best(expression, text) > 2.5 * 8 * best(expression, [...hostileTexts(expression, 512)][at] ?? '');
    });
    assert.ok(found, String(expression));
  }
});

/** Microseconds of this thread on a processor: what others do on the machine does not count. */
function timeOf(expression: RegExp, text: string): number {
  const before = process.threadCpuUsage();
  text.replace(expression, '');
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

const best = (expression: RegExp, text: string): number =>
  Math.min(...Array.from({ length: 3 }, () => timeOf(expression, text)));
