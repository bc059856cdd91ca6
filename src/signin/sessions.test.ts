import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword } from '../../test/helpers/people.ts';
import { days } from '../clock.ts';
import { newId, type SessionId } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { amrOf } from './strength.ts';

const email = 'ann@example.org';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0';

async function signIn(browser: FormBrowser, address = email): Promise<void> {
  await browser.open('/signin');
  await browser.submit({ email: address });
  assert.equal((await browser.submit({ password: goodPassword })).url, '/home');
}

forEachDatabase((_name, open) => {
  test('whoever sends a form after the session ended comes back to its page, or home if it has none', async () => {
    const people = await createPeople(open);
    await people.addAccount(email);
    for (const [path, back] of [
      ['/sessions', '/sessions'],
      ['/recover/cancel', '/'],
      ['/profile/keep', '/'],
    ] as const) {
      const browser = people.newBrowser();
      await browser.open('/signin');
      const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      assert.equal((await browser.post(path, { csrf })).url, '/signin');
      await browser.submit({ email });
      assert.equal((await browser.submit({ password: goodPassword })).url, back);
    }
  });

  test('F4: the first sign-in in a browser is a new one, later ones are not, until it was away for half a year', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    await people.addAccount('bob@example.org');
    const browser = people.newBrowser({ userAgent: firefox });
    for (const address of [email, email, 'bob@example.org']) await signIn(browser, address);
    await signIn(people.newBrowser());
    people.clock.advance(days(180));
    await signIn(browser);
    assert.deepEqual(
      people.signIns.map(({ newBrowser }) => newBrowser),
      [true, false, true, true, true],
    );
    const { sessionId, ...facts } = people.signIns[0] ?? {};
    const at = people.clock.now() - days(180);
    const expected = { accountId: id, at, methods: ['pwd'], userAgent: firefox, country: undefined, newBrowser: true };
    assert.deepEqual(facts, { ...expected, credential: undefined });
    assert.ok(sessionId);
  });

  test('the browser in which an account is made is no new one', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await browser.open('/signup');
    await browser.submit({ email });
    await browser.submit({ code: /\d{4} \d{4}/.exec(people.mails[0]?.text ?? '')?.[0] ?? '' });
    await browser.submit({ password: goodPassword });
    await signIn(browser);
    assert.deepEqual(
      people.signIns.map(({ newBrowser }) => newBrowser),
      [false, false],
    );
  });

  test('F10: an account is listed in every browser it is signed in in, and can be ended in one', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const bob = await people.addAccount('bob@example.org');
    const [here, there] = [people.newBrowser({ userAgent: firefox }), people.newBrowser()];
    await signIn(here);
    await signIn(here, 'bob@example.org');
    const at = people.clock.now();
    people.clock.advance(days(2));
    await signIn(there);

    const sessions = await people.signin.sessionsOf(id);
    assert.deepEqual(
      sessions.map(({ sessionId: _id, ...session }) => session),
      [
        {
          userAgent: 'Mozilla/5.0 (X11; Linux x86_64) test',
          country: undefined,
          signedInAt: at + days(2),
          seenAt: at + days(2),
          methods: ['pwd'],
          since: at + days(2),
        },
        { userAgent: firefox, country: undefined, signedInAt: at, seenAt: at, methods: ['pwd'], since: at },
      ],
    );
    const first = sessions[1]?.sessionId ?? ('' as SessionId);
    assert.equal(await people.signin.endSession(id, newId<SessionId>(systemRandom)), false);
    assert.equal(await people.signin.endSession(id, first), true);
    assert.equal(await people.signin.endSession(id, first), false, 'it is gone');
    assert.deepEqual(
      (await people.signin.sessionsOf(id)).map(({ sessionId }) => sessionId),
      [sessions[0]?.sessionId],
    );
    assert.equal((await people.signin.sessionsOf(bob.id))[0]?.sessionId, first, 'the other account stays');
    const [event] = await people.journal.recent(id, 1);
    assert.deepEqual([event?.type, event?.data], ['session_ended', { session: first }]);

    people.clock.advance(days(14));
    assert.deepEqual(await people.signin.sessionsOf(id), [], 'nobody can use them any more');
  });
});

test('RFC 8176: what was used, in the words of apps', () => {
  assert.deepEqual(amrOf(['pwd']), ['pwd']);
  assert.deepEqual(amrOf(['pwd', 'otp']), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(amrOf(['pwd', 'key']), ['pwd', 'pop', 'mfa']);
  assert.deepEqual(amrOf(['pwd', 'recovery']), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(amrOf(['passkey']), ['pop', 'user', 'mfa']);
  assert.deepEqual(amrOf(['key']), ['pop'], 'E27: one factor');
});
