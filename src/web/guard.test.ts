import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createWebApp, form, type WebApp } from '../../test/helpers/web-app.ts';

const issuer = 'https://id.example.org';

describe('F16: a change needs a form of ours', () => {
  let web: WebApp;
  let changes = 0;
  before(async () => {
    web = await createWebApp({
      issuer,
      pages: (pages) => {
        const change = () => ({ changes: ++changes });
        pages.post('/change', change);
        pages.delete('/change', change);
        pages.post('/link', change);
        pages.get('/link', () => 'enter');
        pages.post('/echo', (request) => request.body);
      },
    });
  });

  async function post(options: {
    headers?: Record<string, string>;
    csrf?: string;
    cookie?: string;
    url?: string;
    fields?: object;
  }) {
    const own = await web.visit();
    const { payload, headers } = form({ csrf: options.csrf ?? own.csrf, ...options.fields });
    return web.app.inject({
      method: 'POST',
      url: options.url ?? '/change',
      payload,
      headers: { ...headers, cookie: options.cookie ?? own.cookie, ...options.headers },
    });
  }

  async function refused(options: Parameters<typeof post>[0]): Promise<void> {
    const earlier = changes;
    const answer = await post(options);
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.json().error, 'forged_form');
    assert.equal(changes, earlier, 'nothing has changed');
  }

  test('our own form is accepted, from browsers of every age', async () => {
    for (const headers of [
      {},
      { origin: issuer, 'sec-fetch-site': 'same-origin' },
      // What Referrer-Policy: no-referrer makes of our own forms.
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ] as Record<string, string>[])
      assert.equal((await post({ headers })).statusCode, 200, JSON.stringify(headers));
  });

  test('no token, a wrong token, the token of another browser', async () => {
    await refused({ csrf: '' });
    await refused({ csrf: 'x'.repeat(43) });
    await refused({ csrf: (await web.visit()).csrf });
    await refused({ cookie: '' });
  });

  test('another origin, another site, a sibling site, with the right token', async () => {
    await refused({ headers: { origin: 'https://evil.example' } });
    await refused({ headers: { origin: 'https://id.example.org.evil.example' } });
    await refused({ headers: { origin: 'http://id.example.org' } });
    await refused({ headers: { 'sec-fetch-site': 'cross-site' } });
    await refused({ headers: { 'sec-fetch-site': 'same-site' } });
    // A sandboxed frame of a stranger.
    await refused({ headers: { origin: 'null', 'sec-fetch-site': 'cross-site' } });
  });

  test('every method that changes is checked', async () => {
    const answer = await web.app.inject({ method: 'DELETE', url: '/change' });
    assert.equal(answer.statusCode, 403);
  });

  test('JSON and plain text are not forms', async () => {
    const { cookie, csrf } = await web.visit();
    for (const type of ['application/json', 'text/plain']) {
      const answer = await web.app.inject({
        method: 'POST',
        url: '/change',
        payload: JSON.stringify({ csrf }),
        headers: { 'content-type': type, cookie },
      });
      assert.equal(answer.statusCode, 415, type);
    }
  });

  test('a field sent twice keeps its first value, and no field name reaches the prototype', async () => {
    const { cookie, csrf } = await web.visit();
    const answer = await web.app.inject({
      method: 'POST',
      url: '/echo',
      payload: `csrf=${csrf}&a=1&a=2&__proto__=x&b[]=3`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
    });
    assert.deepEqual(JSON.parse(answer.body.replace('"__proto__":"x",', '')), { csrf, a: '1', 'b[]': '3' });
  });

  test('a person whose page was open too long starts again with the code they typed', async () => {
    const headers = { accept: 'text/html' };
    const answer = await post({ csrf: 'old', url: '/link', fields: { user_code: 'BCDF-GHJK"' }, headers });
    assert.equal(answer.statusCode, 403);
    assert.match(answer.body, /<h1>This page was open too long<\/h1>/);
    assert.match(answer.body, /href="\/link\?user_code=BCDF-GHJK%22"/);
    const without = await post({ csrf: 'old', url: '/change', headers });
    assert.match(without.body, /class="button button-primary" href="\/"/, 'not to where there is no page');
  });
});
