import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { parse } from 'node-html-parser';
import { forEachDatabase, type OpenDatabase } from '../../test/helpers/databases.ts';
import { createBench } from '../../test/helpers/linked-devices.ts';
import { days, hours } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { loadMessages } from '../web/messages.ts';
import { pagesScope, registerWeb } from '../web/web.ts';
import { devicesPlugin } from './devices-plugin.ts';

const issuer = 'http://localhost:3000';

/** The room behind the real web shell; the header `x-account` stands for a browser session. */
async function createSite(open: OpenDatabase) {
  const bench = await createBench(open);
  let proven = true;
  const signedIn = (request: FastifyRequest) => {
    const accountId = request.headers['x-account'];
    return accountId ? { current: { accountId: accountId as AccountId } } : undefined;
  };
  const orRedirect = (path: string, allowed: () => boolean) => async (request: FastifyRequest, reply: FastifyReply) => {
    const owner = signedIn(request);
    if (owner && allowed()) return owner;
    reply.redirect(path, 303);
    return undefined;
  };

  const app = fastify({ routerOptions: { maxParamLength: 500 } });
  const { clock, secrets, devices, journal } = bench;
  await registerWeb(app, {
    config: { issuer, development: true, trustedProxies: [] },
    secrets,
    random: systemRandom,
    clock,
    messages: loadMessages(),
    readPerson: async () => undefined,
    switchTo: async () => false,
  });
  const requireSignedIn = orRedirect('/signin', () => true);
  const requireFreshProof = orRedirect('/prove', () => proven);
  await pagesScope(app, devicesPlugin({ devices, journal, clock, requireSignedIn, requireFreshProof }));
  after(() => app.close());

  const cookies = { 'latchkey-browser': 'A'.repeat(22) };
  const headersOf = (account: string | undefined, language: string) => ({
    accept: 'text/html',
    'accept-language': language,
    ...(account ? { 'x-account': account } : {}),
  });
  return {
    ...bench,
    app,
    loseProof: () => {
      proven = false;
    },
    get: (url: string, account?: string, language = 'en') =>
      app.inject({ url, headers: headersOf(account, language), cookies }),
    post: (url: string, fields: Record<string, string>, account?: string) =>
      app.inject({
        method: 'POST',
        url,
        cookies,
        headers: { ...headersOf(account, 'en'), 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ csrf: secrets.hash('csrf', cookies['latchkey-browser']), ...fields }).toString(),
      }),
  };
}

const textOf = (body: string) => parse(body).querySelector('main')?.text.replace(/\s+/g, ' ') ?? '';

