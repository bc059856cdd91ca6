import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { poll, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** Instant completion: RFC 7240 `Prefer: wait`, in the manner of CIBA Core §10.1 (security.md D5). */
describe('a poll that would rather wait', () => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;
  const waiting = (code: { device_code: string }, prefer = 'wait=25') =>
    poll(server.url, tv, code.device_code, { prefer });

  before(async () => {
    server = await startTestApp();
    tv = (await server.createClient()).id;
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  it('is answered by the tokens as soon as the person approves, and says that it waited', async () => {
    const code = await requestCode(server.url, tv);
    const held = waiting(code);
    await linkCode(person, code.user_code);
    const { status, headers, body } = await held;
    assert.equal(status, 200);
    assert.equal(headers.get('preference-applied'), 'wait=25');
    assert.equal(typeof body.access_token, 'string');
  });

  it('is answered at once when the person declines', async () => {
    const code = await requestCode(server.url, tv);
    const held = waiting(code);
    await person.submit(await reviewCode(person, code.user_code), {}, { name: 'decision', value: 'decline' });
    assert.equal((await held).body.error, 'access_denied');
  });

  it('is pending when the time is over', async () => {
    const code = await requestCode(server.url, tv);
    const { headers, body } = await waiting(code, 'respond-async, wait=1');
    assert.equal(headers.get('preference-applied'), 'wait=1');
    assert.equal(body.error, 'authorization_pending');
  });

  it('is not held when it comes too soon, or when the preference makes no sense', async () => {
    const code = await requestCode(server.url, tv);
    assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
    assert.equal((await waiting(code)).body.error, 'slow_down');
    const other = await requestCode(server.url, tv);
    const { headers, body } = await waiting(other, 'wait=soon');
    assert.deepEqual([headers.get('preference-applied'), body.error], [null, 'authorization_pending']);
  });

  it('gives way to the next poll of the same device, which has given up on it', async () => {
    const code = await requestCode(server.url, tv);
    const first = waiting(code);
    // Asked without the header, the second answers at once whether or not the first has arrived.
    while (server.app.held() === 0) await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(10_000);
    const second = waiting(code);
    assert.equal((await first).body.error, 'authorization_pending');
    await linkCode(person, code.user_code);
    assert.equal((await second).status, 200);
  });

  it('is forgotten when the device hangs up', async () => {
    const code = await requestCode(server.url, tv);
    const hangUp = new AbortController();
    const request = fetch(`${server.url}/token`, {
      method: 'POST',
      headers: { prefer: 'wait=25' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: code.device_code,
        client_id: tv,
      }),
      signal: hangUp.signal,
    });
    while (server.app.held() === 0) await new Promise((resolve) => setImmediate(resolve));
    hangUp.abort();
    await assert.rejects(request);
    while (server.app.held() > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is released when the server is told to stop', async () => {
    const code = await requestCode(server.url, tv);
    const held = waiting(code);
    while (server.app.held() === 0) await new Promise((resolve) => setImmediate(resolve));
    server.app.drain();
    assert.equal((await held).body.error, 'authorization_pending');
    // RFC 7240 §3: it does not say of a poll that it waited when it did not.
    const { headers, body } = await waiting(await requestCode(server.url, tv));
    assert.deepEqual([headers.get('preference-applied'), body.error], [null, 'authorization_pending']);
  });
});
