import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import * as client from 'openid-client';
import { signInToApp } from '../helpers/app-sign-in.ts';
import { deviceCodeGrant } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { type Mailbox, startMailbox } from '../helpers/mailbox.ts';
import { freePort } from '../helpers/servers.ts';
import { authorizationRequest, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';
import { startTlsFront, type TlsFront } from '../helpers/tls-front.ts';

const email = 'sam@example.org';

/** As in production: https outside, a proxy that says so, Secure cookies, and a client that insists on TLS. */
describe('openid-client over TLS', () => {
  let front: TlsFront;
  let server: TestApp;
  let mailbox: Mailbox;

  before(async () => {
    const [port, target] = [await freePort(), await freePort()];
    mailbox = await startMailbox();
    front = await startTlsFront({ port, target });
    server = await startTestApp({
      port: target,
      env: {
        LATCHKEY_ISSUER: front.url,
        LATCHKEY_SECRET: randomBytes(32).toString('base64'),
        LATCHKEY_SMTP_URL: mailbox.url,
        LATCHKEY_TRUSTED_PROXIES: '127.0.0.1',
      },
    });
    await server.createAccount(email);
  });
  after(async () => {
    await front.stop();
    await server.stop();
    await mailbox.close();
  });

  it('C14, E36: a sign-in to an app, silent the second time, with cookies that only https carries', async () => {
    const { id, secret } = await server.createClient(webApp);
    const config = await client.discovery(new URL(front.url), id, secret);
    const person = createHttpBrowser(front.url);
    const { url, checks } = await authorizationRequest(config);
    const { steps, callback } = await signInToApp(person, url, { email });
    assert.deepEqual(steps, ['email', 'password', 'permissions']);
    const tokens = await client.authorizationCodeGrant(config, callback, checks);
    assert.equal(tokens.claims()?.iss, front.url);
    assert.ok(person.cookies.has('__Host-latchkey-session'));

    const again = await authorizationRequest(config, { prompt: 'none' });
    const page = await person.open(again.url.href);
    assert.ok((await client.authorizationCodeGrant(config, page.url, again.checks)).access_token);
    for (const line of [...page.headers.getSetCookie(), ...(await person.open('/signin')).headers.getSetCookie()]) {
      assert.match(line, /; secure/i);
      assert.match(line, /; httponly/i);
    }
  });

  it('C24: proofs name the public address, not the one behind the proxy', async () => {
    const { id } = await server.createClient();
    const config = await client.discovery(new URL(front.url), id, undefined, client.None());
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const code = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
    assert.equal(code.verification_uri, `${front.url}/link`);
    const person = createHttpBrowser(front.url);
    await signIn(person, email, testPassword);
    await linkCode(person, code.user_code);
    const tokens = await client.genericGrantRequest(
      config,
      deviceCodeGrant,
      { device_code: code.device_code },
      { DPoP },
    );
    assert.equal(tokens.token_type, 'dpop');
    await mailbox.waitFor(email);
  });
});
