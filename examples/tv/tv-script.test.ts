import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Answer, createLivingRoom, type Reply } from './testing/living-room.ts';

const here = import.meta.url.includes('/dist/') ? '../../../examples/tv/' : './';
const script = readFileSync(new URL(`${here}tv.js`, import.meta.url), 'utf8');

const origin = 'https://id.example.org';
const pending: Reply = { status: 400, body: { error: 'authorization_pending' } };
const tokens: Reply = { status: 200, body: { access_token: 'at', refresh_token: 'rt', token_type: 'Bearer' } };
const sam: Reply = { status: 200, body: { sub: '1', name: 'Sam', email: 'sam@example.org' } };
const unanswered: Reply = { status: 0 };

/** A television before an issuer that answers polls by the script, the last answer for ever. */
function watch(polls: Reply[], more: Partial<Record<string, Answer>> = {}, storage?: Map<string, string>) {
  let codes = 0;
  const answer: Answer = (path, fields, at) => {
    const special = more[path];
    if (special) return special(path, fields, at);
    if (path === '/device_authorization') {
      codes += 1;
      return { status: 200, body: code(codes) };
    }
    if (path === '/token') return (polls.length > 1 ? polls.shift() : polls[0]) ?? pending;
    if (path === '/userinfo') return sam;
    if (path === '/revoke') return { status: 200 };
    return { status: 200, body: metadata };
  };
  return createLivingRoom(script, answer, storage);
}

const metadata = {
  device_authorization_endpoint: `${origin}/device_authorization`,
  token_endpoint: `${origin}/token`,
  userinfo_endpoint: `${origin}/userinfo`,
  revocation_endpoint: `${origin}/revoke`,
};

function code(number: number) {
  return {
    device_code: `device-${number}`,
    user_code: `BCDF-GHJ${number}`,
    verification_uri: `${origin}/link`,
    verification_uri_complete: `${origin}/L/BCDFGHJ${number}`,
    expires_in: 600,
    interval: 5,
  };
}

test('A16: asks for nothing until a button is pressed, then shows code and address', () => {
  const tv = watch([pending]);
  tv.pass(3600);
  assert.equal(tv.requests.length, 0);
  assert.equal(tv.view(), 'idle');
  tv.press('start');
  assert.equal(tv.view(), 'waiting');
  assert.equal(tv.text('code'), 'BCDF-GHJ1');
  assert.equal(tv.text('address'), 'id.example.org/link');
  assert.equal(tv.text('status'), 'Waiting for your phone. This code works for 10 minutes.');
});

test('RFC 8628 §3.5: polls at the interval, slower for good after slow_down', () => {
  const slower: Reply = { status: 400, body: { error: 'slow_down' } };
  const tv = watch([pending, slower, pending, pending]);
  tv.press('start');
  tv.pass(40);
  assert.deepEqual(tv.times('/token'), [0, 5, 15, 25, 35]);
});

test('A15: doubles its pause while nothing answers, honours Retry-After, says so', () => {
  const tv = watch([unanswered, unanswered, { status: 503, retryAfter: '50' }, pending]);
  tv.press('start');
  assert.equal(tv.text('status'), 'No connection. We will keep trying.');
  assert.equal(tv.text('code'), 'BCDF-GHJ1');
  tv.pass(90);
  assert.deepEqual(tv.times('/token'), [0, 10, 30, 80, 85, 90]);
  assert.match(tv.text('status'), /^Waiting/);
});

test('no connection at the start: keeps trying for a code, then shows it', () => {
  let down = true;
  const tv = watch([pending], {
    '/device_authorization': () => (down ? unanswered : { status: 200, body: code(1) }),
  });
  tv.press('start');
  tv.pass(20);
  assert.deepEqual(tv.times('/device_authorization'), [0, 2, 6, 14]);
  down = false;
  tv.pass(10);
  assert.equal(tv.text('code'), 'BCDF-GHJ1');
});

