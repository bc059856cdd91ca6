import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { requestCode } from '../test/helpers/device.ts';
import { createHttpBrowser, signIn } from '../test/helpers/http-browser.ts';
import { linkCode } from '../test/helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../test/helpers/test-app.ts';
import { minutes } from './clock.ts';

let server: TestApp;
before(async () => {
  server = await startTestApp();
});
after(() => server.stop());

test('an address that the mail server refuses does not keep others from hearing of their links', async () => {
  const tv = (await server.createClient()).id;
  const send = server.outside.mail.send.bind(server.outside.mail);
  const reached: string[] = [];
  let down = true;
  server.outside.mail.send = async (message) => {
    if (down || message.to === 'refused@example.org') throw new Error('550 no such mailbox');
    if (message.subject.includes('was linked')) reached.push(message.to);
    await send(message);
  };
  server.app.server.log.level = 'silent';

  for (const email of ['refused@example.org', 'sam@example.org']) {
    await server.createAccount(email);
    const browser = createHttpBrowser(server.url);
    await signIn(browser, email, testPassword);
    await linkCode(browser, (await requestCode(server.url, tv)).user_code);
    server.clock.advance(1000);
  }
  assert.deepEqual(reached, []);

  down = false;
  server.clock.advance(minutes(2));
  await server.app.tidy();
  assert.deepEqual(reached, ['sam@example.org']);
});

test('a request that never arrives in full is given up', () => {
  const { requestTimeout } = server.app.server.server;
  assert.ok(requestTimeout > 0 && requestTimeout <= minutes(1), `${requestTimeout} ms`);
});
