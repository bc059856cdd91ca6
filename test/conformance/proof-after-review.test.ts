import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { minutes } from '../../src/clock.ts';
import { poll, postForm, type RequestedCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** A proxy that says who is where. */
const env = { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1', LATCHKEY_COUNTRY_HEADER: 'x-country' };
const sam = 'sam@example.org';
const at = (network: string, country: string) => ({ 'x-forwarded-for': network, 'x-country': country });
const home = at('192.0.2.7', 'DE');

/** Everything that makes a request another than the one of a person in front of their own screen. */
const strange: Record<string, { device: Record<string, string>; later?: number }> = {
  'another network': { device: at('198.51.100.7', 'DE') },
  'another country': { device: at('198.51.100.7', 'NG') },
  'a code of six minutes ago': { device: home, later: minutes(6) },
  'another network, six minutes ago': { device: at('198.51.100.7', 'DE'), later: minutes(6) },
  'the other kind of address': { device: at('2001:db8:7::7', 'DE') },
};

let server: TestApp;
let tv: string;

before(async () => {
  server = await startTestApp({ env });
  tv = (await server.createClient()).id;
  await server.createAccount(sam);
});
after(() => server.stop());

async function codeFrom(headers: Record<string, string>): Promise<RequestedCode> {
  const form = { client_id: tv, scope: 'openid' };
  return (await postForm(`${server.url}/device_authorization`, form, headers)).body as unknown as RequestedCode;
}

/** What a lure leads to: the code typed first, then the sign-in, and its answer is the review. */
async function lured(headers: Record<string, string>, code: RequestedCode): Promise<[HttpBrowser, HttpPage]> {
  const browser = createHttpBrowser(server.url, headers);
  await browser.submit(await browser.open('/link'), { user_code: code.user_code });
  return [browser, await signIn(browser, sam, testPassword)];
}

/** Everything but the proof: the question where the code is seen, if it is asked, and yes. */
async function saysYes(browser: HttpBrowser, page: HttpPage): Promise<HttpPage> {
  const asked = page.root.querySelector('input[name="seen"][value="yes"][type="radio"]') !== null;
  const review = asked ? await browser.submit(page, { seen: 'yes' }, { name: 'decision', value: 'look' }) : page;
  return browser.submit(review, {}, { name: 'decision', value: 'approve' });
}

const pollOf = async (code: RequestedCode) => (await poll(server.url, tv, code.device_code)).body;

for (const [name, { device, later = 0 }] of Object.entries(strange)) {
  test(`fault A8: after a sign-in of this moment, the review of ${name} still takes a proof of its own`, async () => {
    const code = await codeFrom(device);
    server.clock.advance(later);
    const [browser, review] = await lured(home, code);
    const asked = await saysYes(browser, review);
    assert.match(asked.url.pathname, /^\/link\/[^/]+\/prove$/, asked.text);
    assert.match(String((await pollOf(code)).error), /authorization_pending|slow_down/);
    const wrong = await browser.submit(asked, { password: 'not the password at all' });
    assert.equal(wrong.status, 422);
    assert.match(String((await pollOf(code)).error), /authorization_pending|slow_down/);
    assert.match((await browser.submit(wrong, { password: testPassword })).text, /now signed in/);
    assert.equal((await pollOf(code)).error, undefined);
  });
}

test('fault A8: beside the device nothing more is asked of whoever has just signed in', async () => {
  const code = await codeFrom(home);
  const [browser, review] = await lured(home, code);
  assert.match((await saysYes(browser, review)).text, /now signed in/);
  assert.equal((await pollOf(code)).error, undefined);
});

test('fault A8: a proof made for one review is of no use for the next', async () => {
  const first = await codeFrom(strange['another network']?.device ?? {});
  const [browser, review] = await lured(home, first);
  const done = await browser.submit(await saysYes(browser, review), { password: testPassword });
  assert.match(done.text, /now signed in/);
  const second = await codeFrom(home);
  const next = await browser.submit(await browser.open('/link'), { user_code: second.user_code });
  assert.match((await saysYes(browser, next)).url.pathname, /^\/link\/[^/]+\/prove$/);
});
