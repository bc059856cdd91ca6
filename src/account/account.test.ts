import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { asciiEmail, normaliseEmail } from '../email.ts';
import type { AccountId } from '../ids.ts';
import { displayName } from './account.ts';

test('addresses are trimmed, lower-cased and composed; what cannot be one is refused', () => {
  const good: [string, string][] = [
    [' Ann@Example.ORG ', 'ann@example.org'],
    ['o\u0301scar@example.org', 'óscar@example.org'],
    ['ann+tv@mail.example.co.uk', 'ann+tv@mail.example.co.uk'],
    ["o'neil@example.org", "o'neil@example.org"],
    ['user@localhost', 'user@localhost'],
    // Lower case has a letter of its own for what upper case writes with two.
    ['J\u030c@example.org', '\u01f0@example.org'],
    ['иван@пример.рф', 'иван@пример.рф'],
  ];
  for (const [typed, stored] of good) {
    assert.equal(normaliseEmail(typed), stored);
    assert.equal(normaliseEmail(stored), stored, 'what is stored is found again');
  }

  const bad = ['', 'ann', 'ann@', '@example.org', 'ann@example', 'ann@@example.org', 'a b@example.org', 'ann@-x.org'];
  const worse = [
    'ann@example.org\nbcc: x@y.org',
    'ann@example.org,bob@example.org',
    'Ann <ann@example.org>',
    'ann@exa\u202emple.org',
  ];
  const long = [`${'a'.repeat(65)}@example.org`, `ann@${'a.'.repeat(130)}org`];
  for (const typed of [...bad, ...worse, ...long]) assert.equal(normaliseEmail(typed), undefined, typed);
});

test('fault C6: however a host is spelt, a mailbox has one key, shown as people read it', () => {
  const spellings = {
    'anna@bücher.example': [
      'anna@xn--bcher-kva.example',
      'Anna@BÜCHER.example',
      'anna@XN--BCHER-KVA.Example',
      'anna@bu\u0308cher.example',
    ],
    'anna@straße.example': ['anna@xn--strae-oqa.example', 'anna@STRASSE.example'.replace('SS', 'ẞ')],
    'иван@пример.рф': ['иван@xn--e1afmkfd.xn--p1ai'],
    'anna@مثال.إختبار': ['anna@xn--mgbh0fb.xn--kgbechtv'],
    'anna@viii.example': ['anna@ⅷ.example', 'anna@ＶＩＩＩ.example'],
    // No letters: such a name is kept in the only spelling there is for mail.
    'anna@xn--ls8h.example': ['anna@xn--ls8h.example'],
    'anna@example.org': ['anna@example.org', 'anna@EXAMPLE.org'],
  };
  for (const [key, all] of Object.entries(spellings)) {
    for (const typed of [key, ...all]) assert.equal(normaliseEmail(typed), key, typed);
    assert.match(asciiEmail(key).split('@')[1] ?? '', /^[a-z0-9.-]+$/);
    assert.equal(normaliseEmail(asciiEmail(key)), key);
  }
  for (const none of ['anna@127.1', 'anna@192.0.2.1', 'anna@0x7f.0.0.1', 'anna@xn--iñvalid.example', 'anna@℀.example'])
    assert.equal(normaliseEmail(none), undefined, none);
});

test('a person is called by their name, or by what stands before the @', () => {
  assert.equal(displayName({ name: undefined, email: 'ann@example.org' }), 'ann');
  assert.equal(displayName({ name: 'Ann K.', email: 'ann@example.org' }), 'Ann K.');
});

forEachDatabase((_name, open) => {
  test('E2: a password is the same however a keyboard composes it, also where that takes more than 256 characters', async () => {
    const { addAccount, authenticators } = await createPeople(open);
    const password = 'ü tractor gravel '.repeat(15);
    const { id } = await addAccount('uwe@example.org', password);
    assert.ok([...password].length <= 256 && [...password.normalize('NFD')].length > 256);
    assert.equal(await authenticators.verifyPassword(id, password.normalize('NFD')), true);
  });

  test('an account is found by id and by address however typed, listed, and removed with all that hangs on it', async () => {
    const { accounts, addAccount, authenticators, journal } = await createPeople(open);
    const ann = await addAccount('Ann@Example.org');
    assert.equal(ann.email, 'ann@example.org');
    assert.deepEqual(await accounts.find(ann.id), ann);
    assert.deepEqual(await accounts.findByEmail(' ANN@example.org'), ann);
    const anna = await accounts.create({ email: 'anna@bücher.example' });
    assert.deepEqual(await accounts.findByEmail('anna@xn--bcher-kva.example'), anna, 'C6');
    await assert.rejects(accounts.create({ email: 'anna@xn--bcher-kva.example' }), 'C6');
    await accounts.remove(anna.id);
    assert.equal(await accounts.findByEmail('nonsense'), undefined);
    assert.equal(await accounts.find('nobody' as AccountId), undefined);
    await accounts.setLocale(ann.id, 'de');
    assert.deepEqual(await accounts.list(), [{ ...ann, locale: 'de' }]);
    assert.deepEqual(
      (await journal.recent(ann.id, 5)).map(({ type }) => type),
      ['account_created'],
    );

    assert.equal(await accounts.remove(ann.id), true);
    assert.equal(await accounts.remove(ann.id), false);
    assert.equal((await authenticators.methodsOf(ann.id)).password, false);
  });

  test('one address has one account, even when made twice at once', async () => {
    const { accounts, database } = await createPeople(open);
    const results = await Promise.allSettled(
      ['ann@example.org', 'ANN@example.org'].map((email) => accounts.create({ email })),
    );
    const failed = results.filter((result) => result.status === 'rejected');
    assert.equal(failed.length, 1);
    assert.equal(database.isDuplicate(failed[0]?.reason), true);
    assert.equal((await accounts.list()).length, 1);
  });

  test('G10: the user handle for passkeys is 64 random bytes of its own', async () => {
    const { accounts } = await createPeople(open);
    const ann = await accounts.create({ email: 'ann@example.org' });
    const bob = await accounts.create({ email: 'bob@example.org' });
    const handles = await Promise.all([ann, bob].map(({ id }) => accounts.passkeyUserId(id)));
    assert.equal(Buffer.from(handles[0] ?? '', 'base64url').length, 64);
    assert.notEqual(handles[0], handles[1]);
  });
});
