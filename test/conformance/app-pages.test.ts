import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as client from 'openid-client';
import { minutes } from '../../src/clock.ts';
import { locales } from '../../src/web/messages.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { authorizationRequest, callback, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const sam = 'sam@example.org';
const kim = 'kim@example.org';
const approve = { name: 'decision', value: 'approve' };

/** What an app may ask of the pages on the way: a language, and that an account is chosen. Scripts are off. */
describe('pages on the way to an app', () => {
  let server: TestApp;
  let config: client.Configuration;
  const ids: Record<string, string> = {};

  before(async () => {
    server = await startTestApp();
    for (const email of [sam, kim]) ids[email] = await server.createAccount(email);
    config = await registerApp(server, webApp);
  });
  after(() => server.stop());

  /** Signed in some minutes ago, in this order: the last one is in use. */
  const browserOf = async (...emails: string[]): Promise<HttpBrowser> => {
    const browser = createHttpBrowser(server.url);
    server.clock.advance(-minutes(10));
    for (const email of emails) await signIn(browser, email, testPassword);
    server.clock.advance(minutes(10));
    return browser;
  };
  const ask = async (browser: HttpBrowser, more: Record<string, string>) => {
    const { url, checks } = await authorizationRequest(config, more);
    return { page: await browser.open(url.href), checks };
  };
  const subjectOf = async (page: HttpPage, checks: client.AuthorizationCodeGrantChecks) => {
    assert.equal(page.url.origin + page.url.pathname, callback, page.text);
    return (await client.authorizationCodeGrant(config, page.url, checks)).claims()?.sub;
  };
  const languageOf = ({ root }: HttpPage) => root.querySelector('html')?.getAttribute('lang');
  const submitPassword = async (browser: HttpBrowser, page: HttpPage, email: string) => {
    const second = await browser.submit(page, { email });
    return { second, done: await browser.submit(second, { password: testPassword }) };
  };

  it('fault C10: the metadata lists the languages that there are', async () => {
    const metadata = config.serverMetadata();
    assert.deepEqual(metadata.ui_locales_supported, [...locales]);
  });

  for (const locale of locales) {
    it(`fault C10: ${locale}: sign in, sign up, a forgotten password, permissions, a proof and a problem`, async () => {
      const ui_locales = `xx-YY ${locale}-AT en`;
      const browser = createHttpBrowser(server.url, { 'accept-language': locale === 'es' ? 'de' : 'es' });
      const { page, checks } = await ask(browser, { ui_locales, prompt: 'consent' });
      assert.equal(page.url.pathname, '/signin');
      const pages = [page];
      for (const path of ['/signup', '/recover', '/signin/other', '/help']) pages.push(await browser.open(path));
      const { second, done: permissions } = await submitPassword(browser, await browser.open('/signin'), sam);
      pages.push(second, permissions);
      assert.ok(permissions.root.querySelector('button[name="decision"]'), permissions.text);
      assert.deepEqual(
        pages.map(languageOf),
        pages.map(() => locale),
      );
      assert.equal(await subjectOf(await browser.submit(permissions, {}, approve), checks), ids[sam]);

      assert.notEqual(languageOf(await browser.open('/account')), locale, 'what comes after is their own again');
      const known = await browserOf(sam, kim);
      const proof = await ask(known, { ui_locales, prompt: 'login' });
      assert.match(proof.page.url.pathname, /^\/prove$/);
      const choice = await ask(known, { ui_locales, prompt: 'select_account' });
      const problem = await ask(known, {
        ui_locales,
        code_challenge_method: 'plain',
        redirect_uri: 'https://evil.example/',
      });
      assert.equal(problem.page.url.pathname, '/problem');
      const last = [proof.page, choice.page, problem.page];
      assert.deepEqual(
        last.map(languageOf),
        last.map(() => locale),
      );
    });
  }

  it('fault C10: pushed requests are heard as well, and whoever changes the language on the way has it to the end', async () => {
    const browser = createHttpBrowser(server.url);
    const { parameters, checks } = await authorizationRequest(config, { ui_locales: 'de', prompt: 'login consent' });
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
    const start = await browser.open(url.href);
    assert.equal(languageOf(start), 'de');
    const switched = await browser.submit(start, {}, { name: 'locale', value: 'es' });
    assert.deepEqual([switched.url.pathname, languageOf(switched)], ['/signin', 'es']);
    const { second, done } = await submitPassword(browser, switched, sam);
    assert.deepEqual([second, done].map(languageOf), ['es', 'es']);
    assert.ok(done.root.querySelector('button[name="decision"]'));
    assert.equal(await subjectOf(await browser.submit(done, {}, approve), checks), ids[sam]);
  });

  it('fault C10: on the page of a proof and of permissions, too, the choice of the person is the last word', async () => {
    const browser = await browserOf(sam);
    const proof = (await ask(browser, { ui_locales: 'de', prompt: 'login consent' })).page;
    assert.equal(languageOf(proof), 'de');
    const spanish = await browser.submit(proof, {}, { name: 'locale', value: 'es' });
    assert.deepEqual([spanish.url.pathname, languageOf(spanish)], ['/prove', 'es']);
    const permissions = await browser.submit(spanish, { password: testPassword });
    assert.deepEqual([permissions.url.pathname.split('/')[1], languageOf(permissions)], ['interaction', 'es']);
    const arabic = await browser.submit(permissions, {}, { name: 'locale', value: 'ar' });
    assert.deepEqual([arabic.url.pathname, languageOf(arabic)], [permissions.url.pathname, 'ar']);
  });

  it('fault C12: the metadata lists what prompt may say', async () => {
    const values = config.serverMetadata().prompt_values_supported as string[];
    assert.deepEqual(values.toSorted(), ['consent', 'login', 'none', 'select_account']);
  });

  const choose = (browser: HttpBrowser, page: HttpPage, email: string) =>
    browser.submit(page, {}, { name: 'account', value: ids[email] ?? '' });
  const finish = (browser: HttpBrowser, page: HttpPage) =>
    page.root.querySelector('button[name="decision"]') ? browser.submit(page, {}, approve) : Promise.resolve(page);

  it('fault C12: nobody signed in: whoever signs in has chosen', async () => {
    const browser = createHttpBrowser(server.url);
    const { page, checks } = await ask(browser, { prompt: 'select_account' });
    assert.equal(page.url.pathname, '/signin');
    const { done } = await submitPassword(browser, page, sam);
    assert.equal(await subjectOf(await finish(browser, done), checks), ids[sam]);
  });

  it('fault C12: one account: it is shown, and one press goes on; a second request asks again', async () => {
    const browser = await browserOf(sam);
    for (let time = 0; time < 2; time++) {
      const { page, checks } = await ask(browser, { prompt: 'select_account' });
      assert.match(page.text, /sam@example\.org/);
      assert.match(page.text, /Acme Photos/);
      assert.equal(await subjectOf(await finish(browser, await choose(browser, page, sam)), checks), ids[sam]);
    }
  });

  it('fault C12: several accounts: the chosen one is signed in to the app, whichever was in use', async () => {
    const browser = await browserOf(kim, sam);
    for (const email of [kim, sam, kim]) {
      const { page, checks } = await ask(browser, { prompt: 'select_account' });
      assert.match(page.text, /sam@example\.org/);
      assert.match(page.text, /kim@example\.org/);
      assert.equal(await subjectOf(await finish(browser, await choose(browser, page, email)), checks), ids[email]);
    }
  });

  it('fault C12: another account than those that are signed in', async () => {
    const browser = await browserOf(sam);
    const { page, checks } = await ask(browser, { prompt: 'select_account' });
    const other = page.root.querySelector('main a[href="/signin"]');
    assert.ok(other);
    const { done } = await submitPassword(browser, await browser.open('/signin?edit'), kim);
    assert.equal(await subjectOf(await finish(browser, done), checks), ids[kim]);
  });

  for (const prompt of ['select_account consent', 'consent select_account']) {
    it(`fault C12: ${prompt}: the choice, and then the permissions, allowed before or not`, async () => {
      const browser = await browserOf(kim, sam);
      for (let time = 0; time < 2; time++) {
        const { page, checks } = await ask(browser, { prompt });
        const permissions = await choose(browser, page, kim);
        assert.match(permissions.text, /kim@example\.org/);
        assert.equal(await subjectOf(await browser.submit(permissions, {}, approve), checks), ids[kim]);
      }
    });
  }

  it('fault C12: login select_account: the choice, and a proof that the chosen one gives afterwards, once', async () => {
    const browser = await browserOf(kim, sam);
    const { page, checks } = await ask(browser, { prompt: 'login select_account' });
    const proof = await choose(browser, page, kim);
    assert.equal(proof.url.pathname, '/prove');
    assert.match(proof.text, /kim@example\.org/);
    const done = await finish(browser, await browser.submit(proof, { password: testPassword }));
    assert.equal(await subjectOf(done, checks), ids[kim]);
  });

  it('fault C12: an account that is not signed in here cannot be chosen', async () => {
    const browser = await browserOf(sam);
    const { page } = await ask(browser, { prompt: 'select_account' });
    const [form] = page.root.querySelectorAll('main form');
    const inputs = form?.querySelectorAll('input[name]') ?? [];
    const fields = inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']);
    const action = form?.getAttribute('action') ?? '';
    const answer = await browser.post(action, { ...Object.fromEntries(fields), account: ids[kim] ?? '' });
    assert.equal(answer.status, 404);
    assert.equal((await browser.open(page.url.href)).status, 200);
  });

  it('a `sub` asked for by the claims parameter that is not signed in here is refused, not asked for round and round', async () => {
    const browser = await browserOf(sam);
    const claims = JSON.stringify({ id_token: { sub: { value: 'somebody else' } } });
    const { page } = await ask(browser, { claims });
    assert.equal(page.url.searchParams.get('error'), 'login_required');
  });

  it('fault A10: signing out clears what was shown, and nothing that is stored in the browser', async () => {
    const browser = await browserOf(kim, sam);
    const out = await browser.open('/signout');
    const input = out.root.querySelector('main input[name="csrf"]')?.getAttribute('value') ?? '';
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL('/signout', server.url), {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrf: input, account: 'all' }).toString(),
    });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('clear-site-data'), '"cache"');
  });
});