test('a fresh code takes the screen a minute before the end; the old one is polled to its own', () => {
  const tv = watch([pending]);
  tv.press('start');
  tv.pass(540);
  assert.equal(tv.text('code'), 'BCDF-GHJ2');
  assert.match(tv.text('status'), /fresh code/);
  tv.pass(100);
  const polled = (device: string) =>
    tv.requests.filter((it) => it.fields.get('device_code') === device).map((it) => it.at);
  assert.equal(polled('device-1').at(-1), 600);
  assert.equal(polled('device-2').at(0), 540);
  assert.match(tv.text('status'), /^Waiting/);
});

test('an approval of the old code links all the same', () => {
  const tv = watch([], {
    '/token': (_path, fields, at) => (fields.get('device_code') === 'device-1' && at > 560 ? tokens : pending),
  });
  tv.press('start');
  tv.pass(570);
  assert.equal(tv.view(), 'ask');
});

test('stops within half an hour, with no code left alive that nobody polls for', () => {
  const tv = watch([pending]);
  tv.press('start');
  tv.pass(1800);
  assert.equal(tv.view(), 'over');
  assert.equal(tv.text('over-title'), 'That code ran out');
  const asked = tv.requests.length;
  tv.pass(7200);
  assert.equal(tv.requests.length, asked);
  assert.equal(tv.times('/token').at(-1), (tv.times('/device_authorization').at(-1) ?? 0) + 600);
});

test('pauses while hidden and polls at once when seen again', () => {
  const tv = watch([pending]);
  tv.press('start');
  tv.pass(7);
  tv.hide(true);
  tv.pass(100);
  tv.hide(false);
  assert.deepEqual(tv.times('/token'), [0, 5, 107]);
});

test('declined, expired and refused each say what happened', () => {
  const said = (error: string) => {
    const tv = watch([{ status: 400, body: { error } }]);
    tv.press('start');
    tv.pass(5);
    return [tv.view(), tv.text('over-title')];
  };
  assert.deepEqual(said('access_denied'), ['over', 'Turned down on your phone']);
  assert.deepEqual(said('expired_token'), ['over', 'That code ran out']);
  assert.deepEqual(said('invalid_client'), ['over', 'This TV cannot sign in']);
});

test('opened on the phone shows, if the issuer tells', () => {
  const tv = watch([{ status: 400, body: { error: 'authorization_pending', claimed: true } }]);
  tv.press('start');
  tv.pass(5);
  assert.equal(tv.text('status'), 'Opened on your phone. Finish there.');
});

test('A20: linked, asks "is this you?" without the whole address; yes is remembered over a reload', () => {
  const tv = watch([pending, tokens]);
  tv.press('start');
  tv.pass(5);
  assert.equal(tv.view(), 'ask');
  assert.equal(tv.text('who'), 'Sam’s account (s…@example.org)');
  assert.equal(watch([tokens], {}, tv.storage).view(), 'ask');
  tv.press('yes');
  assert.equal(tv.view(), 'home');
  assert.equal(watch([tokens], {}, tv.storage).view(), 'home');
});

test('no signs out: the refresh token is revoked and forgotten', () => {
  const tv = watch([tokens]);
  tv.press('start');
  tv.pass(5);
  tv.press('no');
  assert.equal(tv.requests.at(-1)?.fields.get('token'), 'rt');
  assert.equal(tv.view(), 'idle');
  assert.equal(tv.storage.size, 0);
});

test('signing out without a connection keeps the tokens and says so', () => {
  const tv = watch([tokens], { '/revoke': () => unanswered });
  tv.press('start');
  tv.pass(5);
  tv.press('out');
  assert.equal(tv.view(), 'home');
  assert.match(tv.text('note'), /still signed in/);
  assert.equal(tv.storage.size, 1);
});

test('an access token that ran out is refreshed; unlinking shows within half a minute', () => {
  let dead = false;
  let unlinked = false;
  const tv = watch([], {
    '/token': (_path, fields) => {
      if (unlinked) return { status: 400, body: { error: 'invalid_grant' } };
      if (fields.get('grant_type') === 'refresh_token') dead = false;
      return tokens;
    },
    '/userinfo': () => (dead || unlinked ? { status: 401, body: { error: 'invalid_token' } } : sam),
  });
  tv.press('start');
  tv.pass(5);
  tv.press('yes');
  dead = true;
  tv.pass(60);
  assert.equal(tv.view(), 'home');
  assert.equal(tv.times('/token').length, 2);
  unlinked = true;
  tv.pass(31);
  assert.equal(tv.view(), 'over');
  assert.equal(tv.text('over-title'), 'This TV was unlinked');
  assert.equal(tv.storage.size, 0);
});

