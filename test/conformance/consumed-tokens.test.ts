import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seconds } from '../../src/clock.ts';
import { createEngineStore } from '../../src/engine/engine-store.ts';
import { deviceCodeGrant, postForm } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { createProofKey } from '../helpers/proof-of-key.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

type Row = { kind: string; consumed_at: number | null; sealed_payload: string; id: string };

/** A device refreshes every ten minutes for a month: what stays of each time is paid for thousands of times. */
describe('fault E10: used refresh tokens', () => {
  let server: TestApp;
  let person: HttpBrowser;
  let stranger: string;
  before(async () => {
    server = await startTestApp();
    await server.createAccount('sam@example.org');
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    stranger = (await server.createClient({ name: 'Other' })).id;
  });
  after(() => server.stop());

  const url = () => `${server.url}/token`;
  const usedRows = (): Promise<Row[]> =>
    server.outside.database.query
      .withTables<{ artifact: Row }>()
      .selectFrom('artifact')
      .selectAll()
      .where('kind', '=', 'RefreshToken')
      .where('consumed_at', 'is not', null)
      .execute();

  for (const [way, isPublic, keyed] of [
    ['in front of the engine', true, false],
    ['by the engine', false, false],
    ['bound to a key', true, true],
  ] as const) {
    it(`fault E10: only whose they were and their key stay, and a replay is known as one: refreshed ${way}`, async () => {
      const client = await server.createClient({ public: isPublic });
      const own = { client_id: client.id, ...(client.secret ? { client_secret: client.secret } : {}) };
      const key = keyed ? await createProofKey() : undefined;
      const send = async (fields: object, by = key) =>
        postForm(url(), { ...own, ...fields }, by ? await by('POST', url()) : {});
      const refresh = (token: string, by = key) => send({ grant_type: 'refresh_token', refresh_token: token }, by);
      const asked = await postForm(`${server.url}/device_authorization`, { ...own, scope: 'openid profile email' });
      await linkCode(person, String(asked.body.user_code));
      const first = await send({ grant_type: deviceCodeGrant, device_code: String(asked.body.device_code) });
      const tokens = [String(first.body.refresh_token)];
      const before = (await usedRows()).length;
      for (let n = 0; n < 5; n++) {
        const { status, body } = await refresh(tokens.at(-1) ?? '');
        assert.equal(status, 200);
        tokens.push(String(body.refresh_token));
      }
      const again = await refresh(tokens.at(-2) ?? '');
      assert.equal(again.body.refresh_token, tokens.at(-1), 'a lost answer is given again');

      const rows = (await usedRows()).slice(before);
      assert.equal(rows.length, 5);
      for (const row of rows) {
        const left = JSON.parse(server.outside.secrets.open('artifact', row.sealed_payload, row.id) ?? '');
        assert.deepEqual(Object.keys(left), keyed ? ['clientId', 'jkt'] : ['clientId']);
        assert.ok(row.sealed_payload.length < (keyed ? 220 : 150), `${row.sealed_payload.length} characters`);
      }

      server.clock.advance(seconds(61));
      const used = tokens[1] ?? '';
      const elsewhere = { grant_type: 'refresh_token', refresh_token: used, client_id: stranger };
      assert.equal((await postForm(url(), elsewhere)).body.error, 'invalid_grant');
      if (keyed) assert.equal((await refresh(used, await createProofKey())).body.error, 'invalid_grant');
      const alive = await refresh(tokens.at(-1) ?? '');
      assert.equal(alive.status, 200, 'neither another client nor another key has ended it');
      assert.equal((await refresh(used)).body.error, 'invalid_grant');
      const ended = await refresh(String(alive.body.refresh_token));
      assert.deepEqual([ended.status, ended.body.error], [400, 'invalid_grant'], 'the family has ended');
    });
  }

  it('fault E10: what an older version left whole is understood as before', async () => {
    const tv = await server.createClient();
    const asked = await postForm(`${server.url}/device_authorization`, { client_id: tv.id, scope: 'openid' });
    await linkCode(person, String(asked.body.user_code));
    const grant = { client_id: tv.id, grant_type: deviceCodeGrant, device_code: String(asked.body.device_code) };
    const { body } = await postForm(url(), grant);
    const token = String(body.refresh_token);
    const id = server.outside.secrets.hash('artifact', `RefreshToken:${token}`);
    const store = createEngineStore(server.outside.database);
    await server.outside.database.transaction(async (transaction) => {
      assert.ok(await store.consumeArtifact(id, server.clock.now(), transaction));
    });
    const fields = { client_id: tv.id, grant_type: 'refresh_token', refresh_token: token };
    assert.equal((await postForm(url(), fields)).body.error, 'invalid_grant');
    const userinfo = await fetch(`${server.url}/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    assert.equal(userinfo.status, 401, 'ended');
  });
});