forEachDatabase((_name, open) => {
  test('A5: with nothing linked, the page says where a code comes from and leads to /link', async () => {
    const { get } = await createSite(open);
    const { statusCode, body } = await get('/devices', 'ann');
    assert.equal(statusCode, 200);
    assert.match(textOf(body), /No devices are linked yet.*shows a short code/);
    assert.ok(parse(body).querySelector('main a.button[href="/link"]'));
  });

  test('D1: the list names device, app, last use, place and since when', async () => {
    const { get, link, ann, devices, clock } = await createSite(open);
    const { id, grantId } = await link(ann, { name: 'Living room', type: 'tv', country: 'DE' });
    clock.advance(days(3));
    await devices.used(grantId);
    clock.advance(hours(2));
    const { body } = await get('/devices', 'ann');
    assert.match(textOf(body), /Living room.*Acme TV.*Last used: 2 hours ago.*Linked: 3 days ago · Germany/);
    assert.ok(parse(body).querySelector(`a[href="/devices/${id}"]`));
    assert.ok(parse(body).querySelectorAll('main time[datetime]').length >= 2);
    assert.equal(parse(body).querySelector('a[href="/devices/unlink-all"]'), null);
  });

  test('D3: a device that was not used for 90 days is pointed out', async () => {
    const { get, link, ann, clock } = await createSite(open);
    await link(ann, { expiresAt: clock.now() + days(365) });
    clock.advance(days(90));
    assert.doesNotMatch(textOf((await get('/devices', 'ann')).body), /Not used for 90 days/);
    clock.advance(1);
    assert.match(textOf((await get('/devices', 'ann')).body), /Not used for 90 days/);
  });

  test('the device’s page says in words what it may do, and shows unknown scopes as they are', async () => {
    const { get, link, ann } = await createSite(open);
    const others = Array.from({ length: 12 }, (_, i) => `s${i}`).join(' ');
    const scope = `openid email offline_access api:read x\u202Ey ${others}`;
    const { id } = await link(ann, { scope, model: 'QLED 55', type: 'tv' });
    const { body } = await get(`/devices/${id}`, 'ann');
    assert.match(textOf(body), /Know which account is yours.*See your email address.*Stay signed in/);
    assert.match(textOf(body), /api:read.*xy.*and 4 more/);
    assert.match(textOf(body), /QLED 55 \(as the device says\)/);
    const items = parse(body).querySelectorAll('main li bdi');
    assert.ok(items.some((item) => item.text === 'api:read'));
  });

  test('the device’s page shows what happened with this device and no other', async () => {
    const { get, link, ann, journal, devices } = await createSite(open);
    const { id } = await link(ann);
    const other = await link(ann);
    await journal.append({ type: 'redeemed', accountId: ann, data: { device: id } });
    await devices.rename(ann, other.id, 'Else');
    const { body } = await get(`/devices/${id}`, 'ann');
    assert.match(textOf(body), /Activity.*The device signed in/);
    assert.doesNotMatch(textOf(body), /The name was changed/);
  });

  test('F15: a hostile name is text, and its direction stays inside', async () => {
    const { get, link, ann } = await createSite(open);
    const name = '<img src=x onerror=alert(1)> "\'& \u202Eabc';
    const { id } = await link(ann, { name });
    for (const url of ['/devices', `/devices/${id}`]) {
      const page = parse((await get(url, 'ann')).body);
      assert.equal(page.querySelector('main img'), null);
      assert.ok(page.querySelectorAll('bdi').some((bdi) => bdi.textContent.includes('<img src=x')));
      assert.doesNotMatch(page.toString(), /\u202E/);
    }
  });

  test('renaming: POST, redirect, and a word that it is done', async () => {
    const { get, post, link, ann } = await createSite(open);
    const { id } = await link(ann);
    const answer = await post(`/devices/${id}`, { action: 'rename', name: 'Bedroom' }, 'ann');
    assert.equal(answer.statusCode, 303);
    const { body } = await get(String(answer.headers.location), 'ann');
    assert.match(textOf(body), /The name is saved.*Bedroom/);
  });

  test('renaming to nothing visible says so and keeps what was typed', async () => {
    const { post, link, ann } = await createSite(open);
    const { id } = await link(ann);
    const { statusCode, body } = await post(`/devices/${id}`, { action: 'rename', name: ' \u200B' }, 'ann');
    assert.equal(statusCode, 400);
    assert.match(parse(body).querySelector('title')?.text ?? '', /^Error/);
    assert.ok(parse(body).querySelector('a[href="#name"]'));
    assert.ok(parse(body).querySelector('input#name[aria-invalid="true"]'));
  });

  test('unlinking by the form on the device’s page', async () => {
    const { get, post, link, ann, revoked } = await createSite(open);
    const { id, grantId } = await link(ann, { name: 'Living room' });
    const button = parse((await get(`/devices/${id}`, 'ann')).body).querySelector('button[name=action][value=unlink]');
    assert.ok(button);
    const answer = await post(`/devices/${id}`, { action: 'unlink' }, 'ann');
    assert.deepEqual(revoked, [grantId]);
    assert.equal(answer.statusCode, 303);
    assert.match(textOf((await get(String(answer.headers.location), 'ann')).body), /Living room is unlinked/);
    assert.equal((await get(`/devices/${id}`, 'ann')).statusCode, 404);
  });

  test('the list says nothing was unlinked that was not', async () => {
    const { get, link, ann, bob, devices } = await createSite(open);
    const mine = await link(ann);
    const foreign = await link(bob);
    await devices.unlink(bob, foreign.id);
    for (const claim of [mine.id, foreign.id, 'all', 'x', '']) {
      const { body } = await get(`/devices?unlinked=${claim}`, 'ann');
      assert.equal(parse(body).querySelector('.notice-done'), null, claim);
    }
  });

  test('E38: without a fresh proof nothing is unlinked, one or all', async () => {
    const { post, link, ann, revoked, loseProof, devices } = await createSite(open);
    const { id } = await link(ann);
    await link(ann);
    loseProof();
    for (const [url, action] of [
      [`/devices/${id}`, 'unlink'],
      [`/devices/${id}`, 'report'],
      ['/devices/unlink-all', 'unlink-all'],
    ] as const) {
      const answer = await post(url, { action }, 'ann');
      assert.equal(answer.statusCode, 303);
      assert.equal(answer.headers.location, '/prove');
    }
    assert.deepEqual(revoked, []);
    assert.equal((await devices.list(ann)).length, 2);
  });

  test('signed out, every page but the mail’s leads to sign-in and changes nothing', async () => {
    const { get, post, link, ann, revoked } = await createSite(open);
    const { id } = await link(ann);
    const answers = [
      ...(await Promise.all(
        ['/devices', `/devices/${id}`, `/devices/${id}/ended`, '/devices/unlink-all'].map((url) => get(url)),
      )),
      await post(`/devices/${id}`, { action: 'unlink' }),
      await post(`/devices/${id}`, { action: 'rename', name: 'x' }),
    ];
    for (const answer of answers) assert.equal(answer.headers.location, '/signin');
    const all = await post('/devices/unlink-all', { action: 'unlink-all' });
    assert.equal(all.headers.location, '/prove');
    assert.deepEqual(revoked, []);
  });

  test('F12: another person’s device answers exactly as one that never was', async () => {
    const { get, post, link, ann, bob, devices, revoked } = await createSite(open);
    const { id } = await link(ann);
    const never = 'N'.repeat(id.length);
    const same = (a: { statusCode: number; body: string }, b: { statusCode: number; body: string }) => {
      assert.equal(a.statusCode, 404);
      assert.equal(b.statusCode, 404);
      assert.equal(a.body.replaceAll(id, '[id]'), b.body.replaceAll(never, '[id]'));
    };
    same(await get(`/devices/${id}`, bob), await get(`/devices/${never}`, bob));
    same(await get(`/devices/${id}/ended`, bob), await get(`/devices/${never}/ended`, bob));
    for (const fields of [
      { action: 'unlink' },
      { action: 'report' },
      { action: 'rename', name: 'Mine' },
      { action: 'x' },
    ]) {
      same(await post(`/devices/${id}`, fields, bob), await post(`/devices/${never}`, fields, bob));
    }
    assert.equal((await devices.find(ann, id))?.name, 'TV');
    assert.deepEqual(revoked, []);
  });

  test('F16: no GET unlinks, and no form without the browser’s token', async () => {
    const { get, post, link, ann, revoked } = await createSite(open);
    const { id, undoToken } = await link(ann);
    await get(`/devices/${id}?action=unlink`, 'ann');
    await get('/devices/unlink-all?action=unlink-all', 'ann');
    await get(`/devices/undo/${undoToken}?action=unlink`);
    for (const url of [`/devices/${id}`, '/devices/unlink-all', `/devices/undo/${undoToken}`]) {
      assert.equal((await post(url, { action: 'unlink', csrf: 'forged' }, 'ann')).statusCode, 403);
    }
    assert.deepEqual(revoked, []);
  });

  test('unlinking all asks first, names them, and then ends them', async () => {
    const { get, post, link, ann, bob, devices } = await createSite(open);
    await link(ann, { name: 'One' });
    await link(ann, { name: 'Two' });
    await link(bob);
    assert.ok(parse((await get('/devices', 'ann')).body).querySelector('a[href="/devices/unlink-all"]'));
    assert.match(textOf((await get('/devices/unlink-all', 'ann')).body), /Unlink all devices\?.*(One.*Two|Two.*One)/);
    const answer = await post('/devices/unlink-all', { action: 'unlink-all' }, 'ann');
    assert.match(textOf((await get(String(answer.headers.location), 'ann')).body), /All devices are unlinked/);
    assert.equal((await devices.list(bob)).length, 1);
  });

  test('B29: “this wasn’t me” on the device’s page unlinks, records it and says what to do next', async () => {
    const { get, post, link, ann, revoked, events } = await createSite(open);
    const { id, grantId } = await link(ann);
    const answer = await post(`/devices/${id}`, { action: 'report' }, 'ann');
    assert.deepEqual(revoked, [grantId]);
    assert.ok((await events(ann)).some(({ type }) => type === 'reported'));
    const { statusCode, body } = await get(String(answer.headers.location), 'ann');
    assert.equal(statusCode, 200);
    assert.ok(parse(body).querySelector('a[href="/security"]'));
  });

  test('the mail’s link: shows, unlinks on POST without sign-in, then says it is done for ever after', async () => {
    const { get, post, link, ann, revoked } = await createSite(open);
    const { grantId, undoToken } = await link(ann, { name: 'Living room' });
    const url = `/devices/undo/${undoToken}`;
    const shown = await get(url);
    assert.equal(shown.statusCode, 200);
    assert.match(textOf(shown.body), /Unlink Living room\?.*Acme TV/);
    assert.equal(shown.headers['referrer-policy'], 'no-referrer');
    assert.deepEqual(revoked, []);

    const answer = await post(url, {});
    assert.deepEqual(revoked, [grantId], 'the tokens are dead before the page answers');
    assert.equal(answer.statusCode, 303);
    for (let i = 0; i < 2; i++) {
      const done = await get(String(answer.headers.location));
      assert.equal(done.statusCode, 200);
      assert.match(textOf(done.body), /Living room is no longer linked.*Change your password.*other devices/);
      assert.equal(parse(done.body).querySelector('button[value=unlink]'), null);
      await post(url, {});
    }
    assert.deepEqual(revoked, [grantId]);
  });

  test('an unknown link from a mail says so, for GET and POST', async () => {
    const { get, post } = await createSite(open);
    const url = `/devices/undo/${'x'.repeat(43)}`;
    const shown = await get(url);
    assert.equal(shown.statusCode, 404);
    assert.match(textOf(shown.body), /does not work any more/);
    assert.equal((await get(String((await post(url, {})).headers.location))).statusCode, 404);
  });

  for (const language of ['en', 'de', 'es', 'ar']) {
    test(`every page speaks ${language}, without a message missing`, async () => {
      const { get, link, ann, devices } = await createSite(open);
      const { id, undoToken } = await link(ann, {
        type: 'kiosk',
        country: 'DE',
        scope: 'openid profile email offline_access',
      });
      const second = await link(ann, { scope: '' });
      const urls = [
        '/devices',
        `/devices/${id}`,
        `/devices/${second.id}`,
        '/devices/unlink-all',
        `/devices/undo/${undoToken}`,
      ];
      for (const url of urls) {
        const { statusCode, body } = await get(url, 'ann', language);
        assert.equal(statusCode, 200, url);
        assert.equal(parse(body).querySelector('html')?.getAttribute('lang'), language);
        assert.doesNotMatch(textOf(body), /devices\.\w/);
      }
      await devices.unlinkAll(ann);
      for (const url of [
        `/devices?unlinked=${id}`,
        '/devices?unlinked=all',
        `/devices/${id}/ended`,
        '/devices/undo/x',
      ]) {
        assert.doesNotMatch(textOf((await get(url, 'ann', language)).body), /devices\.\w/);
      }
    });
  }
});