test('"Get a new code" shows another and still hears of the first', () => {
  const tv = watch([], {
    '/token': (_path, fields, at) => (fields.get('device_code') === 'device-1' && at > 20 ? tokens : pending),
  });
  tv.press('start');
  tv.pass(12);
  tv.press('again');
  assert.equal(tv.text('code'), 'BCDF-GHJ2');
  tv.pass(20);
  assert.equal(tv.view(), 'ask');
});

test('Back cancels: no more polls', () => {
  const tv = watch([pending]);
  tv.press('start');
  tv.pass(6);
  tv.key(461);
  assert.equal(tv.view(), 'idle');
  tv.pass(60);
  assert.deepEqual(tv.times('/token'), [0, 5]);
});

/** RFC 7240 `Prefer: wait`, in the manner of CIBA Core §10.1. */
const held = (seconds: number, reply = pending): Reply => ({ ...reply, held: seconds });

function preferences(tv: ReturnType<typeof watch>): (string | undefined)[] {
  return tv.requests.filter((request) => request.path === '/token').map((request) => request.prefer);
}

test('a poll held until the approval turns the screen at once', () => {
  const tv = watch([held(7, tokens)]);
  tv.press('start');
  tv.pass(6.9);
  assert.equal(tv.view(), 'waiting');
  tv.pass(0.1);
  assert.equal(tv.view(), 'ask');
  assert.deepEqual(tv.times('/token'), [0]);
  assert.deepEqual(preferences(tv), ['wait=25']);
});

test('D5: asks again at once after a held poll, and never before the interval has passed', () => {
  const tv = watch([held(25), held(2), { status: 400, body: { error: 'slow_down' } }, held(4), held(25), pending]);
  tv.press('start');
  tv.pass(90);
  assert.deepEqual(tv.times('/token'), [0, 25, 30, 40, 50, 75, 85]);
  assert.match(tv.text('status'), /^Waiting/);
});

test('a connection cut while held loses nothing: asks again, plainly', () => {
  const tv = watch([held(20, unanswered), tokens]);
  tv.press('start');
  tv.pass(20);
  assert.equal(tv.text('status'), 'No connection. We will keep trying.');
  tv.pass(5);
  assert.equal(tv.view(), 'ask');
  assert.deepEqual(preferences(tv), ['wait=25', undefined]);
});

test('a dead socket is given up after 35 s; two polls cut while held, and this code is asked for plainly', () => {
  const tv = watch([held(600), pending, held(15, unanswered), pending]);
  tv.press('start');
  tv.pass(80);
  assert.deepEqual(tv.times('/token'), [0, 40, 45, 65, 70, 75, 80]);
  assert.deepEqual(preferences(tv).slice(0, 3), ['wait=25', undefined, 'wait=25']);
  assert.ok(
    preferences(tv)
      .slice(3)
      .every((prefer) => prefer === undefined),
  );
});

test('Back hangs up a held poll: no approval comes to a television that has stopped listening', () => {
  const tv = watch([held(20, tokens)]);
  tv.press('start');
  tv.pass(6);
  tv.key(461);
  tv.pass(60);
  assert.equal(tv.view(), 'idle');
  assert.equal(tv.storage.size, 0);
  assert.deepEqual(tv.times('/token'), [0]);
  assert.deepEqual(tv.waiting(), []);
});

test('three codes at most are listened to; the oldest is hung up', () => {
  const tv = watch([held(25)]);
  tv.press('start');
  for (let i = 0; i < 3; i++) {
    tv.pass(1);
    tv.press('again');
  }
  assert.deepEqual(tv.waiting(), ['device-2', 'device-3', 'device-4']);
  tv.pass(30);
  assert.ok(!tv.requests.some((it) => it.at > 3 && it.fields.get('device_code') === 'device-1'));
});
