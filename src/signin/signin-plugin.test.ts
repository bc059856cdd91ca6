import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser, Shown } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { days, minutes, seconds } from '../clock.ts';
import type { AccountId } from '../ids.ts';

const email = 'ann@example.org';

async function signIn(browser: FormBrowser, address = email, password = goodPassword): Promise<Shown> {
  await browser.open('/signin');
  await browser.submit({ email: address });
  return browser.submit({ password });
}

const signedIn = async (browser: FormBrowser) => JSON.parse((await browser.open('/home')).body).signedIn;

async function addApp({ authenticators, clock }: People, accountId: AccountId): Promise<() => string> {
  const setup = authenticators.beginApp(accountId, email);
  const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
  assert.equal(await authenticators.finishApp(accountId, setup, code()), true);
  clock.advance(seconds(30));
  return code;
}

async function addPasskey({ authenticators, accounts }: People, accountId: AccountId) {
  const device = createSoftwareAuthenticator({ origin: issuer });
  const userId = (await accounts.passkeyUserId(accountId)) ?? '';
  const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22), email, userId };
  const credential = device.create(await authenticators.passkeys.creationOptions(ask));
  const made = await authenticators.passkeys.verifyCreation({ ...ask, credential });
  assert.ok(made);
  assert.equal(await authenticators.addPasskey(accountId, made.passkey), true);
  return device;
}

