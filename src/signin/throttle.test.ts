import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { hours } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import { createSecrets } from '../secrets.ts';
import { createThrottle } from './throttle.ts';

function setUp() {
  const clock = createTestClock();
  const ephemeral = createMemory({ clock });
  after(() => ephemeral.close());
  return { clock, throttle: createThrottle({ ephemeral, clock, secrets: createSecrets(randomBytes(32)) }) };
}

const owner = { kind: 'password', subject: 'ann@example.org', network: '192.0.2.0/24', browserId: 'owner' } as const;

test('E10: a neighbour’s wrong tries cost the owner’s known browser nothing, and its success forgives them nothing', async () => {
  const { throttle } = setUp();
  const neighbour = { ...owner, browserId: 'neighbour' };
  await throttle.succeed(owner);
  for (let i = 0; i < 120; i += 1) await throttle.enter({ ...neighbour, subject: `${i}@example.org` });
  for (let i = 0; i < 10; i += 1) await throttle.enter(neighbour);
  assert.equal((await throttle.enter(neighbour)).allowed, false);
  assert.equal((await throttle.enter(owner)).allowed, true);
  await throttle.succeed(owner);
  assert.equal((await throttle.enter(neighbour)).allowed, false);
});

test('E10: a known browser waits for its own tries', async () => {
  const { throttle } = setUp();
  await throttle.succeed(owner);
  for (let i = 0; i < 5; i += 1) assert.equal((await throttle.enter(owner)).allowed, true);
  assert.equal((await throttle.enter(owner)).allowed, false);
  assert.equal((await throttle.enter({ ...owner, network: '198.51.100.0/24' })).allowed, false, 'wherever it is');
});

test('E9: from networks without number, a hundred tries at one account take more than two days', async () => {
  const { clock, throttle } = setUp();
  const start = clock.now();
  for (let tries = 0, i = 0; tries < 100; i += 1) {
    const stranger = { ...owner, network: `${i}`, browserId: `${i}` };
    const turn = await throttle.enter(stranger);
    if (turn.allowed) tries += 1;
    else clock.advance(turn.retryAt - clock.now());
  }
  assert.ok(clock.now() - start > hours(48), `${(clock.now() - start) / hours(1)} hours`);
});
