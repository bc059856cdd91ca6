import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { UserManager, UserManagerSettings } from 'oidc-client-ts';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { introspect } from '../helpers/device.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const email = 'sam@example.org';
const library = fileURLToPath(import.meta.resolve('oidc-client-ts')).replace(
  'esm/oidc-client-ts.js',
  'browser/oidc-client-ts.min.js',
);

declare global {
  /** What the page below puts there. */
  var manager: UserManager;
}

/** An app that is nothing but a page: no server of its own, no secret, tokens asked for by its script. */
describe('fault C9: oidc-client-ts in Chromium', () => {
  let server: TestApp;
  let accountId: string;
  let browser: Browser;
  let page: Page;
  let app: Server;
  let origin: string;

  before(async () => {
    server = await startTestApp();
    accountId = await server.createAccount(email);
    const script = readFileSync(library);
    app = createServer((request, response) => {
      const [type, body] =
        request.url === '/oidc-client.js'
          ? ['text/javascript', script]
          : ['text/html', '<!doctype html><script src="/oidc-client.js"></script>'];
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    origin = `http://localhost:${(app.address() as AddressInfo).port}`;
    browser = await launchChromium();
    page = await browser.newPage();
  });
  after(async () => {
    await browser?.close();
    app?.close();
    await server?.stop();
  });

  it('fault C9: signs in, reads who it is, refreshes, revokes and signs out', async () => {
    const { id } = await server.createClient({
      name: 'Acme Photos',
      grants: ['authorization_code', 'refresh_token'],
      redirectUris: [`${origin}/callback`],
      webOrigins: [origin],
      postLogoutRedirectUris: [`${origin}/bye`],
    });
    const settings: UserManagerSettings = {
      authority: server.url,
      client_id: id,
      redirect_uri: `${origin}/callback`,
      post_logout_redirect_uri: `${origin}/bye`,
      scope: 'openid email offline_access',
      prompt: 'consent',
      loadUserInfo: true,
      automaticSilentRenew: false,
      revokeTokenTypes: ['refresh_token'],
    };
    const start = () =>
      page.evaluate((given) => {
        globalThis.manager = new (
          globalThis as unknown as { oidc: { UserManager: typeof UserManager } }
        ).oidc.UserManager(given);
      }, settings);

    await page.goto(origin);
    await start();
    // Its promise ends with the page.
    await page.evaluate(() => void globalThis.manager.signinRedirect());
    await page.fill('input[name="email"]', email);
    await page.keyboard.press('Enter');
    await page.fill('input[name="password"]', testPassword);
    await page.keyboard.press('Enter');
    await page.click('button[name="decision"][value="approve"]');
    await page.waitForURL(`${origin}/callback?*`);

    await start();
    const first = await page.evaluate(async () => {
      const user = await globalThis.manager.signinCallback();
      return { ...user?.profile, token: user?.access_token ?? '' };
    });
    assert.deepEqual([first.sub, first.email], [accountId, email]);

    const second = await page.evaluate(async () => (await globalThis.manager.signinSilent())?.access_token ?? '');
    assert.notEqual(second, first.token);
    assert.equal((await introspect(server.url, id, second)).body.active, true);

    await page.evaluate(() => globalThis.manager.revokeTokens());
    assert.equal((await introspect(server.url, id, second)).body.active, false);

    await page.evaluate(() => void globalThis.manager.signoutRedirect({ state: 'seen' }));
    await page.click('button[name="answer"][value="leave"]');
    await page.waitForURL(`${origin}/bye?*`);
    await start();
    const end = await page.evaluate(async () => (await globalThis.manager.signoutCallback())?.userState);
    assert.equal(end, 'seen');
    await page.goto(`${server.url}/devices`);
    await page.waitForSelector('input[name="email"]');
  });
});
