import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { minutes, seconds } from '../clock.ts';
import { createCatchUp } from './catch-up.ts';

/** A database that holds decisions with their dates, and answers or does not. */
function setUp() {
  const clock = createTestClock();
  const decisions: { hash: string; at: number }[] = [];
  const heard = new Set<string>();
  const state = {
    confirmedAt: 0,
    failing: false,
    pings: true,
    frozen: undefined as Promise<void> | undefined,
    asked: 0,
  };
  const catchUp = createCatchUp({
    clock,
    changedElsewhere: async () => true,
    async decidedSince(time) {
      state.asked += 1;
      await state.frozen;
      if (state.failing) throw new Error('away');
      return decisions.filter(({ at }) => at > time);
    },
    async ping() {
      if (!state.pings) throw new Error('away');
    },
    decided: ({ hash }) => heard.add(hash),
    confirmed: (at) => {
      state.confirmedAt = at;
    },
  });
  const decide = (hash: string) => decisions.push({ hash, at: clock.now() });
  const later = async (time: number): Promise<void> => {
    clock.advance(time);
    await catchUp.look();
  };
  return { clock, catchUp, state, heard, decide, later };
}

for (const outage of [seconds(8), seconds(40), minutes(5), minutes(9.5)]) {
  test(`what was decided during ${outage / 1000} s in which the database could not be asked is heard afterwards`, async () => {
    const { state, heard, decide, later, clock } = setUp();
    for (let n = 0; n < 40; n++) await later(seconds(2));
    Object.assign(state, { failing: true, pings: false });
    decide('at first');
    for (let time = 0; time < outage; time += seconds(2)) await later(seconds(2));
    decide('at last');
    assert.deepEqual([...heard], []);
    state.failing = false;
    await later(seconds(2));
    assert.deepEqual([...heard].sort(), ['at first', 'at last']);
    assert.equal(state.confirmedAt, clock.now());
  });
}

test('what committed long after its date is heard within seconds, or a minute', async () => {
  for (const late of [seconds(2), seconds(20), seconds(59)]) {
    for (let phase = 0; phase < 60; phase += 7) {
      const { heard, decide, later, clock } = setUp();
      for (let n = 0; n <= phase; n++) await later(seconds(2));
      clock.advance(-late);
      decide('late');
      clock.advance(late);
      for (let n = 0; n < (late > seconds(3) ? 30 : 1); n++) await later(seconds(2));
      assert.ok(heard.has('late'), `${late} ms late, after ${phase} looks`);
    }
  }
});

test('looks back no further than it must', async () => {
  const { heard, decide, later, clock } = setUp();
  decide('an hour ago');
  clock.advance(minutes(60));
  await later(seconds(2));
  assert.equal(heard.size, 0);
});

test('memory speaks for itself while the database is silent, and no longer', async () => {
  const { catchUp, state, later, clock } = setUp();
  await later(seconds(2));
  assert.equal(catchUp.databaseIsAway, false);

  // Refused: known at once. That only this query fails says nothing of the database.
  Object.assign(state, { failing: true, pings: false });
  await later(seconds(2));
  assert.equal(catchUp.databaseIsAway, true);
  state.pings = true;
  await later(seconds(2));
  assert.equal(catchUp.databaseIsAway, false);

  // Frozen: known before the trust in memory ends, and not asked again by each turn.
  Object.assign(state, { failing: false });
  let thaw = (): void => {};
  state.frozen = new Promise((resolve) => {
    thaw = resolve;
  });
  const asked = state.asked;
  const look = catchUp.look();
  clock.advance(seconds(2));
  assert.equal(catchUp.databaseIsAway, false);
  for (let n = 0; n < 5; n++) await later(seconds(2));
  assert.equal(catchUp.databaseIsAway, true);
  assert.equal(state.asked, asked + 1);
  thaw();
  await look;
  assert.equal(catchUp.databaseIsAway, false);
});
