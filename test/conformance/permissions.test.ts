import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

let server: TestApp;
let person: HttpBrowser;

before(async () => {
  server = await startTestApp();
  await server.createAccount('sam@example.org');
  person = createHttpBrowser(server.url);
  await signIn(person, 'sam@example.org', testPassword);
});
after(() => server.stop());

it('C32: each page of permissions has its own cookie, so that an app in another tab cannot get what is allowed here', async () => {
  const callback = 'http://127.0.0.1/callback';
  const app = await server.createClient({ grants: ['authorization_code'], redirectUris: [callback] });
  const request = new URL('/auth', server.url);
  request.search = new URLSearchParams({
    client_id: app.id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }).toString();
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const paths = new Set<string>();
  for (let tab = 0; tab < 2; tab++) {
    const answer = await fetch(request, { redirect: 'manual', headers: { cookie } });
    const page = answer.headers.get('location');
    assert.match(page ?? '', /^\/interaction\/./);
    const set = answer.headers.getSetCookie().find((line) => line.startsWith('latchkey-interaction='));
    assert.ok(set?.split('; ').includes(`path=${page}`), set ?? 'no cookie');
    paths.add(page ?? '');
  }
  assert.equal(paths.size, 2);
});
