import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hours, minutes } from '../../src/clock.ts';
import { createMemory } from '../../src/drivers/ephemeral/memory.ts';
import type { AccountId } from '../../src/ids.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createGuesses } from '../../src/link/guesses.ts';
import { codeLength, guessBudget } from '../../src/link/user-code.ts';
import { createTestClock } from '../helpers/clock.ts';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

describe('guessing user codes', () => {
  let server: TestApp;
  let tv: string;
  let accounts = 0;

  before(async () => {
    server = await startTestApp({ env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1' } });
    tv = (await server.createClient()).id;
  });
  after(() => server.stop());

  /** Somebody new, in a network of their own. */
  async function somebody(network = `203.0.${accounts}.7`): Promise<HttpBrowser> {
    const email = `person${accounts++}@example.org`;
    await server.createAccount(email);
    const browser = createHttpBrowser(server.url, { 'x-forwarded-for': network });
    await signIn(browser, email, testPassword);
    return browser;
  }
  const type = async (browser: HttpBrowser, code: string): Promise<HttpPage> =>
    browser.submit(await browser.open('/link'), { user_code: code });

  it('A29: unknown, expired, used, declined and foreign codes get one answer', async () => {
    const owner = await somebody();
    const used = await requestCode(server.url, tv);
    await linkCode(owner, used.user_code);
    await poll(server.url, tv, used.device_code);
    const declined = await requestCode(server.url, tv);
    await owner.submit(await reviewCode(owner, declined.user_code), {}, { name: 'decision', value: 'decline' });
    const expired = await requestCode(server.url, tv);
    server.clock.advance(minutes(10));
    const foreign = await requestCode(server.url, tv);
    await reviewCode(owner, foreign.user_code);

    const answers = new Set<string>();
    for (const code of ['BBBB-BBBB', used.user_code, declined.user_code, expired.user_code, foreign.user_code]) {
      const page = await type(await somebody(), code);
      const words = page.html
        .replaceAll(code, 'CODE')
        .replace(/person\d+/g, 'NAME')
        .replace(/name="csrf" value="[^"]*"/g, 'CSRF');
      answers.add(`${page.status} ${words}`);
    }
    assert.equal(answers.size, 1);
    assert.match([...answers][0] ?? '', /^404 .*That code does not work \(any more\)/s);
  });

  it('A29: the account that claimed a code sees the truth about it', async () => {
    const owner = await somebody();
    const code = await requestCode(server.url, tv);
    await reviewCode(owner, code.user_code);
    server.clock.advance(minutes(10));
    assert.match((await type(owner, code.user_code)).text, /That code ran out/);
    const linked = await requestCode(server.url, tv);
    await linkCode(owner, linked.user_code);
    assert.match((await type(owner, linked.user_code)).text, /now signed in as/);
  });

  it('A19, J6: the sixth wrong code of an account waits ten minutes; a slip of the finger is not a guess', async () => {
    const guesser = await somebody();
    for (let i = 0; i < 10; i++) assert.equal((await type(guesser, 'BBBB-BBB')).status, 422);
    for (let i = 0; i < 5; i++) assert.equal((await type(guesser, `BBBB-BBC${'BCDFG'[i]}`)).status, 404);
    const code = await requestCode(server.url, tv);
    const refused = await type(guesser, code.user_code);
    assert.equal(refused.status, 429);
    assert.match(refused.text, /from \d\d:\d\d UTC/);
    assert.ok(Number(refused.headers.get('retry-after')) > 500);
    server.clock.advance(minutes(10));
    const fresh = await requestCode(server.url, tv);
    assert.equal((await reviewCode(guesser, fresh.user_code)).status, 200);
  });

  it('A19: a burst of guesses cannot slip past the counter', async () => {
    const guesser = await somebody();
    const entry = await guesser.open('/link');
    const pages = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        guesser.submit(entry, { user_code: `CCCC-CC${'BCDFGHJKLMNPQRSTVWXZ'[i]}B` }),
      ),
    );
    assert.equal(pages.filter((page) => page.status === 404).length, 5);
    assert.equal(pages.filter((page) => page.status === 429).length, 15);
  });

  it('A19: many accounts of one network share 20 wrong codes an hour; other networks do not notice', async () => {
    const network = '198.51.100';
    for (let account = 0; account < 4; account++) {
      const guesser = await somebody(`${network}.${account + 1}`);
      for (let i = 0; i < 5; i++) assert.equal((await type(guesser, `DDDD-DDD${'BCDFG'[i]}`)).status, 404);
    }
    // One slip of their own, and what the neighbours entered binds them, too; the page says where it does not.
    const erring = await somebody(`${network}.200`);
    assert.equal((await type(erring, 'DDDD-DDDH')).status, 404);
    const refused = await type(erring, 'DDDD-DDDJ');
    assert.equal(refused.status, 429);
    assert.match(refused.text, /In another network you can go on at once/);
    assert.equal((await type(await somebody('192.0.2.1'), 'DDDD-DDDH')).status, 404);
    server.clock.advance(hours(1));
    assert.equal((await type(erring, 'DDDD-DDDH')).status, 404);
  });

  it('fault B4: a right code of somebody who has not erred is never refused because of neighbours', async () => {
    const network = '198.51.101';
    for (let account = 0; account < 5; account++) {
      const guesser = await somebody(`${network}.${account + 1}`);
      for (let i = 0; i < 5; i++) await type(guesser, `DDDD-DDF${'BCDFG'[i]}`);
    }
    const code = await requestCode(server.url, tv);
    assert.equal((await reviewCode(await somebody(`${network}.200`), code.user_code)).status, 200);
  });

  it('C17: an address that no trusted proxy wrote counts for nothing', async () => {
    const direct = await startTestApp();
    try {
      await direct.createAccount('eve@example.org');
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) {
        const browser = createHttpBrowser(direct.url, { 'x-forwarded-for': `203.0.113.${i}` });
        await signIn(browser, 'eve@example.org', testPassword);
        statuses.push((await type(browser, `FFFF-FFF${'BCDFGH'[i]}`)).status);
      }
      assert.deepEqual(statuses, [404, 404, 404, 404, 404, 429]);
    } finally {
      await direct.stop();
    }
  });
});

describe('J5: when everybody together guesses too often', () => {
  const who = (name: string) => ({ accountId: name as AccountId, network: `net-${name}` });

  it('nobody is shut out, each account gets one slip, and new codes grow', async () => {
    const clock = createTestClock();
    const ephemeral = createMemory({ clock });
    const guesses = createGuesses({ limits: createLimits({ ephemeral, clock }) });
    for (let i = 0; i < guessBudget; i++) await guesses.wrong(who(`bot${i}`));

    assert.equal(await guesses.blocked(who('honest')), undefined);
    await guesses.wrong(who('honest'));
    assert.ok(((await guesses.blocked(who('honest')))?.retryAt ?? 0) > clock.now());
    const expected = await guesses.expectedToday();
    assert.ok(expected > 2 * guessBudget);
    assert.ok(codeLength(25, expected) > codeLength(25));
    await ephemeral.close();
  });
});
