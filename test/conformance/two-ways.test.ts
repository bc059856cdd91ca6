import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deviceCodeGrant, poll, postForm, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const page = 'https://tv.example';
const form = 'application/x-www-form-urlencoded';

/** Polls are answered in front of the engine where that is safe (decisions 17 and 30): it must not be told from outside. */
describe('a poll answered in front of the engine and one that the engine answers', () => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;
  before(async () => {
    server = await startTestApp();
    tv = (await server.createClient({ webOrigins: [page] })).id;
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  after(() => server.stop());

  type Odd = { more?: string; client?: string; code?: string; type?: string; headers?: Record<string, string> };

  async function ask(odd: Odd, way: Record<string, string>): Promise<[number, unknown, string | null]> {
    const code = odd.code ?? (await requestCode(server.url, tv)).device_code;
    const grant = encodeURIComponent(deviceCodeGrant);
    const response = await fetch(`${server.url}/token`, {
      method: 'POST',
      headers: { 'content-type': odd.type ?? form, ...odd.headers, ...way },
      body: `grant_type=${grant}&device_code=${code}&client_id=${odd.client ?? tv}${odd.more ?? ''}`,
    });
    const { error } = (await response.json()) as { error: string };
    return [response.status, error, response.headers.get('cache-control')];
  }

  const requests: Record<string, Odd> = {
    'a poll': {},
    'with a charset': { type: `${form}; charset=UTF-8` },
    'in other letters': { type: 'Application/X-WWW-Form-Urlencoded' },
    'with what is no form': { type: `${form}-like` },
    'with no form at all': { type: 'text/plain' },
    'with an empty Authorization': { headers: { authorization: '' } },
    'with an empty proof of a key': { headers: { dpop: '' } },
    'with the wrong secret': { headers: { authorization: `Basic ${btoa('tv:wrong')}` } },
    'with a secret it does not have': { more: '&client_secret=x' },
    'with an empty secret': { more: '&client_secret=' },
    'with an assertion': { more: '&client_assertion=a.b.c' },
    'with a scope': { more: '&scope=openid' },
    'with a resource': { more: '&resource=https%3A%2F%2Fapi.example' },
    'with an empty parameter': { more: '&' },
    'with a code twice': { more: '&device_code=x' },
    'with a client twice': { more: '&client_id=x' },
    'of an unknown code': { code: 'x'.repeat(43) },
    'of a long code': { code: 'x'.repeat(4000) },
    'of a code that is no text': { code: '%ff%00' },
    'of no code': { code: '' },
    'of an unknown client': { client: 'nobody' },
    'of no client': { client: '' },
    'of a client that is not encoded as usual': { client: '%6eobody' },
  };
  for (const [name, odd] of Object.entries(requests)) {
    it(`say the same: ${name}`, async () => {
      const fast = await ask(odd, {});
      assert.deepEqual(fast, await ask(odd, { origin: page }));
      assert.equal(fast[2], 'no-store');
    });
  }

  it('say the same of a code that was redeemed by somebody else', async () => {
    const other = (await server.createClient({ webOrigins: [page] })).id;
    const { device_code: code, user_code } = await requestCode(server.url, tv);
    await linkCode(person, user_code);
    assert.equal((await poll(server.url, tv, code)).status, 200);
    const fast = await ask({ code, client: other }, {});
    assert.deepEqual(fast, [400, 'invalid_grant', 'no-store']);
    assert.deepEqual(fast, await ask({ code, client: other }, { origin: page }));
    assert.equal((await poll(server.url, tv, code)).status, 200, 'that was nobody who could end the link');
  });

  it('are both timed: polls that memory answers, and what ends in tokens', async () => {
    const counted = async (name: string): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(new RegExp(`^latchkey_${name}_duration_seconds_count (\\d+)$`, 'm').exec(text)?.[1]);
    };
    const box = await server.createClient({ public: false });
    const [polls, redemptions] = [await counted('poll'), await counted('redemption')];
    // One of sixteen is timed.
    for (let n = 0; n < 16; n++) await ask({}, {});
    assert.equal(await counted('poll'), polls + 1);

    const fast = await requestCode(server.url, tv);
    await linkCode(person, fast.user_code);
    assert.equal((await poll(server.url, tv, fast.device_code)).status, 200);
    assert.equal(await counted('redemption'), redemptions + 1);

    const secret = { client_id: box.id, client_secret: box.secret ?? '' };
    const { body } = await postForm(`${server.url}/device_authorization`, { ...secret, scope: 'openid' });
    await linkCode(person, String(body.user_code));
    const slow = { ...secret, grant_type: deviceCodeGrant, device_code: String(body.device_code) };
    assert.equal((await postForm(`${server.url}/token`, slow)).status, 200);
    assert.equal(await counted('redemption'), redemptions + 2);
  });
});
