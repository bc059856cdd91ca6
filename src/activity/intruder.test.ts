import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword } from '../../test/helpers/people.ts';
import { minutes } from '../clock.ts';

const ann = 'ann@example.org';

async function signIn(browser: FormBrowser): Promise<void> {
  await browser.open('/signin?edit');
  await browser.submit({ email: ann });
  await browser.submit({ password: goodPassword });
  assert.equal(browser.shown.url, '/home');
}

forEachDatabase((_name, open) => {
  /** Ann's browser and a stranger's, both signed in. */
  const start = async () => {
    const people = await createPeople(open);
    const account = await people.addAccount(ann);
    const [owner, stranger] = [people.newBrowser(), people.newBrowser()];
    await signIn(owner);
    people.clock.advance(minutes(1));
    await signIn(stranger);
    const comesBack = async (browser: FormBrowser): Promise<boolean | undefined> => {
      await signIn(browser);
      return people.signIns.at(-1)?.newBrowser;
    };
    assert.equal(await comesBack(stranger), false);
    return { people, account, owner, stranger, comesBack };
  };

  const disownNewest = async (people: Awaited<ReturnType<typeof start>>['people'], id: string, owner: FormBrowser) => {
    const [event] = await people.journal.recent(id as never, 1, { types: ['signed_in'] });
    await owner.open(`/activity/${event?.id}`);
    await owner.submit({});
    assert.match(owner.shown.url, /\/done$/);
  };

  test('"this wasn’t me": the stranger’s browser is new again, so that the next sign-in there is told; one’s own is not', async () => {
    const { people, account, owner, stranger, comesBack } = await start();
    await disownNewest(people, account.id, owner);
    assert.equal(await comesBack(stranger), true);
    assert.equal(await comesBack(owner), false);
  });

  test('the same where the stranger has signed out before', async () => {
    const { people, account, owner, stranger, comesBack } = await start();
    await stranger.open('/signout');
    await stranger.submit({});
    await disownNewest(people, account.id, owner);
    assert.equal(await comesBack(stranger), true);
  });

  test('the same by the link in the mail, which spares what the account had before', async () => {
    const { people, account, owner, stranger, comesBack } = await start();
    await people.person.settled();
    const link = /\/activity\/undo\/[\w-]+/.exec(people.notices.at(-1)?.text ?? '')?.[0] ?? '';
    const reader = people.newBrowser();
    await reader.open(link);
    await reader.submit({});
    // What was used is off, so that the owner chooses another.
    await people.authenticators.setPassword(account.id, goodPassword);
    assert.equal(await comesBack(stranger), true);
    assert.equal(await comesBack(owner), false, 'a browser that the account had before stays one of its own');
  });

  test('the same after signing out everywhere else', async () => {
    const { owner, stranger, comesBack } = await start();
    await owner.open('/sessions');
    const csrf = owner.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    await owner.post('/sessions', { csrf, action: 'others' });
    assert.equal(await comesBack(stranger), true);
  });
});
