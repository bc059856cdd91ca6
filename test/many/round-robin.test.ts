import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '../../src/clock.ts';
import { expectFairAnswers } from '../helpers/balancer.ts';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, reviewCode } from '../helpers/link-journey.ts';
import { createManyProcesses, type ManyProcesses } from '../helpers/many-processes.ts';
import { testPassword } from '../helpers/test-app.ts';

/** Three processes that are asked in turn, so that a poll nearly always meets one that does not know its code. */
describe('asked in turn', () => {
  let many: ManyProcesses;
  before(async () => {
    many = await createManyProcesses({}, { inside: true });
    for (let n = 0; n < 3; n++) await many.start();
  });
  after(() => many?.remove());

  it('fault E8: a poll that would rather wait is held wherever it arrives, and answered when the person decides', async (t) => {
    const { balancer, tv, people } = many;
    const browser = createHttpBrowser(balancer.url);
    await signIn(browser, people[0] ?? '', testPassword);
    const delays: number[] = [];
    const end = performance.now() + seconds(6);
    while (performance.now() < end || delays.length < 6) {
      const code = await requestCode(balancer.url, tv);
      const held = poll(balancer.url, tv, code.device_code, { prefer: 'wait=20' });
      let answeredAt = 0;
      void held.then(() => {
        answeredAt = performance.now();
      });
      const review = await reviewCode(browser, code.user_code);
      await pause(50);
      assert.equal(answeredAt, 0, 'a poll was not held');
      assert.match((await approve(browser, review)).text, /now signed in/);
      const decidedAt = performance.now();
      const { status, headers } = await held;
      assert.deepEqual([status, headers.get('preference-applied')], [200, 'wait=20']);
      delays.push(Math.max(0, answeredAt - decidedAt));
    }
    delays.sort((a, b) => a - b);
    const { answered } = expectFairAnswers(balancer.ledger.filter(({ path }) => path !== '/token'));
    t.diagnostic(
      `${delays.length} links; told ${Math.round(delays[delays.length >> 1] ?? 0)} ms after the page at the median, ` +
        `${Math.round(delays.at(-1) ?? 0)} ms at most; ${answered} other answers`,
    );
  });
});
