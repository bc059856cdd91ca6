import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { minutes, seconds } from '../../src/clock.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';
import type { Tv } from '../helpers/journey-tv.ts';

let place: Place;
let tv: Tv;
before(async () => {
  place = await startPlace();
  tv = await place.tv({ holds: false });
});
after(() => place?.close());

const says = (words: RegExp) => tv.tab.locator('#status', { hasText: words }).waitFor();

test('A7: without a connection the television keeps its code, says so, and goes on by itself', async () => {
  const code = await tv.showCode();
  await tv.context.setOffline(true);
  await tv.wait(seconds(6));
  await says(/No connection\. We will keep trying\./);
  assert.equal(await tv.code(), code);
  await tv.context.setOffline(false);
  await tv.wait(minutes(1));
  await says(/Waiting for your phone/);
  assert.equal(await tv.code(), code);
});

test('a minute before the end a fresh code takes the screen, and the one before still links', async () => {
  const first = await tv.code();
  await tv.wait(minutes(8));
  await tv.tab.locator('#code', { hasNotText: first }).waitFor();
  await says(/fresh code|Waiting for your phone/);
  const phone = await place.phone();
  await place.server.createAccount('lee@example.org');
  await phone.open('/link');
  await phone.typeCode(first);
  await phone.signIn('lee@example.org');
  await phone.approve();
  await tv.wait(seconds(5));
  await tv.shows('ask');
  assert.match(await tv.words(), /l…@example\.org/);
  await tv.tab.keyboard.press('ArrowRight');
  await tv.pressOk();
  await tv.shows('idle');
});

test('A4: after half an hour nobody is there: the code ran out, and one press gets a new one', async () => {
  const first = await tv.showCode();
  for (let passed = 0; passed < 45 && !(await tv.tab.isVisible('#over.on')); passed++) {
    const answered = tv.tab.waitForResponse(/\/token$/, { timeout: 2000 }).catch(() => undefined);
    await tv.wait(minutes(1));
    await answered;
  }
  await tv.shows('over');
  assert.match(await tv.words(), /That code ran out/);
  assert.notEqual(await tv.showCode(), first);
});
