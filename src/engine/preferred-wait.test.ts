import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferredWait } from './preferred-wait.ts';

test('RFC 7240 §2, §4.3: the seconds that a client would rather wait', () => {
  const meant: Record<string, number | undefined> = {
    'wait=25': 25,
    'WAIT = "7"': 7,
    'respond-async, wait=10': 10,
    'respond-async,wait=10;margin=2': 10,
    'return=minimal; foo="a, b", wait=3': 3,
    'wait=1000000000': 30,
    'wait=5, wait=20': 5,
    'wait=0, wait=20': undefined,
    'wait, wait=20': undefined,
    'wait="", wait=20': undefined,
    'wait=-5, wait=20': undefined,
    'wait=1e9': undefined,
    'wait=20s': undefined,
    'wait=2.5': undefined,
    'wait="20': undefined,
    'wait=soon': undefined,
    // What another preference says or is qualified by is none of ours.
    'foo="a, wait=20"': undefined,
    'foo="\\", wait=20"': undefined,
    'foo; wait=20': undefined,
    'foo wait=20': undefined,
    'await=20': undefined,
    '': undefined,
    ',,,': undefined,
    [`foo="${'x'.repeat(300)}", wait=20`]: undefined,
  };
  for (const [header, seconds] of Object.entries(meant)) assert.equal(preferredWait(header), seconds, header);
  assert.equal(preferredWait(undefined), undefined);
});
