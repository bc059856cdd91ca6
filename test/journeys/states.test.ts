import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { minutes } from '../../src/clock.ts';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startRestartablePostgres } from '../helpers/postgres-server.ts';
import { silence } from '../helpers/silence.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

let place: TestApp;
before(async () => {
  place = await startTestApp();
});
after(() => place?.stop());

let people = 0;
/** A new person's browser, signed in. */
async function somebody(): Promise<HttpBrowser & { email: string }> {
  const email = `person${++people}@example.org`;
  await place.createAccount(email);
  const browser = createHttpBrowser(place.url);
  await signIn(browser, email, testPassword);
  return Object.assign(browser, { email });
}
const newCode = () => requestCode(place.url, 'example-tv', { device_name: 'Kitchen TV' });
const enter = async (browser: HttpBrowser, code: string): Promise<HttpPage> =>
  browser.submit(await browser.open('/link'), { user_code: code });
const typed = (page: HttpPage) => page.root.querySelector('input[name=user_code]')?.getAttribute('value');

/** The page says what is wrong at the top and at the field, in its title too. */
function assertError(page: HttpPage, status: number, words: RegExp): void {
  assert.equal(page.status, status);
  const summary = page.root.querySelector('.error-summary');
  assert.match(summary?.text ?? '', words);
  const field = summary?.querySelector('a')?.getAttribute('href');
  assert.match(page.root.querySelector(`${field}-error`)?.text ?? '', words);
  assert.equal(page.root.querySelector(field ?? '')?.getAttribute('aria-invalid'), 'true');
  assert.match(page.title, /^Error: /);
}

describe('A4, ux §8: what a code can be', () => {
  let browser: HttpBrowser;
  before(async () => {
    browser = await somebody();
  });

  test('empty', async () => {
    assertError(await enter(browser, '  '), 422, /Enter the code shown on your other device/);
  });

  test('too short and too long, with what was typed kept', async () => {
    const short = await enter(browser, 'bcdf-ghj');
    assertError(short, 422, /at least 8 letters\. You entered 7/);
    assert.equal(typed(short), 'bcdf-ghj');
    assertError(await enter(browser, 'BCDFGHJKLMNPQR'), 422, /at most 13 letters\. You entered 14/);
  });

  test('impossible characters', async () => {
    const page = await enter(browser, 'BCDF-GH0K');
    assertError(page, 422, /no vowels and no numbers/);
    assert.equal(typed(page), 'BCDF-GH0K');
  });

  test('no such code', async () => {
    const page = await enter(browser, 'BCDF-GHJK');
    assertError(page, 404, /does not work/);
    assert.equal(typed(page), 'BCDF-GHJK');
  });

  test('the same for a code of somebody else, which then serves neither (A25, A29)', async () => {
    const { user_code: code, device_code: deviceCode } = await newCode();
    const holder = await somebody();
    const review = await reviewCode(holder, code);
    const unknown = await enter(browser, 'BCDF-GHJL');
    const taken = await enter(browser, code);
    const without = (page: HttpPage) => page.text.replaceAll(typed(page) ?? '', '');
    assert.equal(without(taken), without(unknown));
    assert.equal(taken.status, unknown.status);
    const contested = await holder.open(review.url.pathname);
    assert.equal(contested.status, 409);
    assert.match(contested.text, /Someone else entered the same code/);
    assert.equal((await poll(place.url, 'example-tv', deviceCode)).body.error, 'access_denied');
  });

  test('too many tries: a page with the time by the clock, and Retry-After', async () => {
    const guesser = await somebody();
    for (const last of 'BCDFG') await enter(guesser, `BCDFGHJ${last}`);
    const page = await enter(guesser, 'BCDFGHJH');
    assert.equal(page.status, 429);
    assert.match(page.text, /Too many codes did not work/);
    const [hour, minute] = /from (\d\d):(\d\d) UTC/.exec(page.text)?.slice(1).map(Number) ?? [];
    const wait = Number(page.headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 600, `${wait} s`);
    const then = new Date(place.clock.now() + wait * 1000);
    assert.ok(
      Math.abs((((hour ?? 0) * 60 + (minute ?? 0)) % 1440) - (then.getUTCHours() * 60 + then.getUTCMinutes())) <= 1,
    );
    assert.equal((await enter(guesser, (await newCode()).user_code)).status, 429, 'also for a code that is right');
    place.clock.advance(wait * 1000 + 1000);
    await reviewCode(guesser, (await newCode()).user_code);
  });
});

