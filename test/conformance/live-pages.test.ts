import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { poll, requestCode } from '../helpers/device.ts';
import { type EventStream, openEvents } from '../helpers/event-stream.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** Pages that wait learn by server-sent events what has happened (mission A7; security.md F19). */
describe('a page that waits for the device', () => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;

  before(async () => {
    server = await startTestApp();
    tv = (await server.createClient()).id;
    for (const email of ['sam@example.org', 'kim@example.org']) await server.createAccount(email);
    person = await signedIn('sam@example.org');
  });
  after(() => server.stop());

  async function signedIn(email: string): Promise<HttpBrowser> {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, email, testPassword);
    return browser;
  }
  const watch = (browser: HttpBrowser, path: string): Promise<EventStream> =>
    openEvents(`${server.url}${path}`, {
      cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'sec-fetch-site': 'same-origin',
    });
  const metric = async (line: RegExp): Promise<number> =>
    Number(line.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1] ?? 0);
  const openStreams = () => metric(/^latchkey_event_streams (\d+)$/m);
  const answers = () => metric(/_duration_seconds_count\{[^}]*route="\/link\/:id\/state"[^}]*\} (\d+)$/m);

  it('is told when the device collects', async () => {
    const code = await requestCode(server.url, tv);
    const done = await linkCode(person, code.user_code);
    const stream = await watch(person, `${done.url.pathname}/state`);
    await stream.until('approved');
    assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
    assert.deepEqual(await stream.until('redeemed'), ['approved', 'redeemed']);
    stream.close();
    assert.doesNotMatch((await person.open(done.url.pathname)).html, /data-live/, 'nothing more is awaited');
  });

  it('is told so too of a device that the engine itself answers', async () => {
    const client = await server.createClient({ public: false });
    const [id, secret] = [client.id, client.secret ?? ''];
    const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
    const asked = await fetch(`${server.url}/device_authorization`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ client_id: id, scope: 'openid' }),
    });
    const code = (await asked.json()) as { device_code: string; user_code: string };
    const done = await linkCode(person, code.user_code);
    const stream = await watch(person, `${done.url.pathname}/state`);
    await stream.until('approved');
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code.device_code };
    const body = new URLSearchParams(grant);
    assert.equal((await fetch(`${server.url}/token`, { method: 'POST', headers, body })).status, 200);
    await stream.until('redeemed');
    stream.close();
  });

  it('is told of a decision in another tab', async () => {
    const code = await requestCode(server.url, tv);
    const review = await reviewCode(person, code.user_code);
    const stream = await watch(person, `${review.url.pathname}/state`);
    await stream.until('claimed');
    await person.submit(review, {}, { name: 'decision', value: 'decline' });
    await stream.until('declined');
    stream.close();
  });

  it('F12: is held for the account that claimed the code, and as long as it is signed in', async () => {
    const code = await requestCode(server.url, tv);
    const sam = await signedIn('sam@example.org');
    const done = await linkCode(sam, code.user_code);
    const state = `${done.url.pathname}/state`;
    for (const browser of [await signedIn('kim@example.org'), createHttpBrowser(server.url)]) {
      const stranger = await watch(browser, state);
      assert.match(stranger.headers['content-type'] ?? '', /json/);
      assert.equal(await stranger.ended, '{"state":"unknown"}');
    }
    const stream = await watch(sam, state);
    await stream.until('approved');
    await sam.submit(await sam.open('/signout'), {});
    assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
    assert.match(await stream.ended, /\{"state":"unknown"\}\n\n$/);
  });

  it('is counted while it is open, and not among the answers', async () => {
    while ((await openStreams()) > 0) await new Promise(setImmediate);
    const code = await requestCode(server.url, tv);
    const done = await linkCode(person, code.user_code);
    const stream = await watch(person, `${done.url.pathname}/state`);
    await stream.until('approved');
    assert.equal(await openStreams(), 1);
    const before = await answers();
    stream.close();
    while ((await openStreams()) > 0) await new Promise(setImmediate);
    assert.equal(await answers(), before);
    await person.open(`${done.url.pathname}/state`);
    assert.equal(await answers(), before + 1);
  });
});

describe('a server that stops', () => {
  it('lets its pages go, and stops in time', async () => {
    const server = await startTestApp();
    const browser = createHttpBrowser(server.url);
    await browser.submit(await browser.open('/signup'), { email: 'new@example.org' });
    const stream = await openEvents(`${server.url}/signup/confirm/state`, {
      cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    });
    await stream.until('waiting');
    await server.stop();
    assert.match(await stream.ended, /^retry: \d+\n/);
  });
});
