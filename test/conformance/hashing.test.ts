import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import type { FormBrowser } from '../helpers/form-browser.ts';
import type { People } from '../helpers/people.ts';
import { findCalls } from '../helpers/source-nodes.ts';

// Counted before anything of ours takes hold of it.
const hashing = mock.method(crypto, 'argon2');
syncBuiltinESMExports();
const { forEachDatabase } = await import('../helpers/databases.ts');
const { createPeople, goodPassword } = await import('../helpers/people.ts');

/** How many arguments each takes that comes to Argon2 in the end; the last but the callback says who asks. */
const hashes: readonly [verb: RegExp, withAsker: number][] = [
  [/\.hashPassword$/, 2],
  [/\.setPassword$/, 3],
  [/\.verifyPassword$/, 3],
  [/recoveryCodes\.use$/, 3],
  [/recoveryCodes\.make$/, 2],
  [/\bcodes\.makeOver$|recoveryCodes\.makeOver$/, 3],
];

test('fault B2: whatever hashes says for whom, and nothing comes to Argon2 but by the one queue', () => {
  const calls = findCalls();
  const raw = calls.filter(({ callee }) => /^(?:hashPassword|verifyPassword|derive|argon2\w*)$/.test(callee));
  assert.deepEqual([...new Set(raw.map(({ file }) => file))], ['src/authenticators/argon2.ts']);
  const verbs = calls.filter(({ file }) => !/^src\/(?:cli|authenticators)\//.test(file));
  const places = verbs.flatMap((call) => {
    const [, withAsker] = hashes.find(([verb]) => verb.test(call.callee)) ?? [];
    return withAsker === undefined ? [] : [{ ...call, withAsker }];
  });
  assert.ok(places.length >= 7, `only ${places.length} places that hash were found`);
  for (const { file, callee, given, withAsker } of places)
    assert.ok(given.length >= withAsker, `${file}: ${callee}(${given.join(', ')}) does not say for whom`);
});

const codeIn = ({ mails }: People): string => /^ {4}(\d{4} \d{4})$/m.exec(mails.at(-1)?.text ?? '')?.[1] ?? '';

async function signIn(browser: FormBrowser, email: string, password = goodPassword) {
  await browser.open('/signin');
  await browser.submit({ email });
  return browser.submit({ password });
}

async function hashed(work: () => Promise<unknown>): Promise<number> {
  const before = hashing.mock.callCount();
  await work();
  return hashing.mock.callCount() - before;
}

forEachDatabase((name, open) => {
  test('fault B2: of 150 sign-ups sent at once with one mailbox few are hashed, and nobody else notices', async () => {
    const people = await createPeople(open);
    await people.addAccount('owner@example.org');
    const [owner, thief] = [people.newBrowser({ remoteAddress: '198.51.100.1' }), people.newBrowser()];
    assert.equal((await signIn(owner, 'owner@example.org')).url, '/home');
    await owner.open('/signout');
    await owner.submit({ account: 'all' });
    await thief.open('/signup');
    await thief.submit({ email: 'thief@example.org' });
    await thief.submit({ code: codeIn(people) });
    const csrf = thief.shown.root.querySelector('[name="csrf"]')?.getAttribute('value') ?? '';
    const cookie = [...thief.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const flood = () =>
      Promise.all(
        Array.from({ length: 150 }, () =>
          people.app.inject({
            method: 'POST',
            url: '/signup/protect',
            remoteAddress: '192.0.2.1',
            headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
            payload: new URLSearchParams({ csrf, password: goodPassword }).toString(),
          }),
        ),
      );
    const count = await hashed(async () => {
      const [answers, back, elsewhere] = await Promise.all([
        flood(),
        signIn(owner, 'owner@example.org'),
        signIn(people.newBrowser({ remoteAddress: '203.0.113.7' }), 'owner@example.org'),
      ]);
      assert.deepEqual([back.status, back.url], [200, '/home'], 'in the browser that is known');
      assert.deepEqual([elsewhere.status, elsewhere.url], [200, '/home'], 'and in one that is not');
      const refused = answers.filter(({ statusCode }) => statusCode === 429);
      assert.ok(refused.length >= 119, `${refused.length} were refused`);
      assert.ok(refused.every(({ headers }) => Number(headers['retry-after']) > 0));
    });
    assert.ok(count <= 32, `${count} were hashed`);
  });

  test('fault B2: recovery codes are looked up before ten of them are hashed again', async () => {
    const { authenticators, addAccount } = await createPeople(open);
    const { id } = await addAccount('ann@example.org');
    const { recoveryCodes } = authenticators;
    await recoveryCodes.make(id);
    const stale = await hashed(async () => {
      for (let i = 0; i < 5; i++) assert.equal(await recoveryCodes.makeOver(id, 1), undefined);
    });
    assert.equal(stale, 0);
  });

  test('fault B2: what is refused before it is checked is no failure of anybody', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount('ann@example.org');
    const asker = { account: id, network: '192.0.2.0/24', known: false };
    const verify = (password: string) => people.authenticators.verifyPassword(id, password, asker);
    for (let i = 0; i < 30; i++) await verify('wrong');
    const before = await hashed(async () => {
      for (let i = 0; i < 120; i++) await assert.rejects(verify('wrong'), { code: 'too_many_tries' });
    });
    assert.equal(before, 0);
    assert.equal(await people.authenticators.verifyPassword(id, goodPassword), true, 'a hundred failures would end it');
  });

  test('fault B2: whoever is right as a stranger again and again is not refused; who errs in between is', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount('ann@example.org');
    const asker = { account: id, network: '192.0.2.0/24', known: false };
    const verify = (password: string) => people.authenticators.verifyPassword(id, password, asker);
    for (let i = 0; i < 70; i++) assert.equal(await verify(goodPassword), true);
    for (let i = 0; i < 30; i++) assert.equal(await verify('wrong'), false);
    await assert.rejects(verify(goodPassword), { code: 'too_many_tries' });
  });

  if (name === 'SQLite')
    test('fault B2: an account that signs in again and again takes no more than its share', async () => {
      const people = await createPeople(open);
      await people.addAccount('busy@example.org');
      const browser = people.newBrowser();
      let last = await signIn(browser, 'busy@example.org');
      const count = await hashed(async () => {
        for (let i = 0; i < 70 && last.status !== 429; i++) last = await signIn(browser, 'busy@example.org');
      });
      assert.equal(last.status, 429);
      assert.ok(count <= 60, `${count} were hashed`);
    });
});
