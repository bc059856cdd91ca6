import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnn } from '../../test/helpers/activity-bench.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { minutes } from '../clock.ts';

forEachDatabase((_name, open) => {
  test('F10: sessions are listed, this browser first; one ends at once, then all others', async () => {
    const people = await createAnn(open);
    const phones = [await people.signIn('iPhone'), await people.signIn('iPhone'), await people.signIn('iPhone')];
    const laptop = await people.signIn('laptop');
    const shown = await laptop.open('/sessions');
    const titles = shown.root.querySelectorAll('.card-title').map((title) => title.text);
    assert.deepEqual(titles, ['Firefox on Linux', 'Safari on iPhone', 'Safari on iPhone', 'Safari on iPhone']);
    assert.match(shown.root.querySelector('.card')?.text ?? '', /This browser/);

    await laptop.submit({ action: 'end' });
    assert.match(laptop.shown.text, /That browser is signed out/);
    const left = await Promise.all(phones.map((phone) => people.isSignedIn(phone)));
    assert.equal(left.filter(Boolean).length, 2);
    assert.equal((await people.newest('session_ended')).data?.sessions, undefined);

    await laptop.submit({ action: 'others' });
    assert.match(laptop.shown.text, /You are signed out everywhere else.*You are signed in nowhere else/);
    for (const phone of phones) assert.equal(await people.isSignedIn(phone), false);
    assert.equal((await people.newest('session_ended')).data?.sessions, 2);
    assert.match((await laptop.open('/activity')).text, /Signed out everywhere else/);
  });

  test('E38, F12: ending needs a fresh proof, and the session of another account is out of reach', async () => {
    const people = await createAnn(open);
    await people.addAccount('bob@example.org');
    const bob = await people.signIn('iPhone', 'bob@example.org');
    const bobs = (await bob.open('/home')).body;
    const session = (JSON.parse(bobs) as { signedIn: { sessionId: string } }).signedIn.sessionId;
    const theirs = await people.signIn('iPhone');
    const laptop = await people.signIn('laptop');
    await laptop.open('/sessions');
    const csrf = laptop.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.equal((await laptop.post('/sessions', { csrf, action: 'end', session })).url, '/sessions');
    assert.ok(await people.isSignedIn(bob));
    people.clock.advance(minutes(6));
    for (const action of ['end', 'others'])
      assert.match((await laptop.post('/sessions', { csrf, action, session })).url, /^\/prove\?next=%2Fsessions$/);
    assert.ok(await people.isSignedIn(theirs));
  });
});
