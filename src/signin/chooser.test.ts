import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser, Shown } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { days, seconds } from '../clock.ts';

const email = 'ann@example.org';

async function signIn(browser: FormBrowser, address = email): Promise<Shown> {
  await browser.open('/signin');
  await browser.submit({ email: address });
  return browser.submit({ password: goodPassword });
}

const tiles = (browser: FormBrowser): string[] =>
  browser.shown.root.querySelectorAll('.tile-email').map((tile) => tile.text);

forEachDatabase((_name, open) => {
  test('who has signed in here is one press away, in this browser alone, until they take themselves off the list', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const browser = people.newBrowser();
    await signIn(browser);
    people.clock.advance(seconds(1));
    await signIn(browser, 'bob@example.org');
    await browser.open('/signin');
    assert.deepEqual(tiles(browser), [], 'who is signed in need not sign in');
    await browser.open('/signout');
    await browser.submit({ account: 'all' });
    await browser.open('/signin');
    assert.deepEqual(tiles(browser), ['bob@example.org', email]);
    const stranger = people.newBrowser();
    await stranger.open('/signin');
    assert.deepEqual(tiles(stranger), []);

    await browser.submit({ account: id });
    assert.equal(browser.shown.url, '/signin/password');
    assert.match(browser.shown.text, /ann@/);
    assert.equal((await browser.submit({ password: goodPassword })).url, '/home', 'it proves nothing');
    await browser.open('/signout');
    await browser.submit({ account: 'all' });

    await browser.open('/signin?edit=1');
    await browser.submit({ account: bob.id }, '/signin/forget');
    assert.deepEqual(tiles(browser), [email]);
    await browser.post('/signin/choose', {
      csrf: browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
      account: bob.id,
    });
    assert.equal(browser.shown.url, '/signin', 'not by its id either');

    people.clock.advance(days(180));
    await browser.open('/signin');
    assert.deepEqual(tiles(browser), []);
    await people.signin.removeEnded();
    const rows = people.database.query.withTables<{ known_browser: object }>().selectFrom('known_browser').selectAll();
    assert.deepEqual(await rows.execute(), []);
  });

  test('what is kept of a browser is no address, no name and no cookie', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = people.newBrowser();
    await signIn(browser);
    const at = people.clock.now();
    const query = people.database.query.withTables<{ known_browser: { browser_hash: string } }>();
    const [row] = await query.selectFrom('known_browser').selectAll().execute();
    const { browser_hash: hash, ...rest } = row ?? { browser_hash: '' };
    assert.deepEqual(rest, { account_id: id, first_seen_at: at, last_seen_at: at });
    assert.notEqual(hash, browser.cookies.get('latchkey-browser'));
    await people.accounts.remove(id);
    assert.deepEqual(await query.selectFrom('known_browser').selectAll().execute(), []);
  });

  test('F5: a known browser is led to the passkeys of the account, a strange one sees what it sees for every address', async () => {
    const people = await createPeople(open);
    const { id } = await people.accounts.create({ email });
    const device = createSoftwareAuthenticator({ origin: issuer });
    const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22) };
    const userId = (await people.accounts.passkeyUserId(id)) ?? '';
    const options = await people.authenticators.passkeys.creationOptions({ ...ask, email, userId });
    const made = await people.authenticators.passkeys.verifyCreation({ ...ask, credential: device.create(options) });
    assert.ok(made && (await people.authenticators.addPasskey(id, made.passkey)));

    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ email });
    assert.equal(browser.shown.url, '/signin/password', 'as for everybody');
    await browser.open('/signin/passkey');
    assert.equal((await browser.submit({ credential: device.get(browser.passkeyOptions('get')) })).url, '/home');
    await browser.open('/signout');
    await browser.submit({ account: 'all' });
    await browser.open('/signin');
    await browser.submit({ email });
    assert.equal(browser.shown.url, '/signin/passkey');

    await people.authenticators.setPassword(id, goodPassword);
    await browser.open('/signin');
    await browser.submit({ email });
    assert.equal(browser.shown.url, '/signin/password');
    assert.ok(browser.passkeyOptions('get'), 'and the passkey beside it');
    const stranger = people.newBrowser();
    await stranger.open('/signin');
    await stranger.submit({ email });
    assert.equal(stranger.shown.root.querySelector('[data-passkey]'), null);
  });
});
