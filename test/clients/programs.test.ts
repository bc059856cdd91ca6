import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { NewClient } from '../../src/clients/clients.ts';
import { signInToApp } from '../helpers/app-sign-in.ts';
import { type Person, runClientProgram } from '../helpers/client-program.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { type Mailbox, startMailbox } from '../helpers/mailbox.ts';
import { freePort } from '../helpers/servers.ts';
import { callback, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';
import { startTlsFront, type TlsFront } from '../helpers/tls-front.ts';

const email = 'sam@example.org';

/** Libraries as they are published, each in a program of its own, against a server behind TLS as in production. */
describe('fault C9: libraries of others', () => {
  let front: TlsFront;
  let server: TestApp;
  let mailbox: Mailbox;
  let accountId: string;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-programs-'));
  const certificate = join(folder, 'certificate.pem');

  before(async () => {
    const [outside, inside] = [await freePort(), await freePort()];
    mailbox = await startMailbox();
    front = await startTlsFront({ port: outside, target: inside });
    writeFileSync(certificate, front.certificate);
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
    rmSync(folder, { recursive: true });
  });

  const person = (): Person => ({
    open: async (address) => (await signInToApp(createHttpBrowser(front.url), address, { email })).callback,
    async enter(userCode) {
      const browser = createHttpBrowser(front.url);
      await signIn(browser, email, testPassword);
      await linkCode(browser, userCode);
    },
  });

  const run = async (file: string, more: Partial<NewClient> = {}) => {
    const [tv, web] = [await server.createClient(), await server.createClient({ ...webApp, ...more })];
    const settings = { issuer: front.url, tv, web, callback };
    return runClientProgram({ file, settings, certificate, person: person() });
  };

  it('fault C9: Authlib links a terminal and signs in to an app, with PKCE where it is named', async () => {
    assert.deepEqual(await run('authlib_client.py'), {
      pending: 'authorization_pending',
      rotated: true,
      active: [true, false],
      claims: [true, true, true],
      subjects: [accountId, accountId, accountId],
    });
  });

  it('fault C9: oauthlib links a terminal once its request is in the body, and signs in to an app', async () => {
    assert.deepEqual(await run('oauthlib_client.py'), {
      as_prepared: 400,
      pending: 'authorization_pending',
      rotated: true,
      revoked: 200,
      ended: 401,
      subjects: [accountId, accountId],
    });
  });

  it('fault C9: MSAL Python links a terminal and signs in to an app, with <issuer>/. as its authority', async () => {
    assert.deepEqual(await run('msal_client.py'), {
      pending: 'authorization_pending',
      username: email,
      refreshed: [true, true],
      subjects: [accountId, accountId],
    });
  });

  it('fault C9: oauth4webapi links a terminal and signs in to an app', async () => {
    assert.deepEqual(await run('oauth4webapi-client.mjs'), {
      pending: 'authorization_pending',
      rotated: true,
      active: [true, false],
      subjects: [accountId, accountId],
    });
  });

  it('fault C9: simple-oauth2 signs in to an app that adds PKCE, refreshes and revokes', async () => {
    assert.deepEqual(await run('simple-oauth2-client.mjs'), {
      state: true,
      refreshed: true,
      ended: 401,
      subjects: [accountId],
    });
  });

  it('fault C9: passport-openidconnect, which knows no PKCE, signs in to an app for which a nonce is enough', async () => {
    const { profile } = await run('passport-openidconnect-client.mjs', { pkceOptional: true });
    assert.deepEqual(profile, { id: accountId, emails: [{ value: email }] });
    const refused = await run('passport-openidconnect-client.mjs');
    assert.match(String(refused.answer), /requires PKCE/);
  });
});
