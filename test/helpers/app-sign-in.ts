import assert from 'node:assert/strict';
import type { HttpBrowser, HttpPage } from './http-browser.ts';
import { testPassword } from './test-app.ts';

/** What a person was asked on the way, in order, the address of the app at which they ended, and what they see last. */
export type SignedInToApp = {
  steps: ('email' | 'password' | 'account' | 'permissions')[];
  callback: URL;
  page: HttpPage;
};

type Answers = {
  email?: string;
  password?: string;
  decision?: 'approve' | 'decline';
  /** Whom to choose on the page of accounts. */
  account?: string;
};

/** Opens an app's authorization request and answers what our pages ask, until the browser is back at the app. */
export async function signInToApp(browser: HttpBrowser, request: URL, answers: Answers = {}): Promise<SignedInToApp> {
  return answerPages(browser, await browser.open(request.href), answers);
}

/** Answers what our pages ask from this one on, until the browser is back at the app, or on the page that posts to it. */
export async function answerPages(
  browser: HttpBrowser,
  first: HttpPage,
  answers: Answers = {},
): Promise<SignedInToApp> {
  const { email = '', password = testPassword, decision = 'approve', account } = answers;
  const steps: SignedInToApp['steps'] = [];
  let page = first;
  while (page.url.origin === browser.origin && !page.root.querySelector('form[data-press]')) {
    assert.ok(steps.length < 8, `asked too much: ${steps}`);
    if (page.root.querySelector('button[name="decision"]')) {
      steps.push('permissions');
      page = await browser.submit(page, {}, { name: 'decision', value: decision });
    } else if (page.root.querySelector('input[name="password"]')) {
      steps.push('password');
      page = await browser.submit(page, { password });
    } else if (page.root.querySelector('input[name="email"]')) {
      steps.push('email');
      page = await browser.submit(page, { email });
    } else if (account) {
      steps.push('account');
      page = await chooseAccount(browser, page, account);
    } else {
      assert.fail(`neither a known question nor the app, but ${page.url} (${page.status}):\n${page.text}`);
    }
  }
  return { steps, callback: page.url, page };
}

/** Chooses one of the accounts that are signed in, on the page that lists them. */
export function chooseAccount(browser: HttpBrowser, accounts: HttpPage, id: string): Promise<HttpPage> {
  const form = accounts.root
    .querySelectorAll('form')
    .find((candidate) => candidate.querySelector(`input[name="account"][value="${id}"]`));
  assert.ok(form, `no account ${id} on ${accounts.url}:\n${accounts.text}`);
  const inputs = form.querySelectorAll('input[name]');
  const fields = inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']);
  return browser.post('/accounts', { ...Object.fromEntries(fields), action: 'switch' });
}
