import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople, goodPassword } from '../../test/helpers/people.ts';
import { ann, csrfOf, newPassword } from '../../test/helpers/recovering.ts';
import { createTakeover, planted, plants } from '../../test/helpers/takeover.ts';
import { days, hours, minutes } from '../clock.ts';

forEachDatabase((_name, open) => {
  for (const plant of plants) {
    test(`fault A2: a stolen password and a planted ${plant}: the mail takes it back, and the mailbox gets back in`, async () => {
      const walk = await createTakeover(open);
      await walk.plant(plant);
      const link = plant === 'device' ? /\/activity\/undo\// : /\/activity\/change\/|\/email\/undo\//;
      const path = walk.linksTo(ann, link).at(-1) ?? assert.fail('no link');
      const scanner = walk.newBrowser();
      for (let i = 0; i < 2; i += 1) assert.equal((await scanner.open(path)).status, 200);
      assert.equal((await walk.thief.open('/security')).url, '/security', 'GET changes nothing');
      await walk.press(path);
      assert.match((await walk.thief.open('/security')).url, /^\/signin/);
      if (plant !== 'password') assert.equal(await walk.tryPassword(goodPassword), 'refused', 'what was used is off');
      const done = (await walk.events()).filter((type) => type === 'disowned').length;
      await walk.press(path);
      assert.equal((await walk.events()).filter((type) => type === 'disowned').length, done, 'once');
      await walk.getBack();
      await walk.assertWon();
    });

    test(`fault A2, fault A3: a stolen password and a planted ${plant}: without having read a mail, the mailbox wins within 48 hours`, async () => {
      const walk = await createTakeover(open);
      await walk.plant(plant);
      walk.clock.advance(days(6) + hours(23));
      if (plant === 'own address') await walk.press(walk.linksTo(ann, /\/email\/undo\//).at(-1) ?? '');
      await walk.getBack(undefined, () => walk.resist());
      await walk.assertWon();
    });
  }

  test('fault A2, fault A3: with everything planted at once', async () => {
    const walk = await createTakeover(open);
    await walk.plant('passkey', 'address', 'phone', 'saved code', 'device', 'password', 'app', 'key');
    await walk.getBack(undefined, async () => {
      await walk.resist();
      await walk.closeAccount();
      assert.ok(await walk.recovery.pending(walk.id), 'closing stops nothing either');
    });
    await walk.assertWon();
  });

  test('fault A2: who is young stops nothing, four times over, and nobody is kept out for a week', async () => {
    const walk = await createTakeover(open);
    await walk.plant('app', 'password');
    const browser = await walk.proveByMail();
    await browser.open('/recover/lost');
    await browser.submit({ action: 'wait' });
    for (let i = 0; i < 4; i += 1) await walk.resist();
    assert.ok(await walk.recovery.pending(walk.id));
    assert.equal((await walk.events()).includes('recovery_cancelled'), false);
    await walk.thief.open('/security');
    await walk.thief.post('/recover/cancel', { csrf: csrfOf(walk.thief) });
    assert.match(walk.thief.shown.text, /This browser cannot stop it/);
    assert.equal(walk.thief.shown.status, 403);
  });

  test('fault A2: somebody who reads the mailbox does not strip yesterday’s second step, and what is older stops them', async () => {
    const walk = await createTakeover(open);
    await walk.signInAgain(walk.laptop);
    await walk.laptop.open('/sessions');
    await walk.laptop.submit({ action: 'others' });
    // The owner adds an app, in a browser of theirs; the reader of the mail takes it back.
    const code = await walk.addApp();
    walk.clock.advance(days(1));
    const reader = await walk.proveByMail();
    assert.equal(reader.shown.url, '/recover/choose', 'one proof is not enough');
    await reader.post('/recover/password', { csrf: csrfOf(reader), new_password: newPassword, 'app-app': 'yes' });
    assert.equal(await walk.tryPassword(newPassword), 'refused');
    await reader.open('/recover/lost');
    await reader.submit({ action: 'wait' });
    walk.clock.advance(hours(47));
    assert.equal((await walk.laptop.open('/security')).url, '/security');
    await walk.laptop.post('/recover/cancel', { csrf: csrfOf(walk.laptop) });
    assert.match(walk.laptop.shown.text, /Stopped/);
    walk.clock.advance(hours(2));
    assert.notEqual((await reader.open('/recover/password')).url, '/recover/password');
    assert.equal(await walk.authenticators.verifyApp(walk.id, code()), true);
  });

  test('fault A2: nor by taking it back with the link of its mail: that asks for no less than before', async () => {
    const walk = await createTakeover(open);
    const before = walk.mails.length;
    await walk.signInAgain(walk.laptop);
    await walk.laptop.open('/security/app');
    const setup = walk.laptop;
    const secret = /([A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(setup.shown.text)?.[0].replaceAll(' ', '') ?? '';
    const { generateSync } = await import('otplib');
    await setup.submit({ code: generateSync({ secret, epoch: Math.floor(walk.clock.now() / 1000) }) });
    assert.ok(walk.mails.length > before);
    walk.clock.advance(days(1));
    await walk.press(walk.linksTo(ann, /\/activity\/change\//).at(-1) ?? '');
    assert.equal((await walk.authenticators.methodsOf(walk.id)).app, false);
    const reader = await walk.proveByMail();
    assert.equal(reader.shown.url, '/recover/choose', 'two kinds, or two days');
  });

  test('fault A2: what the account had seven days ago counts though it was removed since', async () => {
    const walk = await createTakeover(open);
    await walk.addApp();
    walk.clock.advance(days(8));
    assert.equal(await walk.authenticators.removeApp(walk.id), true);
    walk.clock.advance(days(6));
    assert.equal((await walk.proveByMail()).shown.url, '/recover/choose');
    walk.clock.advance(days(1) + minutes(1));
    assert.equal((await walk.proveByMail()).shown.url, '/recover/password', 'a week later it is forgotten');
  });

  test('fault A3: a new address gets no code in its first seven days, in whatever place; then it helps', async () => {
    const walk = await createTakeover(open);
    await walk.plant('address', 'own address');
    const codes = () => walk.mailTo(planted).filter(({ subject }) => subject === 'Get back into your account').length;
    const thief = await walk.begin(planted);
    await thief.submit({ way: 'email' });
    assert.equal(codes(), 0);
    assert.equal(walk.subjects(planted).at(-1), 'This address is too new to get back in');
    assert.deepEqual(walk.powers(planted), []);
    walk.clock.advance(days(7));
    const later = await walk.begin(planted);
    await later.submit({ way: 'email' });
    assert.equal(codes(), 1);
  });

  test('fault A2: a press on the mail makes a stranger of the thief’s browser, and of none that is older', async () => {
    const walk = await createTakeover(open);
    await walk.plant('passkey');
    const knows = ({ cookies }: typeof walk.thief) => {
      const browserId = [...cookies].find(([name]) => name.endsWith('browser'))?.[1] ?? '';
      return walk.signin.knows(walk.id, browserId);
    };
    assert.deepEqual([await knows(walk.thief), await knows(walk.laptop)], [true, true]);
    await walk.press(walk.powers(ann).at(-1) ?? '');
    assert.deepEqual([await knows(walk.thief), await knows(walk.laptop)], [false, true]);
  });

  test('fault A2: a saved code proves nothing in its first seven days; then it does', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount('ann@example.org');
    people.clock.advance(days(30));
    const code = await people.authenticators.savedCode.make(id);
    const tries = async (browserId: string): Promise<boolean> => {
      const from = { browserId, network: '192.0.2.0/24' };
      await people.recovery.begin('ann@example.org', from);
      const attempt = await people.recovery.current(browserId);
      assert.ok(attempt);
      return (await people.recovery.prove(attempt, 'saved', code, from)).ok;
    };
    assert.equal(await tries('thief'), false);
    people.clock.advance(days(7));
    assert.equal(await tries('owner'), true);
  });

  test('fault A3: the end lists every way in with its date, ticks what is new, and leaves what is not', async () => {
    const walk = await createTakeover(open);
    walk.clock.set(walk.clock.now() - days(35));
    await walk.linkDevice('Old TV');
    await walk.addAddress('email', 'ann@old.example');
    walk.clock.advance(days(35));
    await walk.plant('passkey', 'phone');
    const browser = await walk.proveByMail();
    const rows = browser.shown.root.querySelectorAll('main .card').map((card) => ({
      words: card.text.replace(/\s+/g, ' ').trim(),
      ticked: card.querySelector('input')?.hasAttribute('checked'),
    }));
    assert.deepEqual(
      rows.map(({ words, ticked }) => [words.replace(/Passkey \(.*?\)|(Added|Linked).*/g, '').trim(), ticked]),
      [
        ['Passkey', true],
        ['ann@old.exampleEmail address', false],
        ['+49 1519 9988877Phone number', true],
        ['Old TVDevice', false],
      ],
    );
    for (const { words } of rows) assert.match(words, /(Added|Linked) \d{1,2} \w+ 20\d\d/);
    await browser.submit({ new_password: 'password' });
    assert.equal(browser.shown.status, 422);
    await browser.submit({ new_password: newPassword });
    assert.deepEqual(
      (await walk.addresses.list(walk.id)).map(({ value }) => value),
      ['ann@old.example'],
    );
    assert.equal((await walk.devices.list(walk.id)).length, 1);
    assert.equal((await walk.authenticators.listPasskeys(walk.id)).length, 0);
  });

  test('fault A3: codes on paper and a saved code are void after a recovery by mail, but for the one that was the proof', async () => {
    const walk = await createTakeover(open);
    await walk.addApp();
    const saved = await walk.authenticators.savedCode.make(walk.id);
    await walk.authenticators.recoveryCodes.make(walk.id);
    walk.clock.advance(days(8));
    const browser = await walk.proveByMail();
    await browser.open('/recover/code?way=saved');
    await browser.submit({ code: saved });
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal(await walk.authenticators.savedCode.has(walk.id), true);
    assert.equal(await walk.authenticators.recoveryCodes.left(walk.id), 0);
    walk.clock.advance(days(8));
    await walk.getBack();
    assert.equal(await walk.authenticators.savedCode.has(walk.id), false);
  });
});
