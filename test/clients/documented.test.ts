import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { seconds } from '../../src/clock.ts';
import { poll, postForm, refresh, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const guide = read('docs/integrate.md');

type Row = { name: string; does: string; client: string; write: string };

const rows: Row[] = guide
  .slice(guide.indexOf('## Libraries and programs'))
  .split('\n')
  .filter((line) => /^\| (?!library|---|\*\*)/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| /, '')))
  .map(([name = '', does = '', client = '', write = '']) => ({ name, does, client, write }));

describe('fault C9: the guide for developers', () => {
  it('fault C9: names twenty libraries and programs or more, what each does, and the lines to write', () => {
    assert.ok(rows.length >= 20, `${rows.length} rows`);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    for (const { name, does, client, write } of rows) {
      assert.match(name, / \d+\.\d+/, name);
      assert.match(does, /^[dc]( [dcruvix])*$/, name);
      assert.match(client, /^(tv|web)\b/, name);
      assert.ok(write, name);
    }
  });

  it('fault C9: says of every library that these tests run the version that they run', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    const python = read('test/clients/programs/requirements.txt').matchAll(/^(\S+)==(\S+)/gm);
    const pinned = new Map([
      ...Object.entries(devDependencies),
      ...[...python].map(([, name = '', version = '']) => [name, version] as const),
    ]);
    const marked = rows.filter(({ name }) => name.includes('†'));
    const named = marked.flatMap(({ name }) => [...name.matchAll(/([@\w/-]+) (\d[\d.]*)/g)]);
    assert.ok(named.length >= 10, `${named.length} are run`);
    for (const [, name = '', version = ''] of named) assert.equal(version, pinned.get(name.toLowerCase()), name);
  });

  describe('and what becomes of tokens', () => {
    let server: TestApp;
    let client: string;

    before(async () => {
      server = await startTestApp();
      client = (await server.createClient()).id;
      await server.createAccount('sam@example.org');
    });
    after(() => server.stop());

    const linked = async () => {
      const code = await requestCode(server.url, client);
      const person = createHttpBrowser(server.url);
      await signIn(person, 'sam@example.org', testPassword);
      await linkCode(person, code.user_code);
      return (await poll(server.url, client, code.device_code)).body as { access_token: string; refresh_token: string };
    };

    it('fault C9: a refresh may be tried again for as long as the guide says', async () => {
      const told = Number(/A retry within (\d+)\s+seconds gets the same answer/.exec(guide)?.[1]);
      const { refresh_token } = await linked();
      const first = await refresh(server.url, client, refresh_token);
      assert.equal(first.status, 200);
      server.clock.advance(seconds(told - 5));
      assert.deepEqual((await refresh(server.url, client, refresh_token)).body, first.body);
      server.clock.advance(seconds(10));
      assert.equal((await refresh(server.url, client, refresh_token)).body.error, 'invalid_grant');
    });

    it('fault C9: revoking an access token ends the whole link, as the guide says', async () => {
      assert.match(guide, /Revoking an access token\s+does the same/);
      const { access_token, refresh_token } = await linked();
      await postForm(`${server.url}/revoke`, { client_id: client, token: access_token });
      assert.equal((await refresh(server.url, client, refresh_token)).body.error, 'invalid_grant');
    });

    it('fault C9: the metadata name first what a library with a secret should do that takes the first it knows', async () => {
      const answer = await fetch(`${server.url}/.well-known/openid-configuration`);
      const metadata = (await answer.json()) as { token_endpoint_auth_methods_supported: string[] };
      assert.deepEqual(metadata.token_endpoint_auth_methods_supported, [
        'client_secret_basic',
        'client_secret_post',
        'none',
      ]);
    });

    it('fault C9: a client with a secret cannot ask for a code without it, so tools that send none need --public', async () => {
      assert.match(guide, /A secret is not sent to the device endpoint[^-]*register\s+with `--public`/);
      const { id } = await server.createClient({ public: false });
      const refused = await postForm(`${server.url}/device_authorization`, { client_id: id, scope: 'openid' });
      assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client']);
      await requestCode(server.url, client);
    });
  });
});