forEachDatabase((name, open) => {
  test('signing in by password, with scripts off, and the event in the journal', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ email: ' Ann@Example.org ' });
    assert.equal(browser.shown.url, '/signin/password');
    assert.ok(browser.shown.text.includes(email));
    assert.equal((await browser.submit({ password: goodPassword })).url, '/home');
    const session = await signedIn(browser);
    assert.equal(session.current.accountId, id);
    assert.equal(session.current.name, 'ann');
    assert.deepEqual(session.others, []);
    const [event] = await people.journal.recent(id, 1);
    assert.equal(event?.type, 'signed_in');
    assert.deepEqual(event?.data, {
      session: session.sessionId,
      methods: 'pwd',
      browser: 'Linux',
      network: '192.0.2.0/24',
    });
  });

  test('F5: known and unknown addresses, with and without a password, get the same answers', async () => {
    const people = await createPeople(open);
    await people.addAccount('with@example.org');
    const bare = await people.accounts.create({ email: 'none@example.org' });
    await addPasskey(people, bare.id);
    const app = await people.addAccount('code@example.org');
    await addApp(people, app.id);

    const journey = async (address: string): Promise<string[]> => {
      const browser = people.newBrowser({ remoteAddress: `198.51.${address.length}.${address.charCodeAt(0)}` });
      const seen: string[] = [];
      const note = ({ status, url, body }: Shown) => {
        const plain = body
          .replaceAll('<wbr/>', '')
          .replaceAll(address, 'ADDRESS')
          .replace(/(name="csrf" value=")[^"]*/g, '$1')
          .replace(/&quot;challenge&quot;:&quot;[^&]*/g, '');
        seen.push(`${status} ${url} ${plain}`);
      };
      await browser.open('/signin');
      note(await browser.submit({ email: address }));
      for (let i = 0; i < 5; i += 1) note(await browser.submit({ password: 'not the password at all' }));
      note(await browser.post('/signin/password', { csrf: '' }));
      await browser.open('/signin/password');
      note(await browser.submit({ password: goodPassword }));
      return seen;
    };
    const unknown = await journey('ghost@example.org');
    assert.match(unknown[1] ?? '', /^422 /);
    assert.match(unknown.at(-1) ?? '', /^429 /);
    for (const address of ['with@example.org', 'none@example.org', 'code@example.org'])
      assert.deepEqual(await journey(address), unknown, address);
  });

  test('F8: a session planted before signing in is not the session after it', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    await people.addAccount('eve@example.org');
    const eve = people.newBrowser();
    await signIn(eve, 'eve@example.org');
    const planted = eve.cookies.get('latchkey-session') ?? '';

    const victim = people.newBrowser();
    victim.cookies.set('latchkey-session', planted);
    await signIn(victim);
    assert.notEqual(victim.cookies.get('latchkey-session'), planted);
    assert.equal(await signedIn(eve), null, 'the planted secret is dead');
    assert.equal((await signedIn(victim)).current.email, email);

    const made = people.newBrowser();
    made.cookies.set('latchkey-session', 'made-up-secret');
    await signIn(made);
    assert.notEqual(made.cookies.get('latchkey-session'), 'made-up-secret');
  });

  test('F8, E35: every proof renews the secret, which has 256 bits and is stored as a keyed hash', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = people.newBrowser();
    await signIn(browser);
    const before = browser.cookies.get('latchkey-session') ?? '';
    assert.equal(Buffer.from(before, 'base64url').length, 32);
    const { sessionId } = await signedIn(browser);
    await browser.open('/prove?next=/home');
    assert.equal((await browser.submit({ password: goodPassword })).url, '/home');
    const after = browser.cookies.get('latchkey-session') ?? '';
    assert.notEqual(after, before);
    assert.equal((await signedIn(browser)).sessionId, sessionId, 'the session itself goes on');

    const copy = people.newBrowser();
    copy.cookies.set('latchkey-session', before);
    people.clock.advance(seconds(10));
    assert.equal(await signedIn(copy), null);
    const rows = await people.database.query
      .withTables<{ session: { secret_hash: string } }>()
      .selectFrom('session')
      .selectAll()
      .execute();
    assert.equal(JSON.stringify(rows).includes(after), false);
  });

  test('E34: a session ends after 14 idle days, and after 30 days in any case', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const [idle, busy] = [people.newBrowser(), people.newBrowser()];
    await signIn(idle);
    await signIn(busy);
    people.clock.advance(days(13));
    assert.ok(await signedIn(busy));
    people.clock.advance(days(2));
    assert.equal(await signedIn(idle), null);
    assert.ok(await signedIn(busy));
    people.clock.advance(days(10));
    assert.ok(await signedIn(busy));
    people.clock.advance(days(5));
    assert.equal(await signedIn(busy), null);
    assert.equal(await people.signin.removeEnded(), 2);
  });

  test('E34: an account is not carried past its 30 days by another one signing in beside it', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    await people.addAccount('bob@example.org');
    const browser = people.newBrowser();
    await signIn(browser);
    for (const pause of [10, 10]) {
      people.clock.advance(days(pause));
      assert.ok(await signedIn(browser));
    }
    await signIn(browser, 'bob@example.org');
    assert.equal((await signedIn(browser)).others.length, 1);
    people.clock.advance(days(10));
    const { current, others } = await signedIn(browser);
    assert.equal(current.email, 'bob@example.org');
    assert.deepEqual(others, []);
  });

  test('an account with an authenticator app needs its code, which is bound to the browser', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const code = await addApp(people, id);
    const browser = people.newBrowser();
    assert.equal((await signIn(browser)).url, '/signin/code');
    assert.equal(await signedIn(browser), null);
    await browser.open('/signin/code');
    const wrong = await browser.submit({ code: '12 34' });
    assert.equal(wrong.status, 422);
    assert.equal((await people.newBrowser().open('/signin/code')).url, '/signin', 'F20: nowhere else');
    assert.equal((await browser.submit({ code: code() })).url, '/home');
    assert.deepEqual((await signedIn(browser)).current.methods, ['pwd', 'otp']);

    const again = people.newBrowser();
    await signIn(again);
    assert.equal((await again.submit({ code: code() })).status, 422, 'E22: a used code');
    people.clock.advance(minutes(10));
    assert.equal((await again.open('/signin/code')).url, '/signin');
  });

  test('signing in by passkey asks for no code, and a failed one says what to do', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    await addApp(people, id);
    const device = await addPasskey(people, id);
    const browser = people.newBrowser();
    await browser.open('/signin');
    const failed = await browser.submit({
      credential: device.get(browser.passkeyOptions('get'), { origin: 'http://evil' }),
    });
    assert.equal(failed.status, 422);
    assert.match(failed.text, /did not work here/);
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.deepEqual((await signedIn(browser)).current.methods, ['passkey']);
  });

  test('E10: tries slow down, per account and network; success clears; a known browser is not locked out', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const owner = people.newBrowser({ remoteAddress: '203.0.113.5' });
    await signIn(owner);

    const attacker = people.newBrowser({ remoteAddress: '198.51.100.7' });
    for (let i = 0; i < 5; i += 1) assert.equal((await signIn(attacker, email, 'wrong wrong wrong')).status, 422);
    const slowed = await signIn(attacker);
    assert.equal(slowed.status, 429, 'even with the right password');
    assert.equal(slowed.headers['retry-after'], '30');
    people.clock.advance(seconds(30));
    assert.equal((await signIn(attacker, email, 'wrong wrong wrong')).status, 422);
    assert.equal((await signIn(attacker)).headers['retry-after'], '60', 'the delay grows');

    for (let i = 0; i < 30; i += 1) {
      const bot = people.newBrowser({ remoteAddress: `10.${i}.0.1` });
      await signIn(bot, email, 'wrong wrong wrong');
    }
    assert.equal((await signIn(people.newBrowser({ remoteAddress: '203.0.113.9' }))).status, 429);
    assert.equal((await signIn(owner)).url, '/home', 'the browser that knows the password');
    people.clock.advance(minutes(1));
    assert.equal((await signIn(attacker)).url, '/home', 'success ends the wait');
    assert.equal((await signIn(attacker, email, 'wrong wrong wrong')).status, 422);
  });

  test('failed passkeys are bounded per network, and tries that are turned away leave no rows', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const device = await addPasskey(people, id);
    const rows = async (): Promise<number> => {
      const events = people.database.query.withTables<{ security_event: { type: string } }>();
      return (await events.selectFrom('security_event').selectAll().where('type', 'like', '%_failed').execute()).length;
    };
    const stranger = people.newBrowser({ remoteAddress: '198.51.100.7' });
    await stranger.open('/signin');
    for (let i = 0; i < 30; i += 1) assert.equal((await stranger.submit({ credential: '{}' })).status, 422);
    assert.equal(await rows(), 30);
    const csrf = stranger.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    for (let i = 0; i < 3; i += 1) {
      const turnedAway = await stranger.post('/signin/passkey', { csrf, credential: '{}' });
      assert.equal(turnedAway.status, 429);
      assert.equal(turnedAway.headers['retry-after'], '600');
    }
    assert.equal(await rows(), 30);

    const owner = people.newBrowser();
    await owner.open('/signin');
    await owner.submit({ credential: device.get(owner.passkeyOptions('get')) });
    assert.deepEqual((await signedIn(owner)).current.methods, ['passkey'], 'from another network');
    people.clock.advance(minutes(10));
    assert.equal((await stranger.post('/signin/passkey', { csrf, credential: '{}' })).status, 422);

    const before = await rows();
    for (let i = 0; i < 8; i += 1) await signIn(stranger, email, 'wrong wrong wrong');
    assert.equal((await rows()) - before, 5, 'a password that is not checked is not recorded either');
  });

  test('several accounts: add, switch in one step, sign out of one, sign out of all', async () => {
    const people = await createPeople(open);
    const ann = await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = people.newBrowser();
    await signIn(browser);
    await signIn(browser, 'bob@example.org');
    let session = await signedIn(browser);
    assert.equal(session.current.accountId, bob.id);
    assert.deepEqual(
      session.others.map(({ accountId }: { accountId: string }) => accountId),
      [ann.id],
    );

    await browser.open('/accounts?next=/home?x=1');
    assert.equal((await browser.submit({ account: ann.id, action: 'switch' })).url.startsWith('/home'), true);
    assert.equal((await signedIn(browser)).current.accountId, ann.id);

    await browser.open('/accounts');
    await browser.submit({ account: ann.id, action: 'signout' });
    assert.equal(browser.shown.url, '/accounts');
    session = await signedIn(browser);
    assert.equal(session.current.accountId, bob.id);
    assert.deepEqual(session.others, []);

    await signIn(browser);
    const before = new Map(browser.cookies);
    await browser.open('/signout');
    await browser.submit({ account: 'all' });
    assert.match(browser.shown.text, /You are signed out/);
    assert.equal(browser.cookies.has('latchkey-session'), false);
    const copy = people.newBrowser();
    for (const [key, value] of before) copy.cookies.set(key, value);
    assert.equal(await signedIn(copy), null, 'F9: the session is dead on the server too');
    const events = (await people.journal.recent(bob.id, 20)).map(({ type }) => type);
    assert.equal(events.filter((type) => type === 'signed_out').length, 1);
  });

  test('F16: opening /signout ends nothing', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = people.newBrowser();
    await signIn(browser);
    assert.match((await browser.open('/signout')).text, /Sign out of this browser\?/);
    assert.ok(await signedIn(browser));
    assert.equal((await browser.post('/signout', { account: 'all' })).status, 403);
    assert.ok(await signedIn(browser));
  });

  test('F12: nobody can switch to an account that is not signed in here', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = people.newBrowser();
    await signIn(browser);
    await browser.open('/accounts');
    assert.equal((await browser.submit({ account: bob.id, action: 'switch' })).status, 404);
    assert.equal((await signedIn(browser)).current.email, email);
  });

  test('a proof is spendable once within a minute, and fresh for five', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = people.newBrowser();
    await signIn(browser);
    const session = await signedIn(browser);
    const spent = await Promise.all(Array.from({ length: 5 }, () => people.signin.spendProof(session.sessionId, id)));
    assert.equal(spent.filter(Boolean).length, 1);

    await browser.open('/prove');
    await browser.submit({ password: goodPassword });
    people.clock.advance(seconds(61));
    assert.equal(await people.signin.spendProof(session.sessionId, id), false, 'too old');
    assert.equal(people.signin.hasFreshProof(await signedIn(browser)), true);
    people.clock.advance(minutes(4));
    assert.equal(people.signin.hasFreshProof(await signedIn(browser)), false);
  });

  test('E29: with an authenticator app a proof takes both halves, or a passkey, and tells neither half', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const code = await addApp(people, id);
    const device = await addPasskey(people, id);
    const browser = people.newBrowser();
    await signIn(browser);
    await browser.submit({ code: code() });
    people.clock.advance(minutes(6));
    await browser.open('/prove?next=/home');
    const half = await browser.submit({ password: goodPassword, code: '000000' });
    const other = await browser.submit({ password: 'not the password at all', code: code() });
    assert.equal(half.status, 422);
    assert.equal(half.text, other.text);
    assert.equal((await browser.submit({ password: goodPassword, code: '' })).status, 422);
    assert.equal((await browser.submit({ password: goodPassword, code: code() })).url, '/home');
    await browser.open('/prove?next=/home');
    await browser.submit({ credential: device.get(browser.passkeyOptions('get')) });
    assert.deepEqual((await signedIn(browser)).current.methods, ['passkey']);
    const events = (await people.journal.recent(id, 20)).map(({ type }) => type);
    assert.equal(events.filter((type) => type === 'proof_failed').length, 3);
    assert.equal(events.filter((type) => type === 'proved').length, 2);
  });

  test('a proof leads back to where it was asked for, and nowhere else', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = people.newBrowser();
    await signIn(browser);
    people.clock.advance(minutes(6));
    assert.equal((await browser.open('/security/password')).url, '/prove?next=%2Fsecurity%2Fpassword');
    assert.equal((await browser.submit({ password: goodPassword })).url, '/security/password');
    await browser.open('/prove?next=https://evil.example/');
    assert.equal((await browser.submit({ password: goodPassword })).url, '/account');
  });

  test('signed out, a page that needs an account is come back to after signing in', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = people.newBrowser();
    assert.equal((await browser.open('/security')).url, '/signin');
    await browser.submit({ email });
    assert.equal((await browser.submit({ password: goodPassword })).url, '/security');
  });

  test('F9: ending the sessions of an account ends them everywhere but here, at once', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const [here, there] = [people.newBrowser(), people.newBrowser()];
    await signIn(here);
    await signIn(there);
    const { sessionId } = await signedIn(here);
    await people.signin.endSessionsOf(id, sessionId, sessionId);
    assert.ok(await signedIn(here));
    assert.equal(await signedIn(there), null);
    await people.accounts.remove(id);
    assert.equal(await signedIn(here), null);
  });

  test('F32: no log, event or row holds a password, a code, a link or a session secret', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await browser.open('/signup');
    await browser.submit({ email });
    const text = people.mails[0]?.text ?? '';
    const code = /\d{4} \d{4}/.exec(text)?.[0] ?? '';
    const link = /\/signup\/link\/([\w-]+)/.exec(text)?.[1] ?? '';
    await people.newBrowser().open(`/signup/link/${link}`);
    await browser.submit({ code });
    await browser.submit({ password: goodPassword });
    const account = await people.accounts.findByEmail(email);
    assert.ok(account);
    const app = await addApp(people, account.id);
    const [used, later] = [app(), people.newBrowser()];
    await signIn(later, email, 'a wrong password it is');
    await signIn(later);
    await later.submit({ code: used });
    const secrets = [goodPassword, 'a wrong password it is', code, code.replace(' ', ''), link];
    const cookies = [browser, later].map(({ cookies }) => cookies.get('latchkey-session') ?? '');
    assert.ok(cookies.every((cookie) => cookie.length === 43));

    const tables = ['account', 'password', 'authenticator_app', 'mail_confirmation', 'session', 'session_account'];
    const rows = [...tables, 'security_event'].map((table) =>
      people.database.query.withTables<Record<string, object>>().selectFrom(table).selectAll().execute(),
    );
    const kept = JSON.stringify([await Promise.all(rows), people.logs]);
    assert.ok(people.logs.length > 10);
    for (const secret of [...secrets, ...cookies]) assert.equal(kept.includes(secret), false, secret);
    // Six digits turn up by chance within longer numbers.
    assert.doesNotMatch(kept, new RegExp(`(?<![\\d.])${used}(?!\\d)`));
  });

  if (name === 'SQLite') {
    test('an address is asked for, prefilled from login_hint, and offered for a new account', async () => {
      const people = await createPeople(open);
      const browser = people.newBrowser();
      await browser.open(`/signin?login_hint=${encodeURIComponent(email)}`);
      const field = browser.shown.root.querySelector('#email');
      assert.equal(field?.getAttribute('value'), email);
      assert.equal(field?.getAttribute('autocomplete'), 'username webauthn');
      assert.ok(browser.shown.root.querySelector('a[href="/signup"]'));
      assert.match((await browser.submit({ email: 'ann' })).text, /name@example.com/);
      await browser.submit({ email });
      assert.equal((await browser.open('/signup')).root.querySelector('#email')?.getAttribute('value'), email);
    });

    test('E36: the cookie is HttpOnly, SameSite=Lax and for the whole site; E5: managers and paste may fill the field', async () => {
      const people = await createPeople(open);
      await people.addAccount(email);
      const browser = people.newBrowser();
      await browser.open('/signin');
      const page = await browser.submit({ email });
      const field = page.root.querySelector('#password');
      assert.equal(field?.getAttribute('autocomplete'), 'current-password');
      assert.equal(field?.getAttribute('onpaste'), undefined);
      const csrf = page.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      const cookie = [...browser.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
      const response = await people.app.inject({
        method: 'POST',
        url: '/signin/password',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ csrf, password: goodPassword }).toString(),
      });
      const set = response.cookies.find((one) => one.name === 'latchkey-session');
      assert.equal(set?.httpOnly, true);
      assert.equal(set?.sameSite, 'Lax');
      assert.equal(set?.path, '/');
      assert.equal(set?.maxAge, 30 * 24 * 3600);
    });
  }
});
