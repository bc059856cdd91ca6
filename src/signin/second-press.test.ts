import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, type People } from '../../test/helpers/people.ts';
import { seconds } from '../clock.ts';

const email = 'ann@example.org';
const session = 'latchkey-session';

async function signIn(people: People): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email });
  await browser.submit({ password: goodPassword });
  return browser;
}

const signedIn = async (browser: FormBrowser) => JSON.parse((await browser.open('/home')).body).signedIn;

/** The same browser as it was: for a request that was sent before the answer to another one came. */
function asItWas(people: People, browser: FormBrowser): FormBrowser {
  const copy = people.newBrowser();
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return copy;
}

const csrfOf = (browser: FormBrowser): string =>
  browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';

forEachDatabase((_name, open) => {
  test('signed out by another request as a proof is done: not signed in, and no failure of ours', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    await browser.open('/prove?next=/home');
    const { transaction } = people.database;
    people.database.transaction = async (work) => {
      const result = await transaction(work);
      people.database.transaction = transaction;
      await people.signin.endSessionsOf(id, undefined, 'mailbox');
      return result;
    };
    const shown = await browser.post('/prove?next=/home', { csrf: csrfOf(browser), password: goodPassword });
    assert.equal(shown.status, 401);
    assert.equal(await signedIn(browser), null);
  });

  test('a proof sent twice leads on twice, one after the other or both at once', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    await browser.open('/prove?next=/home');
    const fields = { csrf: csrfOf(browser), password: goodPassword };
    const second = asItWas(people, browser);
    assert.equal((await browser.post('/prove?next=/home', fields)).url, '/home');
    assert.equal((await second.post('/prove?next=/home', fields)).url, '/home');

    await browser.open('/prove?next=/home');
    const [one, two] = [browser, asItWas(people, browser)];
    const shown = await Promise.all([one, two].map((each) => each.post('/prove?next=/home', fields)));
    assert.deepEqual(
      shown.map(({ url }) => url),
      ['/home', '/home'],
    );
    const events = (await people.journal.recent(id, 20)).map(({ type }) => type);
    assert.equal(events.filter((type) => type === 'proved').length, 2, 'each pair proved once');
    assert.equal(events.includes('proof_failed'), false);
  });

  test('a code of an authenticator app sent twice counts once, and is no wrong code', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = await signIn(people);
    const setup = people.authenticators.beginApp(id, email);
    const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(people.clock.now() / 1000) });
    assert.equal(await people.authenticators.finishApp(id, setup, code()), true);
    people.clock.advance(seconds(30));
    await browser.open('/prove?next=/home');
    const fields = { csrf: csrfOf(browser), password: goodPassword, code: code() };
    const second = asItWas(people, browser);
    assert.equal((await browser.post('/prove?next=/home', fields)).url, '/home');
    assert.equal((await second.post('/prove?next=/home', fields)).url, '/home');
  });

  test('F8: for ten seconds the secret before a proof may look, and nothing else', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = await signIn(people);
    await browser.open('/signin');
    await browser.submit({ email: 'bob@example.org' });
    await browser.submit({ password: goodPassword });
    const old = asItWas(people, browser);
    const before = old.cookies.get(session) ?? '';
    await browser.open('/prove?next=/home');
    await browser.submit({ password: goodPassword });

    const looking = await signedIn(old);
    assert.equal(looking.current.accountId, bob.id);
    assert.equal(people.signin.hasFreshProof(looking), false);
    assert.equal(await people.signin.spendProof(looking.sessionId, bob.id), false);
    assert.match((await old.open('/security/password')).url, /^\/prove/);
    const csrf = csrfOf(old);
    await old.post('/prove?next=/home', { csrf, password: goodPassword });
    assert.equal(old.cookies.get(session), before, 'it renews nothing');
    assert.match((await old.open('/security/password')).url, /^\/prove/);
    assert.equal((await old.post('/accounts', { csrf, account: id, action: 'switch' })).status, 404);

    const current = await signedIn(browser);
    assert.equal(current.current.accountId, bob.id);
    assert.equal(await people.signin.spendProof(current.sessionId, bob.id), true, 'the proof was left to its owner');
    people.clock.advance(seconds(9));
    assert.ok(await signedIn(old));
    people.clock.advance(seconds(1));
    assert.equal(await signedIn(old), null, 'looking has not prolonged it');
    assert.ok(await signedIn(browser));
  });

  test('F8, F9: signing out ends the secret before a proof at once, and so does signing in beside it', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const [leaving, staying] = [await signIn(people), await signIn(people)];
    const old = [leaving, staying].map((browser) => asItWas(people, browser));
    for (const browser of [leaving, staying]) {
      await browser.open('/prove?next=/home');
      await browser.submit({ password: goodPassword });
    }
    for (const each of old) assert.ok(await signedIn(each));
    await leaving.open('/signout');
    await leaving.submit({ account: 'all' });
    await staying.open('/signin');
    await staying.submit({ email });
    await staying.submit({ password: goodPassword });
    for (const each of old) assert.equal(await signedIn(each), null);
  });

  test('a password sent twice signs in, and does not lead back to the sign-in page', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ email });
    const fields = { csrf: csrfOf(browser), password: goodPassword };
    assert.equal((await browser.post('/signin/password', fields)).url, '/home');
    assert.equal((await browser.post('/signin/password', fields)).url, '/home');
    people.clock.advance(seconds(11));
    assert.equal((await browser.post('/signin/password', fields)).url, '/signin', 'later it is a form left open');
  });
});
