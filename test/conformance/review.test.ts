import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { minutes } from '../../src/clock.ts';
import type { AccountId } from '../../src/ids.ts';
import { poll, postForm, type RequestedCode, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { createSoftwareAuthenticator } from '../helpers/software-authenticator.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const env = { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1', LATCHKEY_COUNTRY_HEADER: 'x-country' };
const sam = 'sam@example.org';
const decision = (value: string) => ({ name: 'decision', value });

/** The review is the control: it is asked of everybody, whole, and answered before any proof counts. */
describe('the review of a link', () => {
  let server: TestApp;
  let tv: string;
  let accountId: AccountId;

  before(async () => {
    server = await startTestApp({ env });
    tv = (await server.createClient()).id;
    accountId = await server.createAccount(sam);
  });
  after(() => server.stop());

  async function person(country?: string): Promise<HttpBrowser> {
    const browser = createHttpBrowser(server.url, country ? { 'x-country': country } : {});
    await signIn(browser, sam, testPassword);
    return browser;
  }
  const codeFrom = async (country: string): Promise<RequestedCode> => {
    const form = { client_id: tv, scope: 'openid' };
    const { body } = await postForm(`${server.url}/device_authorization`, form, { 'x-country': country });
    return body as unknown as RequestedCode;
  };
  const claim = async (browser: HttpBrowser, code: RequestedCode): Promise<HttpPage> =>
    browser.submit(await browser.open('/link'), { user_code: code.user_code });
  const waits = async (code: RequestedCode): Promise<void> => {
    const { error } = (await poll(server.url, tv, code.device_code)).body;
    assert.ok(error === 'authorization_pending' || error === 'slow_down', String(error));
  };
  const csrfOf = (page: HttpPage): string => page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';

  describe('of a request from another country', () => {
    it('B38: first asks where the code is; nothing is chosen before, and there is nothing to approve', async () => {
      const first = await claim(await person('NG'), await codeFrom('DE'));
      const answers = first.root.querySelectorAll('fieldset input[type="radio"][name="seen"]');
      assert.deepEqual(
        answers.map((answer) => [answer.getAttribute('value'), answer.hasAttribute('checked')]),
        [
          ['yes', false],
          ['sent', false],
        ],
      );
      assert.equal(first.root.querySelector('button[value="approve"]'), null);
    });

    it('B38: goes on to the review when it is on a screen in front of them', async () => {
      const sam = await person('NG');
      const code = await codeFrom('DE');
      const review = await sam.submit(await claim(sam, code), { seen: 'yes' }, decision('look'));
      await waits(code);
      assert.match((await approve(sam, review)).text, /now signed in/);
      assert.equal((await poll(server.url, tv, code.device_code)).status, 200);
    });

    it('B38: the other answer ends the request and reports it', async () => {
      const sam = await person('NG');
      const code = await codeFrom('DE');
      const stopped = await sam.submit(await claim(sam, code), { seen: 'sent' }, decision('look'));
      assert.match(stopped.text, /Stopped\. Nothing was linked/);
      assert.match(stopped.text, /Thank you for telling us/);
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'access_denied');
      const [event] = await server.outside.journal.recent(accountId, 1);
      assert.equal(event?.type, 'reported');
      assert.equal(event?.data?.reason, 'sent_by_someone');
    });

    it('B38: no answer, or approving past the question, leads back to it', async () => {
      const sam = await person('NG');
      const code = await codeFrom('DE');
      const first = await claim(sam, code);
      for (const fields of [
        { decision: 'look' },
        { decision: 'approve' },
        { decision: 'approve', seen: 'sent' },
        { decision: 'approve', seen: 'no' },
      ]) {
        const again = await sam.post(first.url.pathname, { csrf: csrfOf(first), ...fields });
        assert.equal(again.status, 422, JSON.stringify(fields));
        assert.ok(again.root.querySelector('input[name="seen"]'), JSON.stringify(fields));
        await waits(code);
      }
    });
  });

  it('B38: an ordinary request is reviewed without that question (ux.md §3)', async () => {
    const review = await reviewCode(await person('DE'), (await codeFrom('DE')).user_code);
    assert.equal(review.root.querySelector('input[type="radio"]'), null);
  });

  describe('for somebody who signed in with a passkey', () => {
    let lea: HttpBrowser;
    before(async () => {
      const id = await server.createAccount('lea@example.org');
      const credentialFor = await addPasskey(server, id);
      lea = createHttpBrowser(server.url);
      const start = await lea.open('/signin');
      const options = start.root.querySelector('[data-passkey="get"]')?.getAttribute('data-options') ?? '';
      const home = await lea.submit(start, { credential: credentialFor(options) });
      assert.equal(home.status, 200);
    });

    it('B78: is the same, and the device waits until it is answered', async () => {
      const code = await requestCode(server.url, tv);
      const review = await reviewCode(lea, code.user_code);
      assert.match(review.text, /Are you signing in to Acme TV on another device right now\?/);
      for (const path of ['', '/prove', '/state']) await lea.open(`${review.url.pathname}${path}`);
      await waits(code);
      assert.match((await lea.submit(review, {}, decision('decline'))).text, /Nothing was linked/);
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'access_denied');
    });

    it('B78: what was approved before is reviewed again', async () => {
      const first = await requestCode(server.url, tv);
      assert.match((await linkCode(lea, first.user_code)).text, /now signed in/);
      const second = await requestCode(server.url, tv);
      await reviewCode(lea, second.user_code);
      await waits(second);
    });
  });

  it('B78, F20: a proof counts after the review was answered with yes, not instead of it', async () => {
    const sam = await person();
    server.clock.advance(minutes(2));
    const [code, other] = [await requestCode(server.url, tv), await requestCode(server.url, tv)];
    const review = await reviewCode(sam, code.user_code);
    const prove = `${review.url.pathname}/prove`;
    const proof = { csrf: csrfOf(review), password: testPassword };
    assert.equal((await sam.open(prove)).url.pathname, review.url.pathname, 'the page is not there yet');
    assert.equal((await sam.post(prove, proof)).url.pathname, review.url.pathname);
    await waits(code);

    const asked = await sam.submit(await reviewCode(sam, other.user_code), {}, decision('approve'));
    assert.ok(asked.root.querySelector('input[name="password"]'));
    await sam.post(prove, proof);
    await waits(code);
    assert.match((await sam.submit(asked, { password: testPassword })).text, /now signed in/);
    await waits(code);
    assert.equal((await poll(server.url, tv, other.device_code)).status, 200);
  });
});

/** An answer to the options that a page carries, from a passkey just added to the account. */
async function addPasskey({ outside, url }: TestApp, accountId: AccountId): Promise<(options: string) => string> {
  const accounts = createAccounts(outside);
  const { passkeys, addPasskey: add } = createAuthenticators({
    ...outside,
    userIdOf: (id) => accounts.passkeyUserId(id),
  });
  const device = createSoftwareAuthenticator({ origin: url });
  const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22) };
  const userId = (await accounts.passkeyUserId(accountId)) ?? '';
  const credential = device.create(await passkeys.creationOptions({ ...ask, email: 'lea@example.org', userId }));
  const made = await passkeys.verifyCreation({ ...ask, credential });
  assert.ok(made && (await add(accountId, made.passkey)));
  return (options) => device.get(JSON.parse(options));
}
