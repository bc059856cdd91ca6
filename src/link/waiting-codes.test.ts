import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { minutes, seconds } from '../clock.ts';
import { createWaitingCodes, paceOf } from './waiting-codes.ts';

function waitingCode() {
  const clock = createTestClock();
  const codes = createWaitingCodes({ clock });
  const code = codes.add('hash', {
    clientId: 'tv',
    publicClient: true,
    expiresAt: clock.now() + minutes(10),
    interval: seconds(5),
  });
  const pollAfter = (time: number) => {
    clock.advance(time);
    return paceOf(code, clock.now());
  };
  return { clock, codes, code, pollAfter };
}

describe('A13, K1: the pace of polls', () => {
  it('the first poll is never too fast', () => {
    assert.equal(waitingCode().pollAfter(0), 'authorization_pending');
  });

  it('a poll one second after another is told to slow down, and six seconds are then too few', () => {
    const { pollAfter } = waitingCode();
    pollAfter(0);
    assert.equal(pollAfter(seconds(1)), 'slow_down');
    assert.equal(pollAfter(seconds(6)), 'slow_down');
  });

  it('a device that adds five seconds, as RFC 8628 §3.5 says, is not told again', () => {
    const { pollAfter } = waitingCode();
    pollAfter(0);
    assert.equal(pollAfter(seconds(1)), 'slow_down');
    assert.equal(pollAfter(seconds(10)), 'authorization_pending');
  });

  it('a network that delays one request by most of a second costs nothing', () => {
    const { pollAfter } = waitingCode();
    pollAfter(0);
    for (const wait of [4100, 5900, 4050, 5000]) assert.equal(pollAfter(wait), 'authorization_pending');
  });

  it('is relaxed again after three patient polls', () => {
    const { pollAfter, code } = waitingCode();
    pollAfter(0);
    pollAfter(seconds(1));
    assert.equal(code.interval, seconds(10));
    for (let i = 0; i < 3; i++) pollAfter(seconds(10));
    assert.equal(code.interval, seconds(5));
    assert.equal(pollAfter(seconds(5)), 'authorization_pending');
  });

  it('a device that lost the answer slow_down is level again after the next', () => {
    const { pollAfter } = waitingCode();
    pollAfter(0);
    assert.equal(pollAfter(seconds(3)), 'slow_down', 'lost: the device goes on at its five seconds');
    assert.equal(pollAfter(seconds(5)), 'slow_down', 'heard: it goes on at ten');
    assert.equal(pollAfter(seconds(10)), 'authorization_pending');
  });

  it('never asks for more than a minute', () => {
    const { pollAfter, code } = waitingCode();
    for (let i = 0; i < 100; i++) pollAfter(10);
    assert.equal(code.interval, minutes(1));
  });
});

it('forgets what ran out, and nothing else', () => {
  const { clock, codes } = waitingCode();
  codes.add('later', { clientId: 'tv', publicClient: true, expiresAt: clock.now() + minutes(20), interval: 5000 });
  clock.advance(minutes(10));
  codes.forgetExpired();
  assert.equal(codes.get('hash'), undefined);
  assert.ok(codes.get('later'));
});

it('what was forgotten makes room for others, and none is taken for another', () => {
  const { clock, codes } = waitingCode();
  const add = (hash: string, clientId: string, publicClient: boolean) =>
    codes.add(hash, { clientId, publicClient, expiresAt: clock.now() + minutes(10), interval: 5000 });
  // More than one block of rows.
  for (let n = 0; n < 10_000; n++) add(`code ${n}`, `client ${n % 3}`, n % 2 === 0);
  for (let n = 0; n < 10_000; n += 2) codes.drop(`code ${n}`);
  for (let n = 10_000; n < 20_000; n++) add(`code ${n}`, `client ${n % 5}`, n % 2 === 1);
  add('code 1', 'another', false);
  assert.equal(codes.size, 15_001);
  paceOf(codes.get('code 3') ?? assert.fail(), 42);
  for (let n = 3; n < 20_000; n++) {
    const code = codes.live(`code ${n}`);
    const gone = n < 10_000 && n % 2 === 0;
    const clientId = n < 10_000 ? `client ${n % 3}` : `client ${n % 5}`;
    assert.equal(code?.clientId, gone ? undefined : clientId);
    assert.equal(code?.polledAt, gone ? undefined : n === 3 ? 42 : 0);
    assert.equal(code?.publicClient, gone ? undefined : n >= 10_000 && n % 2 === 1);
  }
  const changed = codes.get('code 1');
  assert.deepEqual([changed?.clientId, changed?.publicClient], ['another', false]);
});
