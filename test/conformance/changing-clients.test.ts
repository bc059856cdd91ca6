import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClients } from '../../src/clients/clients.ts';
import { createClientsStore } from '../../src/clients/clients-store.ts';
import { hours, seconds } from '../../src/clock.ts';
import { createClientCheck } from '../../src/engine/client-check.ts';
import { postForm } from '../helpers/device.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const callback = 'https://app.example/callback';
const code = { name: 'Wiki', public: false, grants: ['authorization_code'], redirectUris: [callback] };

/** What an operator registers works, stays changeable, and ends when they say so. */
describe('fault C5: clients', () => {
  let server: TestApp;
  before(async () => {
    server = await startTestApp();
  });
  after(() => server.stop());

  const accepted = createClientCheck();
  const clients = () => createClients({ ...server.outside, accepted });
  const forSelf = (id: string, secret: string | undefined, more = {}) =>
    postForm(
      `${server.url}/token`,
      { grant_type: 'client_credentials', ...more },
      { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    );
  /** Servers remember a client for five seconds. */
  const seen = (): void => server.clock.advance(seconds(6));

  const impossible: [string, object][] = [
    ['https on localhost beside http there', { redirectUris: ['https://localhost/a', 'http://localhost/a'] }],
    ['https on 127.0.0.1 beside a scheme', { redirectUris: ['https://127.0.0.1/a', 'com.example.app:/a'] }],
    ['https on ::1 beside http there', { redirectUris: ['https://[::1]/a', 'http://[::1]/a'] }],
    ['the same after signing out', { postLogoutRedirectUris: ['https://localhost/a', 'http://localhost/a'] }],
    ['a fragment in a resource (RFC 8707 §2)', { resources: ['https://api.example/#part'] }],
    ['a scope that no request can name', { scope: 'openid "quoted"' }],
    ['no scope', { scope: '' }],
    ['two spaces in the scope', { scope: 'openid  email' }],
    ['nothing that could be refreshed', { grants: ['refresh_token'], redirectUris: [] }],
    ['tokens for itself without a secret (RFC 6749 §4.4)', { public: true, grants: ['client_credentials'] }],
    ['a service that is not there', { services: ['nobody'] }],
  ];
  for (const [name, settings] of impossible) {
    it(`fault C5: none is stored that could never work: ${name}`, async () => {
      const before = (await clients().list()).length;
      await assert.rejects(server.createClient({ ...code, ...settings }), { code: 'bad_request' });
      assert.equal((await clients().list()).length, before);
      if ('public' in settings) return;
      const { id } = await server.createClient(code);
      await assert.rejects(clients().change(id, settings), { code: 'bad_request' });
      const { createdAt: _at, id: _id, ...unchanged } = (await clients().find(id)) ?? assert.fail();
      assert.deepEqual([unchanged.redirectUris, unchanged.scope], [[callback], 'openid profile email offline_access']);
    });
  }

  it('fault C5: whatever is stored can begin a sign-in', async () => {
    for (const redirectUris of [
      ['https://localhost/a'],
      ['https://app.example/a', 'http://localhost/a', 'com.example.app:/a', 'http://[::1]:8000/a'],
    ]) {
      const { id } = await server.createClient({ ...code, redirectUris });
      for (const redirect_uri of redirectUris) {
        const request = new URL('/auth', server.url);
        request.search = new URLSearchParams({
          ...{ client_id: id, response_type: 'code', redirect_uri, scope: 'openid' },
          ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
        }).toString();
        const answer = await fetch(request, { redirect: 'manual' });
        assert.match(answer.headers.get('location') ?? '', /^\/interaction\//, redirect_uri);
      }
    }
  });

  it('fault C5: one that an older version stored although it cannot work is named, with the reason, and nothing else is', async () => {
    const { id } = await server.createClient(code);
    assert.deepEqual(await clients().unfit(), []);
    const store = createClientsStore(server.outside.database);
    const row = (await store.findClient(id)) ?? assert.fail();
    const { services: _none, pkceOptional: _no, ...old } = JSON.parse(row.settings) as Record<string, unknown>;
    const bad = { ...old, redirectUris: ['https://localhost/a', 'http://localhost/a'] };
    await store.changeClient(row, { name: row.name, settings: JSON.stringify(bad) });
    const [found, ...others] = await clients().unfit();
    assert.deepEqual([found?.id, others], [id, []]);
    assert.match(found?.problem ?? '', /redirect_uris/);
    await clients().change(id, { redirectUris: [callback] });
    assert.deepEqual(await clients().unfit(), []);
  });

  it('fault C5: only what is named changes, and what ends by it is said', async () => {
    const service = await server.createClient({ public: false, grants: ['client_credentials'] });
    const { id } = await server.createClient({
      ...{ ...code, grants: ['authorization_code', 'client_credentials'], scope: 'openid email things' },
      ...{ webOrigins: ['https://app.example'], resources: ['https://api.example'], services: [service.id] },
    });
    const before = (await clients().find(id)) ?? assert.fail();
    const { client, ends } = (await clients().change(id, { name: 'Wiki 2' })) ?? assert.fail();
    assert.deepEqual([client, ends], [{ ...before, name: 'Wiki 2' }, []]);
    const narrowed = await clients().change(id, {
      ...{ grants: ['authorization_code'], scope: 'openid', webOrigins: [], resources: [], services: [] },
      ...{ redirectUris: ['https://app.example/new'], dpopRequired: true },
    });
    const told = narrowed?.ends.join('\n') ?? '';
    assert.equal(narrowed?.ends.length, 7, told);
    const words = ['for itself', 'email, things', callback, 'Scripts of https://app.example', 'https://api.example'];
    for (const word of [...words, service.id]) assert.ok(told.includes(word), word);
    assert.equal(await clients().change('nobody', { name: 'X' }), undefined);
  });

  it('fault C5: two changes at once: none is lost', async () => {
    const { id } = await server.createClient(code);
    const done = await Promise.allSettled([
      clients().change(id, { name: 'One' }),
      clients().change(id, { scope: 'openid' }),
    ]);
    const { name, scope } = (await clients().find(id)) ?? assert.fail();
    const [named, scoped] = done.map(({ status }) => status === 'fulfilled');
    assert.deepEqual({ named: name === 'One', scoped: scope === 'openid' }, { named, scoped });
    assert.ok(named || scoped);
  });

  it('fault C5: a new secret, and the old one ends at once or when it was said to', async () => {
    const { id, secret } = await server.createClient({ public: false, grants: ['client_credentials'] });
    assert.equal((await forSelf(id, secret)).status, 200);
    const second = (await clients().rotateSecret(id, hours(1))) ?? assert.fail();
    seen();
    assert.equal((await forSelf(id, second.secret)).status, 200);
    assert.equal((await forSelf(id, secret)).status, 200, 'within the hour');
    server.clock.advance(hours(1));
    assert.deepEqual((await forSelf(id, secret)).body.error, 'invalid_client');
    assert.equal((await forSelf(id, second.secret)).status, 200);
    const third = (await clients().rotateSecret(id, 0)) ?? assert.fail();
    seen();
    assert.equal((await forSelf(id, second.secret)).status, 401);
    assert.equal((await forSelf(id, third.secret)).status, 200);
    const stored = JSON.stringify(await createClientsStore(server.outside.database).findClient(id));
    for (const plain of [secret, second.secret, third.secret]) assert.ok(plain && !stored.includes(plain), 'hashed');
    const tv = await server.createClient();
    await assert.rejects(clients().rotateSecret(tv.id, 0), { code: 'bad_request' });
    assert.equal(await clients().rotateSecret('nobody', 0), undefined);
  });
});
