import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { minutes } from '../../src/clock.ts';
import { requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { routesOf } from '../helpers/routes.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** Where an account's own pages are. A route under them is sensitive unless it stands below with a reason. */
const own = ['/account', '/activity', '/checkup', '/devices', '/profile', '/security', '/sessions'];

const harmless: Record<string, string> = {
  'GET /account': 'shows how the account stands',
  'GET /activity': 'shows what happened',
  'GET /activity/:id': 'shows one event',
  'GET /activity/:id/done': 'shows what was done about it',
  'GET /activity/undo/:token': 'a link of a mail, which is its own proof',
  'POST /activity/undo/:token': 'the same',
  'GET /activity/change/:token': 'the same',
  'POST /activity/change/:token': 'the same',
  'GET /checkup': 'walks through pages that ask themselves',
  'GET /checkup/:step': 'the same',
  'POST /checkup/:step': 'notes that it was looked at',
  'GET /checkup/done': 'the same',
  'GET /devices': 'shows the devices',
  'GET /devices/:id': 'shows one device',
  'GET /devices/:id/ended': 'shows that it is gone',
  'GET /devices/undo/:token': 'a link of a mail, which is its own proof',
  'POST /devices/undo/:token': 'the same',
  'GET /devices/unlink-all': 'asks whether they are sure',
  'GET /profile': 'shows and changes a name and a language',
  'POST /profile': 'the same',
  'GET /profile/closed': 'says that the account is closed',
  'POST /profile/keep': 'takes the closing back',
  'GET /security': 'shows the ways to sign in',
  'GET /security/addresses': 'shows the addresses, most of each hidden',
  'GET /security/addresses/confirm/:id': 'asks for the code that was sent after a fresh proof',
  'POST /security/addresses/confirm/:id': 'the same',
  'GET /security/addresses/confirm/:id/state': 'the same',
  'GET /security/addresses/link/:token': 'a link of a mail, which is its own proof',
  'POST /security/addresses/link/:token': 'the same',
  'GET /security/email/undo/:token': 'the same',
  'POST /security/email/undo/:token': 'the same',
  'POST /security/passkeys/upgrade': 'does nothing without a fresh proof, and says nothing',
  'POST /security/codes-file': 'gives back as a file what the page holds already',
  'GET /sessions': 'shows the sessions; ending one asks',
};

let server: TestApp;
let person: HttpBrowser;
let csrf = '';
/** What stands for a parameter, and what is sent, where it makes a difference. */
let filled: Record<string, { path?: string; body?: Record<string, string> }>;

before(async () => {
  server = await startTestApp();
  const accountId = await server.createAccount('sam@example.org');
  person = createHttpBrowser(server.url);
  await signIn(person, 'sam@example.org', testPassword);
  const code = await requestCode(server.url, (await server.createClient()).id);
  const review = await person.submit(await person.open('/link'), { user_code: code.user_code });
  await person.submit(review, {}, { name: 'decision', value: 'approve' });
  const device = (await person.open('/devices')).root.querySelector('a[href^="/devices/"]')?.getAttribute('href') ?? '';
  const events = await server.outside.journal.recent(accountId, 20);
  const linked = events.find(({ type }) => type === 'approved');
  csrf = (await person.open('/signout')).root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
  filled = {
    '/devices/:id': { path: device, body: { action: 'unlink' } },
    '/activity/:id': { path: `/activity/${linked?.id}` },
    '/checkup/:step': { path: '/checkup/ways' },
  };
  server.clock.advance(minutes(6));
});
after(() => server.stop());

test('E38: with a proof of six minutes ago every sensitive route asks for a new one', async () => {
  const routes = routesOf(server.app.server).filter(
    ({ method, path }) => method !== 'HEAD' && own.some((root) => path === root || path.startsWith(`${root}/`)),
  );
  const open: string[] = [];
  for (const { method, path } of routes) {
    const { path: real = path.replace(/:\w+/g, 'x'), body = {} } = filled[path] ?? {};
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(real, server.url), {
      method,
      redirect: 'manual',
      headers: { cookie, accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      ...(method === 'POST' ? { body: new URLSearchParams({ csrf, ...body }).toString() } : {}),
    });
    await answer.text();
    const asks = answer.status === 303 && (answer.headers.get('location') ?? '').startsWith('/prove?');
    if (!asks) open.push(`${method} ${path}`);
  }
  assert.deepEqual(
    open.filter((route) => !(route in harmless)),
    [],
    'they act, or show secrets, without asking',
  );
  assert.deepEqual(
    Object.keys(harmless).filter((route) => !open.includes(route)),
    [],
    'they are no longer there, or ask now',
  );
  assert.ok(routes.length - open.length > 30, 'and the others ask');
  assert.match((await person.open('/devices')).text, /Acme TV/, 'nothing was done');
});

test('K7, E38: a link takes a proof of its own, whatever the session has', async () => {
  await person.submit(await person.open('/prove?next=/devices'), { password: testPassword });
  const code = await requestCode(server.url, (await server.createClient()).id);
  const first = await person.submit(await person.open('/link'), { user_code: code.user_code });
  await person.submit(first, {}, { name: 'decision', value: 'approve' });
  const another = await requestCode(server.url, (await server.createClient()).id);
  const second = await person.submit(await person.open('/link'), { user_code: another.user_code });
  const asked = await person.submit(second, {}, { name: 'decision', value: 'approve' });
  assert.match(asked.url.pathname, /^\/link\/.+\/prove$/);
});
