import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ProtocolMode, PublicClientApplication } from '@azure/msal-node';
import { introspect } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { type Mailbox, startMailbox } from '../helpers/mailbox.ts';
import { freePort } from '../helpers/servers.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';
import { startTlsFront, type TlsFront } from '../helpers/tls-front.ts';

const email = 'sam@example.org';

/**
 * Microsoft's library, unmodified, behind TLS as in production. It ignores the metadata's device authorization endpoint,
 * sends the grant's short name, and gives up at the first error that is not `authorization_pending`.
 */
describe('@azure/msal-node', () => {
  let front: TlsFront;
  let server: TestApp;
  let mailbox: Mailbox;
  let accountId: string;
  const answers: string[] = [];
  const waiting = new Set<() => void>();

  /** Resolves once the front has given this answer. */
  const answered = (answer: string) =>
    new Promise<void>((resolve) => {
      const look = () => answers.includes(answer) && resolve();
      waiting.add(look);
      look();
    });

  before(async () => {
    const [outside, inside] = [await freePort(), await freePort()];
    mailbox = await startMailbox();
    front = await startTlsFront({
      port: outside,
      target: inside,
      answered(path, status) {
        // Microsoft adds a query to the token endpoint.
        answers.push(`${path.split('?', 1)[0]} ${status}`);
        for (const look of waiting) look();
      },
    });
    server = await startTestApp({
      port: inside,
      env: {
        LATCHKEY_ISSUER: front.url,
        LATCHKEY_SECRET: randomBytes(32).toString('base64'),
        LATCHKEY_SMTP_URL: mailbox.url,
        LATCHKEY_TRUSTED_PROXIES: '127.0.0.1',
      },
    });
    accountId = await server.createAccount(email);
  });
  after(async () => {
    await front.stop();
    await server.stop();
    await mailbox.close();
  });

  it('A13, K1: links by the device code flow at its own pace, says who it is, and refreshes silently', async () => {
    const { id: clientId } = await server.createClient({ name: 'Acme CLI' });
    const application = new PublicClientApplication({
      auth: { clientId, authority: front.url, knownAuthorities: [new URL(front.url).host] },
      system: { protocolMode: ProtocolMode.OIDC },
    });
    const person = createHttpBrowser(front.url);
    await signIn(person, email, testPassword);

    let approved = Promise.resolve();
    const first = await application.acquireTokenByDeviceCode({
      scopes: ['email'],
      timeout: 60,
      deviceCodeCallback({ userCode, verificationUri, interval, message }) {
        assert.ok(message.includes(userCode), 'the sentence that its samples print');
        assert.deepEqual([verificationUri, interval], [`${front.url}/link`, 5]);
        approved = answered('/token 400').then(async () => void (await linkCode(person, userCode)));
      },
    });
    await approved;
    assert.ok(first?.account);
    assert.equal(first.account.username, email);
    assert.equal(first.account.homeAccountId.split('.')[0], accountId);
    assert.equal(first.idTokenClaims && 'iss' in first.idTokenClaims && first.idTokenClaims.iss, front.url);
    assert.equal((await introspect(front.url, clientId, first.accessToken)).body.active, true);

    const cached = await application.acquireTokenSilent({ account: first.account, scopes: ['email'] });
    assert.equal(cached.accessToken, first.accessToken);
    for (let round = 0; round < 2; round++) {
      const fresh = await application.acquireTokenSilent({
        account: first.account,
        scopes: ['email'],
        forceRefresh: true,
      });
      assert.notEqual(fresh.accessToken, first.accessToken);
      assert.equal((await introspect(front.url, clientId, fresh.accessToken)).body.active, true);
    }
    assert.deepEqual(
      answers.filter((answer) => /^\/(devicecode|token)/.test(answer)),
      ['/devicecode 200', '/token 400', '/token 200', '/token 200', '/token 200'],
    );
  });
});
