import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCookies } from './cookies.ts';

test('fault A1: of a cookie that comes twice nothing is left, nor of any that is not written as ours are', () => {
  assert.equal(ownCookies('latchkey-session=a; latchkey-theme=dark'), 'latchkey-session=a; latchkey-theme=dark');
  assert.equal(ownCookies('latchkey-session=a; latchkey-theme=dark; latchkey-session=a'), 'latchkey-theme=dark');
  assert.equal(ownCookies('latchkey-session=a;latchkey-session=b; latchkey-session=c'), '');
  assert.equal(ownCookies('_ga=GA1.2.3; __Host-latchkey-session=1.aB-_; theme=dark'), '__Host-latchkey-session=1.aB-_');
  for (const odd of [
    'latchkey-session =a',
    '\tlatchkey-session=a',
    'latchkey-session="a"',
    'latchkey-session=',
    'LATCHKEY-session=a',
  ])
    assert.equal(ownCookies(`${odd}; latchkey-locale=de`), 'latchkey-locale=de', odd);
});
