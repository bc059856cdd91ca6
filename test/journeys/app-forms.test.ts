import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type AppReceiver, startAppReceiver } from '../helpers/app-receiver.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { type RelyingParty, registerRelyingParty } from '../helpers/relying-party.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const email = 'sam@example.org';
const state = `${randomBytes(24).toString('base64url')} +&="'<b>%20#ü`;

/** OAuth 2.0 Form Post Response Mode, and forms that apps send us, in a real browser with a real app at another site. */
describe('forms between apps and us, in Chromium', () => {
  let server: TestApp;
  let browser: Browser;
  let receiver: AppReceiver;
  let app: RelyingParty;
  let context: BrowserContext;
  let tab: Page;

  before(async () => {
    server = await startTestApp();
    await server.createAccount(email);
    browser = await launchChromium();
    receiver = await startAppReceiver();
    app = await registerRelyingParty(server, {
      redirectUris: [`${receiver.origin}/callback`],
      postLogoutRedirectUris: [`${receiver.origin}/bye`],
    });
  });
  after(async () => {
    await browser?.close();
    await receiver?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    receiver.received.length = 0;
  });
  afterEach(() => context.close());

  const openBrowser = async (javaScriptEnabled: boolean): Promise<void> => {
    context = await browser.newContext({ javaScriptEnabled, viewport: { width: 320, height: 640 } });
    tab = await context.newPage();
  };
  const press = async (selector: string): Promise<void> => {
    await Promise.all([tab.waitForEvent('load'), tab.locator(selector).first().click()]);
  };
  const signInHere = async (): Promise<void> => {
    await tab.fill('main input[name=email]', email);
    await press('main form[action^="/signin"] button[type=submit]:visible');
    await tab.fill('main input[name=password]:visible', testPassword);
    await press('main form[action="/signin/password"] button[type=submit]:visible');
  };
  const arrived = (): Promise<void> => tab.waitForURL(`${receiver.origin}/**`);
  const answer = (): Record<string, string> => {
    assert.equal(receiver.received.length, 1);
    const { method, path, headers, body } = receiver.received[0] ?? { headers: {} };
    // §2: a POST in this encoding, and nothing in the address
    assert.deepEqual([method, path], ['POST', '/callback']);
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
    return Object.fromEntries(new URLSearchParams(body));
  };

  for (const scripts of [true, false]) {
    const how = scripts ? 'with scripts' : 'without scripts, by its button';

    it(`fault C4: form_post carries a code to the app ${how}`, async () => {
      await openBrowser(scripts);
      const asked = app.prepare({ response_mode: 'form_post', state });
      await tab.goto(asked.url);
      await signInHere();
      await press('button[value=approve]');
      if (!scripts) {
        assert.match((await tab.locator('main').textContent()) ?? '', /Back to Acme Photos/);
        await press('form[data-press] button');
      }
      await arrived();
      const { code, iss, ...rest } = answer();
      assert.deepEqual([iss, rest], [server.url, { state }]);
      const tokens = await app.redeem({ response: { code: code ?? '' }, verifier: asked.verifier });
      assert.equal(tokens.status, 200);
    });

    it(`fault C4: and an error ${how}`, async () => {
      await openBrowser(scripts);
      await tab.goto(app.prepare({ response_mode: 'form_post', state, prompt: 'none' }).url);
      if (!scripts) await press('form[data-press] button');
      await arrived();
      const { error, error_description: _words, ...rest } = answer();
      assert.deepEqual([error, rest], ['login_required', { iss: server.url, state }]);
    });

    it(`fault C1: a form of an app at another site signs in with the session that is there, ${how}`, async () => {
      await openBrowser(scripts);
      const first = app.prepare({ state });
      const fields = (sent: Record<string, string>): string =>
        Object.entries(sent)
          .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`)
          .join('');
      const formTo = (path: string, sent: Record<string, string>): string =>
        `<form method="post" action="${server.url}${path}">${fields(sent)}<button>go</button></form>`;
      receiver.pages.set('/start', formTo('/auth', first.sent));
      await tab.goto(`${receiver.origin}/start`);
      await press('button');
      await signInHere();
      await press('button[value=approve]');
      await arrived();
      const back = new URL(tab.url());
      assert.equal(back.searchParams.get('state'), state);
      const code = back.searchParams.get('code') ?? '';
      const tokens = await app.redeem({ response: { code }, verifier: first.verifier });

      // Cookies do not come with a POST of another site: that it is silent shows that they come with the GET after it.
      receiver.pages.set('/start', formTo('/auth', app.prepare({ prompt: 'none' }).sent));
      await tab.goto(`${receiver.origin}/start`);
      await press('button');
      assert.ok(new URL(tab.url()).searchParams.get('code'), tab.url());

      const leaving = { post_logout_redirect_uri: `${receiver.origin}/bye`, state };
      receiver.pages.set('/start', formTo('/session/end', { ...leaving, id_token_hint: String(tokens.body.id_token) }));
      await tab.goto(`${receiver.origin}/start`);
      await press('button');
      assert.match((await tab.locator('main').textContent()) ?? '', /Sign out of Latchkey, too\?/);
      await press('button[value=leave]');
      await tab.waitForURL(`${receiver.origin}/bye?**`);
      assert.equal(new URL(tab.url()).searchParams.get('state'), state);
      await tab.goto(`${server.url}/account`);
      assert.equal(new URL(tab.url()).pathname, '/signin');
    });
  }

  for (const look of [
    { locale: 'en-GB', colorScheme: 'light' },
    { locale: 'ar', colorScheme: 'dark' },
  ] as const) {
    it(`WCAG 2.2 AA and 320 px: the pages on the way, ${look.locale}, ${look.colorScheme}`, async () => {
      context = await browser.newContext({ ...look, viewport: { width: 320, height: 640 } });
      tab = await context.newPage();
      await tab.route('**/assets/press*', (route) => route.abort());
      const seen = async (name: string): Promise<void> => {
        const { violations } = await new AxeBuilder({ page: tab }).setLegacyMode(true).analyze();
        assert.deepEqual(
          violations.map(({ id, nodes }) => [name, id, nodes.map(({ html }) => html)]),
          [],
        );
        const wide = await tab.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        );
        assert.equal(wide, false, name);
      };
      await tab.goto(app.prepare({ response_mode: 'form_post', prompt: 'none' }).url);
      await seen('on to the app');
      await tab.goto(`${server.url}/signin`);
      await signInHere();
      const leaving = { client_id: app.id, post_logout_redirect_uri: `${receiver.origin}/bye` };
      await tab.goto(`${server.url}/session/end?${new URLSearchParams(leaving)}`);
      await seen('sign out of the app');
      await tab.goto(`${server.url}/session/end?${new URLSearchParams({ ...leaving, client_id: 'x' })}`);
      await seen('what cannot be done');
    });
  }

  // Such as a broker that signs people in for others, or an interface of programs beside a site: Chrome holds each redirect
  // after a form to what the form's page allows, however far it leads.
  for (const scripts of [true, false]) {
    const how = scripts ? 'with scripts' : 'without scripts';

    it(`fault C4: people end where the app sends them on to, also at another origin, ${how}`, async () => {
      const beyond = await startAppReceiver();
      receiver.onward.set('/callback', `${beyond.origin}/in`).set('/bye', `${beyond.origin}/out`);
      try {
        await openBrowser(scripts);
        const begin = app.prepare({ state }).url;
        await tab.goto(begin);
        await signInHere();
        await press('button[value=approve]');
        await tab.waitForURL(`${beyond.origin}/in`);
        const { path = '' } = receiver.received[0] ?? {};
        assert.equal(new URL(path, receiver.origin).searchParams.get('state'), state);
        // Back leads to our pages and not into the same answer again.
        await tab.goBack();
        assert.equal(new URL(tab.url()).origin, server.url);
        assert.equal(receiver.received.length, 1);

        await tab.goto(app.prepare({ state, prompt: 'consent', response_mode: 'fragment' }).url);
        await press('button[value=decline]');
        await tab.waitForURL((url) => url.origin === beyond.origin);
        assert.match(tab.url(), /error=access_denied/);

        const bye = `${receiver.origin}/bye`;
        const leaving = new URLSearchParams({ client_id: app.id, post_logout_redirect_uri: bye, state });
        await tab.goto(`${server.url}/session/end?${leaving}`);
        await press('button[value=leave]');
        await tab.waitForURL(`${beyond.origin}/out`);
      } finally {
        receiver.onward.clear();
        await beyond.stop();
      }
    });
  }

  it('fault C4: a person who presses, too, while the app is slow sends the answer no second time', async () => {
    await openBrowser(true);
    const page = await fetch(app.prepare({ response_mode: 'form_post', prompt: 'none' }).url);
    const script = /src="(\/assets\/press[^"]*)"/.exec(await page.text())?.[1];
    // Into a frame, so that the page stays as it does while an app is slow.
    await tab.setContent(
      `<form data-press method="post" action="${receiver.origin}/callback" target="app"><button>go</button></form>
      <iframe name="app"></iframe>`,
    );
    await tab.addScriptTag({ content: await (await fetch(`${server.url}${script}`)).text() });
    await tab.frameLocator('iframe').locator('h1').waitFor();
    for (let press = 0; press < 3; press++) await tab.locator('button').click();
    await tab.waitForTimeout(300);
    assert.equal(receiver.received.length, 1);
  });

  it('F13, fault C4: the page that posts to the app can post to nobody else, not even to us', async () => {
    await openBrowser(true);
    // Kept from leaving by itself.
    await tab.route('**/assets/press*', (route) => route.abort());
    const answered = await tab.goto(app.prepare({ response_mode: 'form_post', state, prompt: 'none' }).url);
    const policy = answered?.headers()['content-security-policy'] ?? '';
    assert.equal(/form-action ([^;]*)/.exec(policy)?.[1], receiver.origin);
    assert.match(answered?.headers()['cache-control'] ?? '', /no-store/);
    assert.deepEqual(await tab.locator('form').count(), 1);
    const elsewhere = await startAppReceiver();
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(new URL(request.url()).origin));
    for (const origin of [elsewhere.origin, server.url]) {
      const blocked = tab.waitForEvent('console', (message) => /form-action/.test(message.text()));
      await tab.evaluate((action) => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = action;
        document.body.append(form);
        form.submit();
      }, `${origin}/steal`);
      await blocked;
    }
    assert.deepEqual([elsewhere.received, asked], [[], []]);
    await elsewhere.stop();
  });
});

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
