import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { minutes, seconds } from '../../src/clock.ts';
import { poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** The gaps that were found by probing the engine, each closed and each with its test (security.md K). */
describe('gaps of the engine', () => {
  let server: TestApp;
  let tv: string;

  before(async () => {
    server = await startTestApp();
    tv = (await server.createClient()).id;
    for (const name of ['sam', 'kim', 'lee']) await server.createAccount(`${name}@example.org`);
  });
  after(() => server.stop());

  async function person(name: string): Promise<HttpBrowser> {
    const browser = createHttpBrowser(server.url);
    await signIn(browser, `${name}@example.org`, testPassword);
    return browser;
  }
  const errorOf = async (code: { device_code: string }) => (await poll(server.url, tv, code.device_code)).body.error;

  it('K1: twenty immediate polls: the first is pending, the rest are told to slow down', async () => {
    const code = await requestCode(server.url, tv);
    const answers: unknown[] = [];
    for (let i = 0; i < 20; i++) answers.push(await errorOf(code));
    assert.deepEqual(answers, ['authorization_pending', ...Array(19).fill('slow_down')]);
  });

  it('K1: patience is rewarded: after three polls that keep to it the interval is short again', async () => {
    const code = await requestCode(server.url, tv);
    await errorOf(code);
    assert.equal(await errorOf(code), 'slow_down');
    for (let i = 0; i < 3; i++) {
      server.clock.advance(seconds(11));
      assert.equal(await errorOf(code), 'authorization_pending');
    }
    server.clock.advance(seconds(5));
    assert.equal(await errorOf(code), 'authorization_pending');
  });

  it('K2: the interval is said', async () => {
    assert.equal((await requestCode(server.url, tv)).interval, 5);
  });

  it('K3, K8: nobody signed out can look up, claim or abort a code', async () => {
    const code = await requestCode(server.url, tv);
    const stranger = createHttpBrowser(server.url);
    const right = await stranger.submit(await stranger.open('/link'), { user_code: code.user_code });
    const other = createHttpBrowser(server.url);
    const wrong = await other.submit(await other.open('/link'), { user_code: 'BBBB-BBBB' });
    assert.equal(right.url.pathname, '/signin');
    assert.equal(wrong.url.pathname, '/signin');
    assert.equal(right.status, wrong.status);
    for (const path of [`/L/${code.user_code}`, '/L/BBBB-BBBB']) {
      const page = await createHttpBrowser(server.url).open(path);
      assert.equal(page.status, 200);
      assert.doesNotMatch(page.text, /Acme/);
    }
    await stranger.post('/link', { user_code: code.user_code, decision: 'decline', abort: 'yes' });
    assert.equal(await errorOf(code), 'authorization_pending');
    assert.equal((await reviewCode(await person('sam'), code.user_code)).status, 200);
  });

  it('errors for apps are JSON with their own status, even for one that would rather read HTML (RFC 6749 §5.2)', async () => {
    const likes = { accept: 'text/html,*/*;q=0.8' };
    for (const path of ['/token', '/device_authorization', '/introspect', '/revoke', '/par', '/userinfo']) {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { ...likes, 'content-type': 'application/x-www-form-urlencoded' },
        body: 'client_id=nobody&grant_type=refresh_token&refresh_token=x&token=x',
        redirect: 'manual',
      });
      assert.ok([400, 401].includes(response.status), `${path}: ${response.status}`);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/, path);
      assert.equal(typeof ((await response.json()) as { error: unknown }).error, 'string', path);
    }
    const { status, body } = await poll(server.url, tv, 'unknown', likes);
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  });

  it("K3: the engine's own code pages are not there", async () => {
    // People who know other services type the first, perhaps with a code behind: both lead to pages of ours.
    assert.equal((await createHttpBrowser(server.url).open('/device')).url.pathname, '/link');
    assert.equal((await createHttpBrowser(server.url).open('/device/confirm')).url.pathname, '/L/confirm');
    assert.equal((await createHttpBrowser(server.url).post('/device/confirm', {})).status, 404);
  });

  it('K6, B35: a code issued for a key is not redeemed without it', async () => {
    const code = await requestCode(server.url, tv, { dpop_jkt: 'x'.repeat(43) });
    await linkCode(await person('sam'), code.user_code);
    const { status, body } = await poll(server.url, tv, code.device_code);
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  });

  it('K7: each link is reviewed and proven anew, whatever the session remembers', async () => {
    const sam = await person('sam');
    const first = await requestCode(server.url, tv);
    const linked = await sam.submit(await reviewCode(sam, first.user_code), {}, { name: 'decision', value: 'approve' });
    assert.match(linked.text, /now signed in/, 'the sign-in a moment ago is the proof for the first');
    const second = await requestCode(server.url, tv);
    const review = await reviewCode(sam, second.user_code);
    const prove = await sam.submit(review, {}, { name: 'decision', value: 'approve' });
    assert.ok(prove.root.querySelector('input[name="password"]'), 'the second asks for a proof');
    assert.equal(await errorOf(second), 'authorization_pending');
    const wrong = await sam.submit(prove, { password: 'not this one' });
    assert.ok(wrong.status >= 400);
    assert.equal(await errorOf(second), 'slow_down');
    assert.match((await sam.submit(wrong, { password: testPassword })).text, /now signed in/);
    assert.equal((await poll(server.url, tv, second.device_code)).status, 200);
  });

  it('K7: a proof of a minute ago does not count for a link', async () => {
    const sam = await person('sam');
    server.clock.advance(minutes(1) + 1);
    const code = await requestCode(server.url, tv);
    const next = await sam.submit(await reviewCode(sam, code.user_code), {}, { name: 'decision', value: 'approve' });
    assert.ok(next.root.querySelector('input[name="password"]'));
  });

  it('A25, B25: a second account that types the same code kills it for both', async () => {
    const code = await requestCode(server.url, tv);
    const sam = await person('sam');
    const review = await reviewCode(sam, code.user_code);
    const kim = await person('kim');
    const refused = await kim.submit(await kim.open('/link'), { user_code: code.user_code });
    assert.equal(refused.status, 404);
    const contested = await sam.submit(review, {}, { name: 'decision', value: 'approve' });
    assert.match(contested.text, /Someone else entered the same code/);
    assert.equal(await errorOf(code), 'access_denied');
  });

  it('B25: the same account may come back to its code, from another browser too', async () => {
    const code = await requestCode(server.url, tv);
    await reviewCode(await person('sam'), code.user_code);
    const phone = await person('sam');
    assert.match((await approve(phone, await reviewCode(phone, code.user_code))).text, /now signed in/);
  });

  it('K10, A10: visiting the complete address changes nothing, however often', async () => {
    const code = await requestCode(server.url, tv);
    const sam = await person('sam');
    for (let i = 0; i < 10; i++) await sam.open(`/L/${code.user_code.replaceAll('-', '')}`);
    const kim = await person('kim');
    assert.equal((await reviewCode(kim, code.user_code)).status, 200, 'still free for whoever types it first');
  });

  it('A9, A10: a code that comes with the address of /link is compared first, like a scanned one', async () => {
    const code = await requestCode(server.url, tv);
    const page = await (await person('sam')).open(`/link?user_code=${code.user_code}`);
    assert.match(page.text, /Is this the code on your screen/);
  });

  it('mission A6: a page read for one account approves nothing for another', async () => {
    const code = await requestCode(server.url, tv);
    const sam = await person('sam');
    const review = await reviewCode(sam, code.user_code);
    const csrf = review.root.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '';
    await sam.post(review.url.pathname, { csrf, decision: 'approve', account: 'somebody-else' });
    assert.equal(await errorOf(code), 'authorization_pending');
  });

  it('F20: addresses with a NUL or twice the same parameter are answered without a failure of ours', async () => {
    const sam = await person('sam');
    for (const path of ['/link/%00', '/devices/%00', '/devices?unlinked=%00', '/problem?what=a&what=b', '/problem']) {
      assert.ok((await sam.open(path)).status < 500, path);
    }
  });

  it('K11, B37: no button is focused, "No" comes first and weighs as much', async () => {
    const code = await requestCode(server.url, tv);
    const review = await reviewCode(await person('sam'), code.user_code);
    assert.equal(review.root.querySelector('[autofocus]'), null);
    const buttons = review.root
      .querySelectorAll('button[name="decision"]')
      .map((button) => button.getAttribute('value'));
    assert.deepEqual(buttons, ['decline', 'approve']);
  });

  it('K12: settings that differ from the engine’s', async () => {
    const response = await fetch(`${server.url}/.well-known/openid-configuration`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.deepEqual(metadata.response_modes_supported, ['query', 'fragment', 'form_post']);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.equal(metadata.pushed_authorization_request_endpoint, `${server.url}/par`);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.ok((metadata.id_token_signing_alg_values_supported as string[]).includes('ES256'));
    assert.ok((metadata.id_token_signing_alg_values_supported as string[]).includes('RS256'));
  });

  it('K13: a device cannot choose how fresh the proof must be', async () => {
    const code = await requestCode(server.url, tv, { max_age: '100000', prompt: 'none' });
    const sam = await person('sam');
    server.clock.advance(minutes(2));
    const next = await sam.submit(await reviewCode(sam, code.user_code), {}, { name: 'decision', value: 'approve' });
    assert.ok(next.root.querySelector('input[name="password"]'));
  });

  it('K14: two codes in two tabs do not disturb each other', async () => {
    const sam = await person('sam');
    const [one, two] = [await requestCode(server.url, tv), await requestCode(server.url, tv)];
    const firstTab = await reviewCode(sam, one.user_code);
    const secondTab = await reviewCode(sam, two.user_code);
    await approve(sam, firstTab);
    await sam.submit(secondTab, {}, { name: 'decision', value: 'decline' });
    assert.equal((await poll(server.url, tv, one.device_code)).status, 200);
    assert.equal(await errorOf(two), 'access_denied');
  });

  it('K15: no page asks for anything of another origin, and none has inline script or style', async () => {
    const sam = await person('sam');
    const code = await requestCode(server.url, tv);
    for (const page of [await sam.open('/link'), await reviewCode(sam, code.user_code), await sam.open('/devices')]) {
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.doesNotMatch(page.headers.get('content-security-policy') ?? '', /unsafe/);
      for (const element of page.root.querySelectorAll('[src], link[href]')) {
        const address = element.getAttribute('src') ?? element.getAttribute('href') ?? '';
        assert.match(address, /^\/(?!\/)|^data:/, address);
      }
      assert.equal(page.root.querySelectorAll('style, script:not([src]), [style], [onclick]').length, 0);
    }
  });

  it('A23, F15: what a device says of itself is cleaned, capped and escaped', async () => {
    const code = await requestCode(server.url, tv, {
      device_name: `\u202e<script>alert(1)</script>\u0000${'x'.repeat(500)}`,
      device_model: 'QE55\u200bQ80\nA',
    });
    const review = await reviewCode(await person('sam'), code.user_code);
    assert.doesNotMatch(review.html, /<script>alert|\u202e|x{61}/);
    assert.match(review.html, /&lt;script/);
    assert.match(review.text, /QE55Q80 A/);
  });

  it('B32: a device gets no more than its client may have, however much it asks for', async () => {
    const small = await server.createClient({ name: 'Small', scope: 'openid' });
    const form = { client_id: small.id, scope: 'openid email' };
    const { body } = await postForm(`${server.url}/device_authorization`, form);
    if (body.error) assert.equal(body.error, 'invalid_scope');
    else {
      await linkCode(await person('lee'), String(body.user_code));
      assert.equal((await poll(server.url, small.id, String(body.device_code))).body.scope, 'openid');
    }
  });

  it('MSAL: the short name of the grant, as one well-known client sends it, works', async () => {
    const code = await requestCode(server.url, tv);
    const form = { grant_type: 'device_code', device_code: code.device_code, client_id: tv };
    assert.equal((await postForm(`${server.url}/token`, form)).body.error, 'authorization_pending');
  });
});
