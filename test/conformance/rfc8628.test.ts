import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { minutes, seconds } from '../../src/clock.ts';
import { deviceCodeGrant, poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** One test for each MUST of RFC 8628 §3.1–§3.5 that binds an authorization server, named after it. */
describe('RFC 8628', () => {
  let server: TestApp;
  let tv: string;
  let secretClient: { id: string; secret: string };
  let person: HttpBrowser;
  const endpoint = () => `${server.url}/device_authorization`;

  before(async () => {
    server = await startTestApp();
    tv = (await server.createClient()).id;
    const confidential = await server.createClient({ public: false, name: 'Acme Box' });
    secretClient = { id: confidential.id, secret: confidential.secret ?? '' };
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  describe('§3.1 device authorization request', () => {
    it('MUST be sent by POST with form parameters: GET and JSON are refused (A1)', async () => {
      const byGet = await fetch(`${endpoint()}?client_id=${tv}`);
      assert.equal(byGet.status, 405);
      const byJson = await fetch(endpoint(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: tv }),
      });
      assert.equal(byJson.status, 415);
      assert.equal(((await byJson.json()) as { error: string }).error, 'invalid_request');
    });

    it('client authentication requirements apply: a confidential client MUST authenticate (A3)', async () => {
      const { id, secret } = secretClient;
      const none = await postForm(endpoint(), { client_id: id });
      assert.deepEqual([none.status, none.body.error], [401, 'invalid_client']);
      const wrong = await postForm(endpoint(), { client_id: id, client_secret: 'wrong' });
      assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_client']);
      const right = await postForm(endpoint(), { client_id: id, client_secret: secret });
      assert.equal(right.status, 200);
    });

    it('client_id is REQUIRED of a client that does not authenticate', async () => {
      const answer = await postForm(endpoint(), { scope: 'openid' });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'invalid_request');
    });

    it('parameters without a value MUST be treated as omitted (A2)', async () => {
      const answer = await postForm(endpoint(), { client_id: tv, scope: '' });
      assert.equal(answer.status, 200);
    });

    it('unrecognised parameters MUST be ignored (A2)', async () => {
      const answer = await postForm(endpoint(), { client_id: tv, scope: 'openid', unheard_of: 'yes' });
      assert.equal(answer.status, 200);
    });

    it('parameters MUST NOT be included more than once (A2)', async () => {
      for (const twice of ['client_id', 'scope']) {
        const answer = await postForm(endpoint(), [
          ['client_id', tv],
          ['scope', 'openid'],
          [twice, twice === 'scope' ? 'openid' : tv],
        ]);
        assert.equal(answer.status, 400, twice);
        assert.equal(answer.body.error, 'invalid_request', twice);
      }
      for (const fields of ['scope=&scope=openid', 'scope=openid&scope=', 'device_name=&device_name=TV']) {
        const request = new URLSearchParams(`client_id=${tv}&${fields}`);
        const answer = await postForm(endpoint(), [...request]);
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], fields);
      }
    });

    it('an unknown client is refused', async () => {
      const answer = await postForm(endpoint(), { client_id: 'nobody' });
      assert.equal(answer.body.error, 'invalid_client');
    });

    it('a client that may not use this grant is refused', async () => {
      const web = await server.createClient({
        grants: ['authorization_code'],
        redirectUris: ['https://app.example/cb'],
      });
      const answer = await postForm(endpoint(), { client_id: web.id });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'unauthorized_client');
    });
  });

  describe('§3.2 device authorization response', () => {
    it('is 200 JSON with the REQUIRED members, an interval, and is not cached (A4, A5, K2)', async () => {
      const { status, headers, body } = await postForm(endpoint(), { client_id: tv, scope: 'openid' });
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.match(String(body.device_code), /^[A-Za-z0-9_-]{43,}$/);
      assert.match(String(body.user_code), /^[BCDFGHJKLMNPQRSTVWXZ-]{9,}$/);
      assert.equal(body.verification_uri, `${server.url}/link`);
      assert.equal(body.expires_in, 600);
      assert.equal(body.interval, 5);
    });

    it('verification_uri does not hold the code, verification_uri_complete does (§3.3.1, A6)', async () => {
      const { body } = await postForm(endpoint(), { client_id: tv });
      const code = String(body.user_code).replaceAll('-', '');
      assert.ok(!String(body.verification_uri).includes(code));
      assert.equal(body.verification_uri_complete, `${server.url}/L/${code}`);
    });

    it('device codes are unguessable and unique, user codes are unique (A21)', async () => {
      const codes = await Promise.all(Array.from({ length: 50 }, () => requestCode(server.url, tv)));
      assert.equal(new Set(codes.map((code) => code.device_code)).size, 50);
      assert.equal(new Set(codes.map((code) => code.user_code)).size, 50);
    });
  });

  describe('§3.3 user interaction', () => {
    it('the person MUST be able to type the code at verification_uri (A7)', async () => {
      const code = await requestCode(server.url, tv);
      const page = await linkCode(person, code.user_code);
      assert.match(page.text, /now signed in as sam/);
    });

    it('the server says what is asked before it asks for consent, and offers to decline (A8)', async () => {
      const code = await requestCode(server.url, tv, { device_name: 'Living room' });
      const review = await reviewCode(person, code.user_code);
      assert.match(review.text, /Acme TV/);
      assert.match(review.text, /Living room/);
      assert.ok(review.text.includes(code.user_code));
      assert.ok(review.root.querySelector('button[name="decision"][value="decline"]'));
    });

    it('§3.3.1: verification_uri_complete shows the code for comparison and MUST NOT approve by itself (A9, A10)', async () => {
      const code = await requestCode(server.url, tv);
      const letters = code.user_code.replaceAll('-', '');
      for (let visit = 0; visit < 10; visit++) {
        const page = await person.open(`/L/${letters.toLowerCase()}`);
        assert.equal(page.status, 200);
        assert.ok(page.text.includes(code.user_code));
      }
      server.clock.advance(seconds(5));
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
      const page = await person.open(`/L/${letters}`);
      const review = await person.submit(page, { user_code: letters });
      assert.match((await approve(person, review)).text, /now signed in/);
    });
  });

  describe('§3.4 device access token request', () => {
    it('grant_type MUST be the URN, device_code is REQUIRED', async () => {
      const code = await requestCode(server.url, tv);
      const otherGrant = await postForm(`${server.url}/token`, {
        grant_type: 'urn:example:device',
        device_code: code.device_code,
        client_id: tv,
      });
      assert.equal(otherGrant.body.error, 'unsupported_grant_type');
      const noCode = await postForm(`${server.url}/token`, { grant_type: deviceCodeGrant, client_id: tv });
      assert.equal(noCode.body.error, 'invalid_request');
    });

    it('client_id is REQUIRED, and a confidential client MUST authenticate', async () => {
      const { body: code } = await postForm(endpoint(), {
        client_id: secretClient.id,
        client_secret: secretClient.secret,
      });
      const form = { grant_type: deviceCodeGrant, device_code: String(code.device_code) };
      const noClient = await postForm(`${server.url}/token`, form);
      assert.equal(noClient.body.error, 'invalid_request');
      const noSecret = await postForm(`${server.url}/token`, { ...form, client_id: secretClient.id });
      assert.notEqual(noSecret.body.error, 'authorization_pending');
      const wrong = await postForm(`${server.url}/token`, { ...form, client_id: secretClient.id, client_secret: 'no' });
      assert.equal(wrong.body.error, 'invalid_client');
      const right = await postForm(`${server.url}/token`, {
        ...form,
        client_id: secretClient.id,
        client_secret: secretClient.secret,
      });
      assert.equal(right.body.error, 'authorization_pending');
    });

    it('the code MUST have been issued to this client (A11)', async () => {
      const other = await server.createClient({ name: 'Other' });
      const code = await requestCode(server.url, tv);
      assert.equal((await poll(server.url, other.id, code.device_code)).body.error, 'invalid_grant');
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
    });
  });

  describe('§3.5 device access token response', () => {
    it('authorization_pending while the person has not decided', async () => {
      const code = await requestCode(server.url, tv);
      const { status, headers, body } = await poll(server.url, tv, code.device_code);
      assert.equal(status, 400);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.deepEqual([body.error, typeof body.error_description], ['authorization_pending', 'string']);
    });

    it('slow_down when polled too fast; the interval MUST grow by 5 seconds for all later requests (A13, K1)', async () => {
      const code = await requestCode(server.url, tv);
      const ask = async (after: number) => {
        server.clock.advance(after);
        return (await poll(server.url, tv, code.device_code)).body.error;
      };
      assert.equal(await ask(0), 'authorization_pending');
      assert.equal(await ask(seconds(1)), 'slow_down');
      assert.equal(await ask(seconds(6)), 'slow_down');
      assert.equal(await ask(seconds(15)), 'authorization_pending');
    });

    it('slow_down is never said once the person has decided', async () => {
      const code = await requestCode(server.url, tv);
      await poll(server.url, tv, code.device_code);
      await linkCode(person, code.user_code);
      const { status, body } = await poll(server.url, tv, code.device_code);
      assert.equal(status, 200);
      assert.ok(body.access_token);
    });

    it('tokens after approval, as RFC 6749 §5.1 has them', async () => {
      const code = await requestCode(server.url, tv);
      await linkCode(person, code.user_code);
      const { status, headers, body } = await poll(server.url, tv, code.device_code);
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(body.token_type, 'Bearer');
      assert.equal(body.expires_in, 600);
      for (const token of ['access_token', 'refresh_token', 'id_token']) assert.equal(typeof body[token], 'string');
      assert.equal(body.scope, 'openid profile email offline_access');
    });

    it('access_denied after the person declined, once; then the code is dead (A14)', async () => {
      const code = await requestCode(server.url, tv);
      const review = await reviewCode(person, code.user_code);
      const stopped = await person.submit(review, {}, { name: 'decision', value: 'decline' });
      assert.match(stopped.text, /Nothing was linked/);
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'access_denied');
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'invalid_grant');
    });

    it('expired_token after ten minutes (A24, B24)', async () => {
      const code = await requestCode(server.url, tv);
      server.clock.advance(minutes(10));
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'expired_token');
    });

    it('a code that was never issued is invalid_grant', async () => {
      assert.equal((await poll(server.url, tv, 'A'.repeat(43))).body.error, 'invalid_grant');
    });
  });

  it('§4: the endpoint and the grant are published (A17)', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const response = await fetch(`${server.url}/.well-known/${path}`);
      const metadata = (await response.json()) as Record<string, unknown>;
      assert.equal(metadata.device_authorization_endpoint, endpoint());
      assert.ok((metadata.grant_types_supported as string[]).includes(deviceCodeGrant));
      assert.equal(metadata.issuer, server.url);
    }
  });
});
