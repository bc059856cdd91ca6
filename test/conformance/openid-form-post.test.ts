import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHttpBrowser } from '../helpers/http-browser.ts';
import { testBasicPlan } from '../helpers/openid-basic-plan.ts';
import { registerRelyingParty } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const email = 'sam@example.org';
const formPost = { response_mode: 'form_post' };

describe('OpenID conformance: Form Post Basic', () => testBasicPlan('form_post'));

describe('fault C4: OAuth 2.0 Form Post Response Mode', () => {
  let server: TestApp;
  before(async () => {
    server = await startTestApp();
    await server.createAccount(email);
  });
  after(() => server.stop());

  it('is in the metadata, which says what is so', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const metadata = await (await fetch(`${server.url}/.well-known/${name}`)).json();
      assert.deepEqual((metadata as Record<string, unknown>).response_modes_supported, [
        'query',
        'fragment',
        'form_post',
      ]);
    }
  });

  it('whatever the app sends as state is a value and nothing else', async () => {
    const app = await registerRelyingParty(server);
    for (const state of [
      '"><script>alert(1)</script>',
      "'&amp;&quot;",
      '</form><form action=https://evil.example>',
      ' ',
    ]) {
      const { page, response } = await app.authorize(createHttpBrowser(server.url), {
        ...formPost,
        ...{ state, prompt: 'none' },
      });
      assert.equal(response.state, state);
      assert.equal(page.status, 200);
      assert.equal(page.root.querySelectorAll('form').length, 1);
      assert.equal(page.root.querySelectorAll('script:not([src])').length, 0);
    }
  });

  it('the page is for the origin of the redirect URI alone, is kept nowhere, and comes with our headers', async () => {
    const ports = 'http://127.0.0.1/callback';
    const app = await registerRelyingParty(server, { redirectUris: ['https://app.example:8443/cb?x=1', ports] });
    for (const [redirect_uri, origin] of [
      ['https://app.example:8443/cb?x=1', 'https://app.example:8443'],
      // RFC 8252 §7.3: the port of an app on the person's own machine
      ['http://127.0.0.1:40123/callback', 'http://127.0.0.1:40123'],
    ]) {
      const asked = { ...formPost, redirect_uri, prompt: 'none' };
      const page = await app.ask(createHttpBrowser(server.url), asked);
      assert.equal(page.root.querySelector('form')?.getAttribute('action'), redirect_uri);
      const policy = page.headers.get('content-security-policy') ?? '';
      assert.match(policy, /script-src 'self';.*frame-ancestors 'none'/);
      assert.equal(/form-action ([^;]*)/.exec(policy)?.[1], origin);
      assert.match(page.headers.get('cache-control') ?? '', /no-store/);
      assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(page.headers.get('x-frame-options'), 'DENY');
    }
  });

  it("the engine's cookies come with the page: the next request is answered silently", async () => {
    const app = await registerRelyingParty(server);
    const person = createHttpBrowser(server.url);
    await app.signIn(person, formPost, { email });
    const again = await app.signIn(person, { ...formPost, prompt: 'none' });
    assert.deepEqual(again.steps, []);
  });

  it('nothing is posted to an app by its scheme (RFC 8252 §7.1): refused at once, in a way that reaches it', async () => {
    const redirect = 'com.example.photos:/callback';
    const app = await registerRelyingParty(server, { public: true, redirectUris: [redirect] });
    const page = await app.ask(createHttpBrowser(server.url), formPost);
    assert.equal(page.url.protocol + page.url.pathname, redirect);
    assert.equal(page.url.searchParams.get('error'), 'invalid_request');
    assert.equal(page.url.searchParams.get('iss'), server.url);
  });

  it('a request that cannot be answered there gets a page of error, as in every mode', async () => {
    const app = await registerRelyingParty(server);
    const person = createHttpBrowser(server.url);
    const page = await app.ask(person, { ...formPost, redirect_uri: 'https://evil.example/' });
    assert.deepEqual([page.status, page.url.origin], [400, server.url]);
    assert.equal(page.root.querySelector('form[data-press]'), null);
    // OAuth 2.0 Multiple Response Types §5: a mode that is none of ours
    const { response } = await app.authorize(person, { response_mode: 'web_message' });
    assert.equal(response.error, 'unsupported_response_mode');
  });
});
