import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { openMailFolder } from '../../src/drivers/mail/file.ts';
import { signInToApp } from '../helpers/app-sign-in.ts';
import { createHttpBrowser } from '../helpers/http-browser.ts';
import { startTestApp } from '../helpers/test-app.ts';

test('fault C6: whoever signed up in one spelling signs in and gets back in in the other, and apps hear the ASCII one', async () => {
  const server = await startTestApp();
  await server.createAccount('anna@bücher.example');
  const callback = 'http://127.0.0.1/callback';
  const { id } = await server.createClient({ grants: ['authorization_code'], redirectUris: [callback] });
  const execute = [client.allowInsecureRequests];
  const config = await client.discovery(new URL(server.url), id, undefined, client.None(), { execute });
  const verifier = client.randomPKCECodeVerifier();
  const request = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid email profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  // As browsers send what was typed into a field for addresses.
  const browser = createHttpBrowser(server.url);
  const { callback: back } = await signInToApp(browser, request, { email: 'anna@xn--bcher-kva.example' });
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier });
  const claims = tokens.claims();
  assert.equal(claims?.email, 'anna@xn--bcher-kva.example');
  assert.equal(claims?.preferred_username, 'anna@bücher.example', 'what people read');
  assert.match((await browser.open('/profile')).text, /anna@bücher\.example/);

  const lost = createHttpBrowser(server.url);
  const start = await lost.open('/recover');
  const choose = await lost.submit(start, { email: 'ANNA@xn--bcher-kva.example' });
  await lost.submit(choose, {}, { name: 'way', value: 'email' });
  const mails = openMailFolder(server.outside.config);
  while ((await mails.list()).length === 0) await new Promise(setImmediate);
  const [mail] = await mails.list();
  assert.equal(mail?.to, 'anna@bücher.example');
  await server.stop();
});
