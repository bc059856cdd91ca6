import type { BrowserContext, Response } from 'playwright-core';

/** Notes whatever a page must never do: speak to others, break its own policy, fail in the console, go without headers. */
export function watch(context: BrowserContext, origin: string, complaints: string[]): void {
  context.on('page', (tab) => {
    tab.on('console', (message) => {
      // The browser's own note of a status or an outage that is meant to be; statuses are looked at below.
      if (message.type() !== 'error' || /^Failed to load resource/.test(message.text())) return;
      complaints.push(`${tab.url()} wrote to the console: ${message.text()}`);
    });
    tab.on('pageerror', (error) => complaints.push(`${tab.url()} threw: ${error.message}`));
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !/^(data|blob):$/.test(url.protocol)) complaints.push(`Asked elsewhere: ${url}`);
  });
  context.on('response', (response) => {
    const kind = response.request().resourceType();
    if (kind === 'document') complaints.push(...headerProblems(response));
    else if (/stylesheet|script|font|image/.test(kind) && response.status() >= 400)
      complaints.push(`${response.url()} answered ${response.status()}`);
  });
}

const required: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'.*script-src 'self';.*base-uri 'none'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /geolocation=\(\)/,
  'cache-control': /no-store/,
  'x-frame-options': /^DENY$/i,
};

/** F13 and F14, on every page anyone sees. */
function headerProblems(response: Response): string[] {
  if (response.status() >= 300 && response.status() < 400) return [];
  const headers = response.headers();
  const problems = Object.entries(required)
    .filter(([name, wanted]) => !wanted.test(headers[name] ?? ''))
    .map(([name]) => `${response.url()} has the header ${name}: ${headers[name]}`);
  if (/unsafe|\*|https?:/.test(headers['content-security-policy']?.replace(/form-action[^;]*/, '') ?? ''))
    problems.push(`${response.url()} has a weak policy`);
  return problems;
}
