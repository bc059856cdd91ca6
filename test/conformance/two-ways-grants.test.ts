import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { deviceCodeGrant, postForm } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, reviewCode } from '../helpers/link-journey.ts';
import { createProofKey, type ProofKey } from '../helpers/proof-of-key.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const page = 'https://tv.example';
const api = 'https://api.example';

/** One way to send the same request: in front of the engine (the first), and to it for one reason or another. */
type Way = {
  public: boolean;
  headers?(id: string, secret: string): object;
  fields?(secret: string): object;
  key?: true;
};
const ways: Record<string, Way> = {
  'public, in front of the engine': { public: true },
  'public, from another origin': { public: true, headers: () => ({ origin: page }) },
  'with a key (DPoP)': { public: true, key: true },
  'with a secret, Basic': {
    public: false,
    headers: (id, secret) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` }),
  },
  'with a secret, posted': { public: false, fields: (client_secret) => ({ client_secret }) },
};

const kinds: Record<string, { scope?: string; grants?: string[] }> = {
  'what everybody may': {},
  'openid alone': { scope: 'openid' },
  'a person and an API': { scope: 'openid email things' },
  'an API alone': { scope: 'things' },
  'nothing to refresh': { scope: 'openid offline_access', grants: ['device_code'] },
};

/** What is asked, and what of it each kind of client gets; undefined: refused. */
const asks: [string | undefined, Record<string, string | undefined>][] = [
  [
    undefined,
    {
      'what everybody may': 'openid profile email offline_access',
      'openid alone': 'openid',
      'a person and an API': 'openid email things',
      'an API alone': 'things',
      'nothing to refresh': 'openid',
    },
  ],
  [
    'openid',
    {
      'what everybody may': 'openid',
      'openid alone': 'openid',
      'a person and an API': 'openid',
      'nothing to refresh': 'openid',
    },
  ],
  [
    'openid email openid',
    {
      'what everybody may': 'openid email',
      'openid alone': 'openid',
      'a person and an API': 'openid email',
      'nothing to refresh': 'openid',
    },
  ],
  [
    'things openid admin',
    {
      'what everybody may': 'openid',
      'openid alone': 'openid',
      'a person and an API': 'things openid',
      'an API alone': 'things',
      'nothing to refresh': 'openid',
    },
  ],
  ['admin', {}],
  ['openid  email', {}],
  ['openid "email"', {}],
];

/** What a device gets is the same whichever way its request takes: computed once, in one place (faults A5 and C2). */
describe('fault C2: a device request in front of the engine and one to it', () => {
  let server: TestApp;
  let person: HttpBrowser;
  before(async () => {
    server = await startTestApp();
  });
  beforeEach(async () => {
    // Nobody proves themselves a hundred times in a row: that has a limit.
    const email = `${randomUUID()}@example.org`;
    await server.createAccount(email);
    person = createHttpBrowser(server.url);
    await signIn(person, email, testPassword);
  });
  after(() => server.stop());

  type Client = { id: string; secret: string | undefined };
  type Answer = { names: string[]; scope: unknown; expires_in: unknown } | undefined;
  type Outcome = {
    status: number;
    asked: unknown;
    error?: unknown;
    tokens?: Answer;
    refreshed?: Answer;
    rest?: object;
  };

  async function whole(way: Way, client: Client, scope?: string, resource?: string): Promise<Outcome> {
    const key: ProofKey | undefined = way.key && (await createProofKey());
    const send = async (path: string, fields: object, proven = true) => {
      const proof = key && proven ? await key('POST', server.url + path) : {};
      const own = { client_id: client.id, ...way.fields?.(client.secret ?? '') };
      const headers = { ...way.headers?.(client.id, client.secret ?? ''), ...proof };
      const { status, body } = await postForm(server.url + path, { ...own, ...fields }, headers);
      return { status, body };
    };
    const target = resource === undefined ? {} : { resource };
    const asked = await send('/device_authorization', { ...(scope === undefined ? {} : { scope }), ...target }, false);
    if (asked.status !== 200) return { status: asked.status, asked: asked.body, error: asked.body.error };
    const review = await reviewCode(person, String(asked.body.user_code));
    const access = review.text.split('\n').map((line) => line.trim());
    const told = access.slice(access.indexOf('Can') + 1, access.indexOf('Linked for')).join(', ');
    await approve(person, review);
    const grant = { grant_type: deviceCodeGrant, device_code: String(asked.body.device_code), ...target };
    const { body: tokens } = await send('/token', grant);
    const token = String(tokens.access_token);
    const about = resource === undefined ? (await send('/introspect', { token }, false)).body : {};
    const scheme = key ? 'DPoP' : 'Bearer';
    const proof = key ? await key('GET', `${server.url}/userinfo`, token) : {};
    const info = await fetch(`${server.url}/userinfo`, { headers: { authorization: `${scheme} ${token}`, ...proof } });
    const claims = Object.keys((await info.json()) as object).sort();
    const refreshed =
      tokens.refresh_token === undefined
        ? undefined
        : (
            await send('/token', {
              grant_type: 'refresh_token',
              refresh_token: String(tokens.refresh_token),
              ...target,
            })
          ).body;
    const members = (answer: Record<string, unknown> | undefined) =>
      answer && { names: Object.keys(answer).sort(), scope: answer.scope, expires_in: answer.expires_in };
    return {
      ...{ status: asked.status, asked: Object.keys(asked.body).sort() },
      ...{ tokens: members(tokens), refreshed: members(refreshed), rest: { told, introspected: about.scope, claims } },
    };
  }

  for (const [kind, settings] of Object.entries(kinds)) {
    for (const [scope, given] of asks) {
      it(`fault C2: ${kind}, asked for ${scope ?? 'nothing in particular'}: ${given[kind] ?? 'refused'}, every way`, async () => {
        let first: Outcome | undefined;
        for (const [name, way] of Object.entries(ways)) {
          const client = await server.createClient({
            ...settings,
            public: way.public,
            webOrigins: [page],
            resources: [api],
          });
          const answer = await whole(way, client, scope);
          first ??= answer;
          assert.deepEqual(answer, first, name);
          assert.equal(answer.tokens?.scope, given[kind], name);
          if (given[kind] === undefined) assert.deepEqual([answer.status, answer.error], [400, 'invalid_scope']);
          else {
            assert.equal(answer.refreshed?.scope ?? given[kind], given[kind]);
            assert.equal((answer.rest as { introspected: unknown }).introspected, given[kind]);
          }
        }
      });
    }
  }

  it('fault C2: for an API, with a JWT, every way to the engine', async () => {
    let first: Outcome | undefined;
    for (const [name, way] of Object.entries(ways)) {
      const client = await server.createClient({
        ...{ public: way.public, webOrigins: [page], resources: [api], scope: 'openid things' },
      });
      const answer = await whole(way, client, 'openid things admin', api);
      first ??= answer;
      assert.deepEqual(answer, first, name);
      assert.equal(answer.tokens?.scope, 'openid things');
      const elsewhere = await whole(way, client, 'things', 'https://other.example');
      assert.deepEqual([elsewhere.status, elsewhere.error], [400, 'invalid_target']);
    }
  });
});
