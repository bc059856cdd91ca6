import assert from 'node:assert/strict';
import type { HttpBrowser, HttpPage } from './http-browser.ts';
import { testPassword } from './test-app.ts';

/** From a typed code to the review page, for a browser that is signed in. */
export async function reviewCode(browser: HttpBrowser, userCode: string): Promise<HttpPage> {
  const entry = await browser.open('/link');
  const review = await browser.submit(entry, { user_code: userCode });
  assert.ok(review.root.querySelector('button[name="decision"][value="approve"]'), `no review page:\n${review.text}`);
  return review;
}

/** Approves what is reviewed, proving who it is when asked, and returns the page it ends on. */
export async function approve(browser: HttpBrowser, review: HttpPage, password = testPassword): Promise<HttpPage> {
  const next = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
  if (!next.root.querySelector('input[name="password"]')) return next;
  return browser.submit(next, { password });
}

/** The whole of a person's part. */
export async function linkCode(browser: HttpBrowser, userCode: string, password = testPassword): Promise<HttpPage> {
  return approve(browser, await reviewCode(browser, userCode), password);
}