describe('A4, ux §8: what can become of a request', () => {
  test('ran out while it was read: the one who claimed it is told when', async () => {
    const browser = await somebody();
    const { user_code: code, device_code: deviceCode } = await newCode();
    const review = await reviewCode(browser, code);
    place.clock.advance(minutes(10) + 1000);
    const page = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
    assert.equal(page.status, 410);
    assert.match(page.text, /That code ran out/);
    assert.match(page.text, new RegExp(`${code} worked until \\d\\d:\\d\\d`));
    assert.equal((await poll(place.url, 'example-tv', deviceCode)).body.error, 'expired_token');
    assertError(await enter(await somebody(), code), 404, /does not work/);
  });

  test('already approved by you: the same code leads to the device', async () => {
    const browser = await somebody();
    const { user_code: code } = await newCode();
    await linkCode(browser, code);
    const again = await enter(browser, code);
    assert.equal(again.status, 200);
    assert.match(again.text, /Example TV is now signed in/);
    const device = again.root.querySelector('main a[href^="/devices/"]')?.getAttribute('href');
    assert.match((await browser.open(device ?? '')).text, /Kitchen TV/);
  });

  test('turned down: what happened, what to do, and a report on one press', async () => {
    const browser = await somebody();
    const { user_code: code, device_code: deviceCode } = await newCode();
    const review = await reviewCode(browser, code);
    const stopped = await browser.submit(review, {}, { name: 'decision', value: 'decline' });
    assert.match(stopped.text, /Stopped\. Nothing was linked/);
    assert.ok(stopped.root.querySelector('main a[href="/devices"]'));
    const reported = await browser.submit(stopped, {}, { name: 'decision', value: 'report' });
    assert.match(reported.text, /Thank you for telling us/);
    assert.equal((await poll(place.url, 'example-tv', deviceCode)).body.error, 'access_denied');
  });

  test('a wrong proof keeps the request, names the field and takes the right one', async () => {
    const browser = await somebody();
    const { user_code: code } = await newCode();
    await linkCode(browser, code);
    const second = await newCode();
    const review = await reviewCode(browser, second.user_code);
    const prove = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
    const wrong = await browser.submit(prove, { password: 'wrong horse' });
    assertError(wrong, 422, /That password is not right/);
    assert.match((await browser.submit(wrong, { password: testPassword })).text, /is now signed in/);
  });

  test('signed out meanwhile: signing in comes back to the review', async () => {
    const browser = await somebody();
    const { user_code: code } = await newCode();
    const review = await reviewCode(browser, code);
    browser.cookies.delete('latchkey-session');
    const signin = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
    assert.equal(signin.url.pathname, '/signin');
    const password = await browser.submit(signin, { email: browser.email });
    const back = await browser.submit(password, { password: testPassword });
    assert.ok(back.text.includes(code));
    assert.ok(back.root.querySelector('button[value=approve]'), 'nothing was approved on the way');
  });

  test('another account’s request does not exist for anybody else', async () => {
    const { user_code: code } = await newCode();
    const review = await reviewCode(await somebody(), code);
    const stranger = await somebody();
    const page = await stranger.open(review.url.pathname);
    assert.equal(page.url.pathname, '/link');
    assert.doesNotMatch(page.text, new RegExp(code));
  });
});

describe('ux §8: trouble that nobody typed', () => {
  /** The page after an error leads to one that still has the code. */
  async function assertCodeKept(browser: HttpBrowser, page: HttpPage, code: string): Promise<void> {
    const next = await browser.open(page.root.querySelector('main a.button')?.getAttribute('href') ?? '');
    assert.equal(next.status, 200);
    assert.ok(next.text.includes(code), next.text);
  }

  test('cookies gone: the form is refused and the code kept', async () => {
    const browser = await somebody();
    const entry = await browser.open('/link');
    browser.cookies.clear();
    const page = await browser.submit(entry, { user_code: 'BCDF-GHJK' });
    assert.equal(page.status, 403);
    assert.match(page.text, /open too long/);
    await assertCodeKept(browser, page, 'BCDF-GHJK');
  });

  test('a form that a foreign page sends is refused (F16)', async () => {
    const browser = await somebody();
    const page = await browser.post('/link', { user_code: 'BCDF-GHJK' }, { 'sec-fetch-site': 'cross-site' });
    assert.equal(page.status, 403);
    assert.match(page.text, /open too long/);
  });

  test('the database is away: 503, nothing lost, a reference, and the code kept for another try', async (t) => {
    const postgres = await startRestartablePostgres();
    t.after(() => postgres.remove());
    const server = await startTestApp({ env: { LATCHKEY_DATABASE_URL: postgres.url } });
    t.after(() => server.stop());
    silence(server.app.server);
    await server.createAccount('unlucky@example.org');
    const browser = createHttpBrowser(server.url);
    await signIn(browser, 'unlucky@example.org', testPassword);
    const entry = await browser.open('/link');
    const { user_code: code } = await requestCode(server.url, 'example-tv');
    await postgres.stop();
    const page = await browser.submit(entry, { user_code: code });
    assert.equal(page.status, 503);
    assert.ok(Number(page.headers.get('retry-after')) > 0);
    assert.match(page.text, /Nothing was lost/);
    assert.match(page.text, /reference: [B-Z]{8}/);
    assert.doesNotMatch(page.text, /sql|postgres|connect/i);
    await postgres.start();
    await assertCodeKept(browser, page, code);
  });
});
