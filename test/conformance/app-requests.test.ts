import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { days } from '../../src/clock.ts';
import { chooseAccount, signInToApp } from '../helpers/app-sign-in.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { authorizationRequest, callback, refused, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

const sam = 'sam@example.org';
const mallory = 'mallory@example.net';

/** Fault A1: an app's request belongs to the browser that began it, and to whoever is signed in there by our session. */
describe('the browser side of the engine', () => {
  let server: TestApp;
  let config: client.Configuration;
  let victim: HttpBrowser;
  let attacker: HttpBrowser;
  const ids: Record<string, string> = {};

  before(async () => {
    server = await startTestApp();
    for (const email of [sam, mallory]) ids[email] = await server.createAccount(email);
    config = await registerApp(server, webApp);
  });
  after(() => server.stop());
  beforeEach(async () => {
    victim = createHttpBrowser(server.url);
    attacker = createHttpBrowser(server.url);
    await signIn(victim, sam, testPassword);
    await signIn(attacker, mallory, testPassword);
  });

  const allow = async (browser: HttpBrowser, app = config) => {
    const { url, checks } = await authorizationRequest(app, { prompt: 'consent' });
    const { callback: back } = await signInToApp(browser, url);
    return (await client.authorizationCodeGrant(app, back, checks)).claims()?.sub;
  };

  /** What an app gets with `prompt=none` from a request with this Cookie header, to the letter. */
  const silently = async (cookie: string): Promise<string | undefined> => {
    const { url, checks } = await authorizationRequest(config, { prompt: 'none' });
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    const back = new URL(answer.headers.get('location') ?? '', server.url);
    const tokens = client.authorizationCodeGrant(config, back, checks);
    return tokens.then(
      (one) => one.claims()?.sub,
      () => refused(tokens),
    );
  };

  const header = (cookies: Iterable<[string, string]>): string =>
    [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

  const rows = (kind: string) =>
    server.outside.database.query
      .withTables<{ artifact: { id: string; kind: string; account_id: string | null; sealed_payload: string } }>()
      .selectFrom('artifact')
      .selectAll()
      .where('kind', '=', kind)
      .orderBy('id')
      .execute();

  /** What a browser may be given: these five, and no cookie of the engine. */
  const ours = new Set(['browser', 'session', 'flow', 'locale', 'theme'].map((name) => `latchkey-${name}`));

  it('fault A1: the engine puts no cookie into a browser', async () => {
    await allow(victim);
    assert.deepEqual(
      [...victim.cookies.keys()].filter((name) => !ours.has(name)),
      [],
    );
  });

  it('fault A1: no cookie besides our own session says who signs in to an app, however it is written', async () => {
    assert.equal(await allow(victim), ids[sam]);
    assert.equal(await allow(attacker), ids[mallory]);
    const stolen = [...victim.cookies].filter(([name]) => name !== 'latchkey-session');
    const own = header(attacker.cookies);
    for (const name of ['latchkey-engine', '__Host-latchkey-engine', 'session', '__Host-session', '_session']) {
      const value = victim.cookies.get(name) ?? 'x'.repeat(43);
      const mine = attacker.cookies.get(name) ?? 'y'.repeat(43);
      const others = own
        .split('; ')
        .filter((pair) => !pair.startsWith(`${name}=`))
        .join('; ');
      const spellings = [
        `${others}; ${name} =${mine}; ${name}=${value}`,
        `${others}; ${name}\t=${mine}; ${name}=${value}`,
        `${name}=${value}; ${others}`,
        `${name}="${value}"; ${others}; ${name}=${mine}`,
        `${others};${name}=${mine};${name}=${value};  ${name}=${value}`,
        `${header(stolen)}; ${own}`,
      ];
      for (const cookie of spellings) assert.notEqual(await silently(cookie), ids[sam], cookie);
    }
  });

  it('fault A1: after signing out everywhere in a browser, nothing that was kept in it signs anybody in to an app', async () => {
    await allow(victim);
    const kept = new Map(victim.cookies);
    await victim.submit(await victim.open('/signout'), {});
    const all = header(kept);
    const engine = kept.get('latchkey-engine') ?? 'x';
    await allow(attacker);
    const own = header(attacker.cookies);
    const mine = attacker.cookies.get('latchkey-engine') ?? 'y';
    const both = `latchkey-engine =${mine}; latchkey-engine=${engine}; ${own.replace(/latchkey-engine=[^;]*;?/, '')}`;
    assert.notEqual(await silently(both), ids[sam], both);
    for (const cookie of [all, `latchkey-engine =${engine}; ${all}`, `latchkey-engine\t=x; latchkey-engine=${engine}`])
      assert.equal(await silently(cookie), 'login_required', cookie);
  });

  describe('the engine keeps no session of somebody who is not signed in any more', () => {
    const sessions = async () => (await rows('Session')).filter((row) => row.account_id === ids[sam]).length;
    const press = async (page: string, button: { name: string; value: string }) => {
      await victim.submit(await victim.open(page), {}, button);
    };
    const ways: Record<string, () => Promise<unknown>> = {
      'the last account': async () => victim.submit(await victim.open('/signout'), {}),
      'one of two accounts': async () => {
        await signIn(victim, mallory, testPassword);
        await chooseAccount(victim, await victim.open('/accounts'), ids[sam] ?? '');
        await press('/signout', { name: 'account', value: ids[sam] ?? '' });
      },
      'both of two accounts': async () => {
        await signIn(victim, mallory, testPassword);
        await press('/signout', { name: 'account', value: 'all' });
      },
      'from another browser, everywhere else': async () => {
        const elsewhere = createHttpBrowser(server.url);
        await signIn(elsewhere, sam, testPassword);
        await elsewhere.submit(await elsewhere.open('/sessions'), {}, { name: 'action', value: 'others' });
      },
      'from another browser, this one': async () => {
        const elsewhere = createHttpBrowser(server.url);
        await signIn(elsewhere, sam, testPassword);
        const page = await elsewhere.open('/sessions');
        const session = page.root
          .querySelectorAll('input[name="session"]')
          .map((input) => input.getAttribute('value') ?? '');
        for (const id of session) await elsewhere.submit(page, { session: id }, { name: 'action', value: 'end' });
      },
      'by time': async () => {
        server.clock.advance(days(30));
        await server.app.tidy();
        server.clock.advance(-days(30));
      },
    };
    for (const [name, leave] of Object.entries(ways)) {
      it(`fault A1: signed out, ${name}`, async () => {
        for (const row of await rows('Session')) await forget(row.id);
        await allow(victim);
        assert.equal(await sessions(), 1);
        const kept = header(victim.cookies);
        await leave();
        assert.equal(await sessions(), 0);
        assert.notEqual(await silently(kept), ids[sam]);
      });
    }

    const forget = (id: string) =>
      server.outside.database.query
        .withTables<{ artifact: { id: string } }>()
        .deleteFrom('artifact')
        .where('id', '=', id)
        .execute();

    it('fault A1: while another account is the one in use, nobody is signed in as the first', async () => {
      await allow(victim);
      await signIn(victim, mallory, testPassword);
      assert.notEqual(await silently(header(victim.cookies)), ids[sam]);
      await chooseAccount(victim, await victim.open('/accounts'), ids[sam] ?? '');
      assert.equal(await silently(header(victim.cookies)), ids[sam]);
    });
  });

  it('fault A1: a request planted in another browser gets nothing of who is signed in there', async () => {
    const evil = await registerApp(server, { ...webApp, name: 'Evil' });
    const planter = createHttpBrowser(server.url);
    const { url, checks } = await authorizationRequest(evil);
    const begun = await fetch(url, { redirect: 'manual', headers: { cookie: header(planter.cookies) } });
    for (const line of begun.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      planter.cookies.set(name, value);
      // From a sibling name: it reaches the victim as any cookie that is not ours alone.
      if (!/session|browser|flow/.test(name)) victim.cookies.set(name, value);
    }
    const page = begun.headers.get('location') ?? '';
    const before = JSON.stringify(await rows('Interaction'));
    const shown = await victim.open(page);
    assert.equal(shown.status, 404);
    assert.doesNotMatch(shown.text, /Evil/);
    await victim.open(page.replace('/interaction/', '/auth/'));
    assert.equal(JSON.stringify(await rows('Interaction')), before, 'the victim left something in it');

    const asked = await planter.open(page);
    assert.equal(asked.url.pathname, '/signin');
    const { callback: back } = await goOn(planter, page);
    const tokens = await client.authorizationCodeGrant(evil, back, checks);
    assert.equal(tokens.claims()?.sub, ids[mallory]);
  });

  const goOn = (browser: HttpBrowser, page: string) =>
    signInToApp(browser, new URL(page, server.url), { email: mallory });

  it('fault A1: looking at the page of a request writes nothing into it', async () => {
    for (const more of [{}, { prompt: 'login' }, { prompt: 'consent' }, { max_age: '1' }]) {
      const { url } = await authorizationRequest(config, more);
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie: header(victim.cookies) } });
      const page = answer.headers.get('location') ?? '';
      assert.match(page, /^\/interaction\//, JSON.stringify(more));
      const before = JSON.stringify(await rows('Interaction'));
      const given = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
      const cookie = [header(victim.cookies), ...given].join('; ');
      for (let look = 0; look < 2; look++) {
        await fetch(new URL(page, server.url), { redirect: 'manual', headers: { cookie } });
      }
      assert.equal(JSON.stringify(await rows('Interaction')), before, JSON.stringify(more));
    }
  });

  it('C32: two apps in two tabs at once each get what was allowed for them', async () => {
    const other = await registerApp(server, { ...webApp, name: 'Other app' });
    const requests = [];
    for (const app of [config, other])
      requests.push({ app, ...(await authorizationRequest(app, { prompt: 'consent' })) });
    const pages: HttpPage[] = [];
    for (const { url } of requests) pages.push(await victim.open(url.href));
    assert.match(pages[0]?.text ?? '', /Acme Photos/);
    assert.match(pages[1]?.text ?? '', /Other app/);
    for (const [index, { app, checks }] of requests.entries()) {
      const page = pages[index] ?? assert.fail();
      const done = await victim.submit(page, {}, { name: 'decision', value: 'approve' });
      assert.equal(done.url.origin + done.url.pathname, callback);
      assert.equal((await client.authorizationCodeGrant(app, done.url, checks)).claims()?.sub, ids[sam]);
    }
  });
});
