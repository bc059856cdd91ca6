import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnn } from '../../test/helpers/activity-bench.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { days, minutes } from '../clock.ts';

const rowsOn = ({ root }: { root: import('node-html-parser').HTMLElement }) =>
  root.querySelectorAll('main .card').map((card) => card.querySelector('.card-title')?.text.trim());

forEachDatabase((_name, open) => {
  test('F31: the list says what, with what, how and when, newest first, by days; each row has its way out', async () => {
    const { clock, signIn, link, event } = await createAnn(open);
    const laptop = await signIn('laptop');
    await link('Kitchen TV');
    clock.advance(days(1));
    await event('declined', { client: 'acme', country: 'NG' });
    for (let n = 0; n < 3; n++) await event('sign_in_failed', { reason: 'signin.password.wrong', country: 'NG' });
    const shown = await laptop.open('/activity');
    assert.deepEqual(rowsOn(shown), [
      '3 wrong passwords',
      'A request of App acme was turned down',
      'Kitchen TV was linked',
      'Signed in',
      'Your account was created',
    ]);
    assert.match(shown.text, /Firefox on Linux · Password/);
    assert.match(shown.text, /Nigeria/);
    assert.match(shown.text, /yesterday \(12:00 UTC\)/);
    assert.deepEqual(
      shown.root.querySelectorAll('main h2').map((heading) => heading.text.trim()),
      ['2 Jan 2030', '1 Jan 2030'],
    );
    const ways = shown.root.querySelectorAll('main .card a');
    assert.equal(ways.length, 5);
    for (const way of ways) assert.equal((await laptop.open(way.getAttribute('href') ?? '')).status, 200);
    assert.match(shown.text, /We keep this list for 90 days\. Countries and networks are deleted after 30 days/);
  });

  test('filters are plain links, and a filter without rows says so', async () => {
    const { signIn, link } = await createAnn(open);
    const laptop = await signIn('laptop');
    await link('Kitchen TV');
    const all = await laptop.open('/activity');
    const filters = all.root.querySelectorAll('.filters a').map((link) => link.getAttribute('href'));
    assert.deepEqual(
      filters,
      ['', '?show=signins', '?show=devices', '?show=changes', '?show=problems'].map((q) => `/activity${q}`),
    );
    assert.deepEqual(rowsOn(await laptop.open('/activity?show=devices')), ['Kitchen TV was linked']);
    assert.deepEqual(rowsOn(await laptop.open('/activity?show=signins')), ['Signed in']);
    assert.match((await laptop.open('/activity?show=problems')).text, /Nothing of this kind has happened/);
    assert.equal(rowsOn(await laptop.open('/activity?show=nonsense')).length, 3);
  });

  test('what is older is a link away, nothing twice and nothing left out, also within one instant', async () => {
    const { signIn, event } = await createAnn(open);
    const laptop = await signIn('laptop');
    for (let n = 0; n < 70; n++) await event('renamed', { name: `TV ${n}` });
    const seen: (string | undefined)[] = [];
    let next: string | undefined = '/activity?show=devices';
    for (let pages = 0; next; pages++) {
      assert.ok(pages < 4);
      const shown: Awaited<ReturnType<typeof laptop.open>> = await laptop.open(next);
      seen.push(...rowsOn(shown));
      next = shown.root
        .querySelectorAll('main nav a')
        .find((link) => link.text.trim() === 'Older')
        ?.getAttribute('href');
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 70 }, (_, n) => `A device was renamed: TV ${69 - n}`),
    );
  });

  test('a flood of failures is a few rows, not many pages', async () => {
    const { signIn, journal, ann } = await createAnn(open);
    const laptop = await signIn('laptop');
    for (let n = 0; n < 300; n++)
      await journal.append({ type: 'sign_in_failed', accountId: ann, data: { reason: 'signin.password.wrong' } });
    const shown = await laptop.open('/activity');
    assert.deepEqual(rowsOn(shown), ['300 wrong passwords', 'Signed in', 'Your account was created']);
  });

  test('F12: the rows of others are as unknown as those that never were, in every verb', async () => {
    const people = await createAnn(open);
    const bob = (await people.addAccount('bob@example.org')).id;
    const laptop = await people.signIn('laptop');
    const theirs = await people.event('authenticator_added', { kind: 'app' }, bob);
    for (const path of [theirs, `${theirs}/done`, '/activity/nothing', '/activity/nothing/done'])
      assert.equal((await laptop.open(path)).status, 404, path);
    await laptop.open('/activity');
    const csrf = laptop.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    assert.equal((await laptop.post(theirs, { csrf, action: 'disown' })).status, 404);
    assert.equal((await people.journal.recent(bob, 9, { types: ['disowned'] })).length, 0);
    // As where the next page begins, too: their row is none of hers.
    assert.equal(rowsOn(await laptop.open(`/activity?older=${theirs.split('/').at(-1)}`)).length, 2);
    const stranger = people.newBrowser();
    for (const path of ['/activity', theirs, '/activity/export', '/sessions'])
      assert.equal((await stranger.open(path)).url, '/signin', path);
  });

  test('B23: places are forgotten after 30 days, the rest when the operator says', async () => {
    const { signIn, clock, event, activity } = await createAnn(open);
    await event('declined', { client: 'acme', country: 'NG', network: '192.0.2.0/24' });
    clock.advance(days(31));
    await activity.tidy();
    const laptop = await signIn('laptop');
    const shown = await laptop.open('/activity?show=devices');
    assert.deepEqual(rowsOn(shown), ['A request of App acme was turned down']);
    assert.doesNotMatch(shown.text, /Nigeria/);
    clock.advance(days(60));
    await activity.tidy();
    const again = await signIn('laptop');
    assert.equal(rowsOn(await again.open('/activity?show=devices')).length, 0);
  });

  test('E38: the activity is taken along as CSV and JSON after a fresh proof, harmless to spreadsheets', async () => {
    const { signIn, clock, event, newest } = await createAnn(open);
    const laptop = await signIn('laptop');
    await event('renamed', { name: '=HYPERLINK("https://evil.example")' });
    await event('address_added', { kind: 'email', address: 'a•••@e•••.org', network: '+cmd|calc' });
    assert.match((await laptop.open('/activity/export')).text, /Download your activity/);
    const csv = await laptop.submit({ format: 'csv' });
    assert.match(String(csv.headers['content-disposition']), /attachment; filename="activity\.csv"/);
    assert.match(String(csv.headers['content-type']), /^text\/csv/);
    const lines = csv.body.split('\r\n');
    assert.equal(lines[0], '\uFEFFtime,what,place,browser,how,network,type,id');
    assert.match(csv.body, /"A device was renamed: =HYPERLINK\(""https:\/\/evil\.example""\)"/);
    assert.match(csv.body, /"'\+cmd\|calc"/);
    for (const cell of csv.body.replace('\uFEFF', '').matchAll(/(?:^|,)"([^"])/gm))
      assert.doesNotMatch(cell[1] ?? '', /[=+@-]/);
    await laptop.open('/activity/export');
    const json = await laptop.submit({ format: 'json' });
    const { activity } = JSON.parse(json.body) as { activity: { type: string; time: string }[] };
    assert.deepEqual(activity.map(({ type }) => type).slice(0, 3), ['exported', 'address_added', 'renamed']);
    assert.equal(activity[1]?.time, '2030-01-01T12:00:00.000Z');
    assert.deepEqual((await newest('exported')).data, { what: 'activity', format: 'json' });
    clock.advance(minutes(6));
    assert.match((await laptop.open('/activity/export')).url, /^\/prove\?next=%2Factivity%2Fexport$/);
  });

  test('the front page of the account gets the newest rows', async () => {
    const { activity, ann, link, event } = await createAnn(open);
    await link('Kitchen TV');
    await event('password_changed');
    const rows = await activity.recent(ann, 2);
    assert.deepEqual(
      rows.map(({ type, name, deviceType }) => [type, name, deviceType]),
      [
        ['password_changed', undefined, undefined],
        ['approved', 'Kitchen TV', 'tv'],
      ],
    );
  });
});
