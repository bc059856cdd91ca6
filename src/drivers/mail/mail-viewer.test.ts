import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Fastify from 'fastify';
import { createTestClock } from '../../../test/helpers/clock.ts';
import { openFileSms } from '../sms/file.ts';
import { sender } from './conformance.ts';
import { openFileMail } from './file.ts';
import { mailViewer } from './mail-viewer.ts';

const attack = '<script>alert(1)</script>"\'&';

async function openViewer(t: TestContext) {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-viewer-'));
  const server = Fastify();
  await server.register(mailViewer({ data }));
  t.after(async () => {
    await server.close();
    rmSync(data, { recursive: true });
  });
  const mail = openFileMail({ data, from: sender, clock: createTestClock() });
  const get = (url: string, host = 'localhost:3000') => server.inject({ url, headers: { host } });
  const sms = openFileSms({ data, clock: createTestClock() });
  return { mail, sms, get };
}

test('an empty folder, then a list, then one mail with links that work', async (t) => {
  const { mail, get } = await openViewer(t);
  assert.match((await get('/dev/mail')).body, /No mail yet/);

  const text = 'Your code: 123456\n\nhttp://localhost:3000/signup/link/abc?x=1&y=2\nBye';
  await mail.send({ to: 'ada@example.org', subject: 'Confirm', text, html: '<p>Your code</p>' });
  const list = await get('/dev/mail');
  assert.equal(list.statusCode, 200);
  const path = /href="(\/dev\/mail\/\d[^"]+)"/.exec(list.body)?.[1] ?? assert.fail('no link to the mail');
  const page = await get(path);
  assert.equal(page.statusCode, 200);
  assert.match(page.body, /Your code: 123456/);
  assert.match(page.body, /<a href="http:\/\/localhost:3000\/signup\/link\/abc\?x=1&#38;y=2">/);
  assert.match(page.body, /ada@example\.org/);
  assert.equal(page.headers['cache-control'], 'no-store');
});

test('F15: what strangers typed is text on the page, and harmless in the HTML', async (t) => {
  const { mail, get } = await openViewer(t);
  const html = `<p>${attack}</p>`;
  await mail.send({ to: 'ada@example.org', subject: attack, text: `${attack} https://x.example/${attack}`, html });
  const list = await get('/dev/mail');
  const path = /href="(\/dev\/mail\/\d[^"]+)"/.exec(list.body)?.[1] ?? '';
  const page = await get(path);
  for (const { body, headers } of [list, page]) {
    assert.ok(!body.includes('<script'), body);
    assert.match(`${headers['content-security-policy']}`, /^default-src 'none'; style-src 'self'/);
  }
  const document = await get(`${path}/html`);
  assert.equal(document.body, html);
  assert.match(`${document.headers['content-security-policy']}`, /^sandbox allow-popups; default-src 'none'/);
  assert.doesNotMatch(`${document.headers['content-security-policy']}`, /script-src|allow-scripts|allow-same-origin/);
});

test('texts stand among the mails, as text, each with its time', async (t) => {
  const { mail, sms, get } = await openViewer(t);
  await sms.send({ to: '+4917612345678', text: `123456 ${attack}\n\n@localhost #123456` });
  await mail.send({ to: 'ada@example.org', subject: 'Confirm', text: '123456', html: '<p>123456</p>' });
  const { body } = await get('/dev/mail');
  assert.match(body, /@localhost #123456<\/p><span>Text message to \+4917612345678<\/span><time datetime=/);
  assert.match(body, /ada@example\.org<\/span><time datetime=/);
  assert.ok(!body.includes('<script'), body);
});

test('a mail that is not there, and a path for an id, are not found', async (t) => {
  const { get } = await openViewer(t);
  for (const url of ['/dev/mail/000000000000000-000001-1', '/dev/mail/..%2f..%2fsecret', '/dev/mail/x/html']) {
    assert.equal((await get(url)).statusCode, 404, url);
  }
});

test('a foreign name that leads to this address sees no mail', async (t) => {
  const { mail, get } = await openViewer(t);
  await mail.send({ to: 'ada@example.org', subject: 'Confirm', text: '123456', html: '<p>123456</p>' });
  const answer = await get('/dev/mail', 'rebound.example:3000');
  assert.equal(answer.statusCode, 404);
  assert.doesNotMatch(answer.body, /Confirm/);
  for (const host of ['127.0.0.1:3000', '[::1]:3000', 'localhost']) {
    assert.equal((await get('/dev/mail', host)).statusCode, 200, host);
  }
});
