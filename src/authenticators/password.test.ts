import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople, goodPassword, type People } from '../../test/helpers/people.ts';
import { days } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import { hashPassword, verifyPassword } from './argon2.ts';
import { passwordMinimum } from './authenticators.ts';
import { mostFailures } from './authenticators-store.ts';
import { checkPassword } from './password-policy.ts';

type Tables = { password: { account_id: string; sealed_hash: string; failed_tries: number } };

const reason = (password: string, words: string[] = []) =>
  checkPassword(password, { words })?.key.replace('authenticators.password.', '');

test('E1: a password that can sign in alone has 15 characters or more; 8 may do beside a second step', () => {
  assert.deepEqual(checkPassword('gravel-evening'), {
    key: 'authenticators.password.short',
    values: { minimum: 15, length: 14 },
  });
  assert.equal(reason('gravel-evening9'), undefined);
  assert.equal(checkPassword('tr4ct0r-', { minimum: 8 }), undefined);
  assert.equal(reason(''), 'empty');
});

test('E1: the operator who asks everyone for a second step may let passwords have 8 characters', () => {
  assert.equal(passwordMinimum({ requireSecondStep: false }), 15);
  assert.equal(passwordMinimum({ requireSecondStep: true }), 8);
});

test('E2: length counts code points after NFC, up to 256; every character is welcome', () => {
  assert.equal(reason('🌵🌲🌳🌴🌱🌿☘🍀🍁🍂🍃🌺🌻🌼'), 'short');
  assert.equal(reason('🌵🌲🌳🌴🌱🌿☘🍀🍁🍂🍃🌺🌻🌼🌷'), undefined);
  assert.equal(reason('e\u0301'.repeat(14)), 'short');
  assert.equal(reason(`${'plum tractor evening '.repeat(11)}gravel`), undefined);
  assert.equal(reason('xk'.repeat(200)), 'long');
});

test('E3: there are no rules of composition', () => {
  for (const password of [
    'zzgravelplumtractor',
    'plum tractor evening gravel',
    '8305719264830518',
    'ПЛЮМ-ТРАКТОР-ВЕЧЕР',
  ])
    assert.equal(reason(password), undefined, password);
});

test('E4: common, patterned and personal passwords are refused with their reason', () => {
  const refused: [string, string][] = [
    ['passwordpassword', 'pattern'],
    ['aaaaaaaaaaaaaaaaaaa', 'pattern'],
    ['121212121212121212', 'pattern'],
    ['123456789012345', 'pattern'],
    ['qwertyuiopasdfgh', 'pattern'],
    ['abcdefghijklmnop', 'pattern'],
    ['1234567890qwertyuiop', 'pattern'],
    ['Password123456!', 'common'],
    ['P@ssw0rd-P@ssw0rd-2026', 'common'],
    ['welcome-admin-2026', 'common'],
    ['iloveyou-forever-1', 'common'],
    ['correcthorsebatterystaple', 'common'],
    ['latchkey-2026-11-22', 'personal'],
    ['ann.kowalska.1984', 'personal'],
    ['characterization', 'listed'],
    ['Characterizati0n!', 'listed'],
    ['2024characterization?', 'listed'],
  ];
  for (const [password, why] of refused) assert.equal(reason(password, ['latchkey', 'ann', 'kowalska']), why, password);
});

test('E4: short ones beside a second step are looked up in the list, as they are and decorated', () => {
  const short = (password: string) => checkPassword(password, { minimum: 8 })?.key;
  for (const password of ['sunflower', 'Sunflower1', 'sunfl0wer', '!sunflower2026', 'butthead', 'password1'])
    assert.match(short(password) ?? 'accepted', /listed|common/, password);
  for (const password of ['tr4ct0r-', 'vqzkmwpx', 'sunflower-93kq', 'oak&plum7'])
    assert.equal(short(password), undefined, password);
});

test('E6: a hash is Argon2id with its parameters, salted, at 19 MiB or more', async () => {
  const [one, two] = await Promise.all([hashPassword(goodPassword), hashPassword(goodPassword)]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.notEqual(one, two);
  assert.deepEqual(await verifyPassword(goodPassword, one), { right: true, outdated: false });
  assert.deepEqual(await verifyPassword(`${goodPassword}x`, one), { right: false, outdated: false });
});

test('E2: nothing is cut off, and both forms of an accent are one password', async () => {
  const long = 'x'.repeat(64);
  assert.equal((await verifyPassword(`${long}b`, await hashPassword(`${long}a`))).right, false);
  assert.equal((await verifyPassword('caf\u00e9', await hashPassword('cafe\u0301'))).right, true);
});

test('F5: nobody is checked with the same work as somebody', async () => {
  assert.deepEqual(await verifyPassword(goodPassword, undefined), { right: false, outdated: false });
});

forEachDatabase((_name, open) => {
  const code = (secret: string, time: number) => generateSync({ secret, epoch: Math.floor(time / 1000) });
  const addApp = async ({ authenticators, clock }: People, id: AccountId) => {
    const setup = authenticators.beginApp(id, 'ann@example.org');
    assert.equal(await authenticators.finishApp(id, setup, code(setup.secret, clock.now())), true);
  };

  test('E1: where a second step is asked of everyone, a password alone is not enough, and the last step stays', async () => {
    const people = await createPeople(open, { requireSecondStep: true });
    const { authenticators, addAccount, accounts } = people;
    const { id } = await addAccount('ann@example.org', 'oak&plum7');
    assert.equal(authenticators.passwordMinimum, 8);
    assert.equal(authenticators.checkPassword('oak&plum7', []), undefined);
    assert.equal(await authenticators.secondStepMissing(id), true);
    await addApp(people, id);
    assert.equal(await authenticators.secondStepMissing(id), false);
    assert.equal(await authenticators.secondStepMayGo(id), 'required');
    const without = await accounts.create({ email: 'bob@example.org' });
    assert.equal(await authenticators.secondStepMissing(without.id), false, 'no password, no second step');
  });

  test('E1: where it is not, a short password from then keeps its second step until it is longer', async () => {
    const people = await createPeople(open);
    const { authenticators, addAccount } = people;
    const { id } = await addAccount('ann@example.org', 'oak&plum7');
    assert.equal(await authenticators.secondStepMissing(id), false);
    await addApp(people, id);
    assert.equal(await authenticators.secondStepMayGo(id), 'password_too_short');
    assert.equal(await authenticators.removeApp(id), false);
    assert.equal((await authenticators.methodsOf(id)).app, true);
    await authenticators.setPassword(id, goodPassword);
    assert.equal(await authenticators.secondStepMayGo(id), 'yes');
    assert.equal(await authenticators.removeApp(id), true);
  });

  test('E7: the hash is stored sealed, and only for its own account', async () => {
    const { database, secrets, authenticators, addAccount } = await createPeople(open);
    const ann = await addAccount('ann@example.org');
    const bob = await addAccount('bob@example.org', 'quite another long one');
    const rows = database.query.withTables<Tables>();
    const row = await rows
      .selectFrom('password')
      .selectAll()
      .where('account_id', '=', ann.id)
      .executeTakeFirstOrThrow();
    assert.doesNotMatch(row.sealed_hash, /argon2/);
    assert.match(secrets.open('password', row.sealed_hash, ann.id) ?? '', /^\$argon2id/);
    assert.equal(secrets.open('password', row.sealed_hash, bob.id), undefined);

    await rows.updateTable('password').set({ sealed_hash: row.sealed_hash }).where('account_id', '=', bob.id).execute();
    assert.equal(
      await authenticators.verifyPassword(bob.id, goodPassword),
      false,
      'a hash moved to another row is dead',
    );
    assert.equal(await authenticators.verifyPassword(ann.id, goodPassword), true);
  });

  test('E6: a hash made with older parameters is renewed at the next sign-in', async () => {
    const { database, secrets, authenticators, addAccount } = await createPeople(open);
    const { id } = await addAccount('ann@example.org');
    const rows = database.query.withTables<Tables>();
    const stored = async () => {
      const row = await rows.selectFrom('password').selectAll().where('account_id', '=', id).executeTakeFirstOrThrow();
      return secrets.open('password', row.sealed_hash, id) ?? '';
    };
    // "plum tractor evening gravel" at m=8192,t=1.
    const { argon2Sync } = await import('node:crypto');
    const nonce = Buffer.alloc(16, 7);
    const tag = argon2Sync('argon2id', {
      message: goodPassword,
      nonce,
      parallelism: 1,
      tagLength: 32,
      memory: 8192,
      passes: 1,
    });
    const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
    const old = `$argon2id$v=19$m=8192,t=1,p=1$${b64(nonce)}$${b64(tag)}`;
    await rows
      .updateTable('password')
      .set({ sealed_hash: secrets.seal('password', old, id) })
      .where('account_id', '=', id)
      .execute();

    assert.equal(await authenticators.verifyPassword(id, 'wrong wrong wrong'), false);
    assert.equal(await stored(), old, 'a wrong password renews nothing');
    assert.equal(await authenticators.verifyPassword(id, goodPassword), true);
    assert.match(await stored(), /m=19456,t=2,p=1/);
    assert.equal(await authenticators.verifyPassword(id, goodPassword), true);
  });

  test('E9: after 100 failures in a row the right password is refused, until it is set anew', async () => {
    const { database, authenticators, addAccount } = await createPeople(open);
    const { id } = await addAccount('ann@example.org');
    const rows = database.query.withTables<Tables>();
    await rows
      .updateTable('password')
      .set({ failed_tries: mostFailures - 1 })
      .where('account_id', '=', id)
      .execute();
    assert.equal(await authenticators.verifyPassword(id, goodPassword), true, 'the 100th try may still be right');
    await rows
      .updateTable('password')
      .set({ failed_tries: mostFailures - 1 })
      .where('account_id', '=', id)
      .execute();
    assert.equal(await authenticators.verifyPassword(id, 'wrong wrong wrong'), false);
    assert.equal(await authenticators.verifyPassword(id, goodPassword), false);
    await authenticators.setPassword(id, goodPassword);
    assert.equal(await authenticators.verifyPassword(id, goodPassword), true);
  });

  test('F4: the owner hears of fifty failures in a row, at most once a day', async () => {
    const { database, authenticators, addAccount, clock, mails } = await createPeople(open);
    const { id } = await addAccount('ann@example.org');
    const failAt = async (count: number): Promise<void> => {
      await database.query
        .withTables<Tables>()
        .updateTable('password')
        .set({ failed_tries: count - 1 })
        .where('account_id', '=', id)
        .execute();
      assert.equal(await authenticators.verifyPassword(id, 'wrong wrong wrong'), false);
    };
    // The mail is not waited for by whoever fails.
    const arrived = async (count: number): Promise<void> => {
      while (mails.length < count) await new Promise(setImmediate);
    };
    await failAt(49);
    await failAt(50);
    await arrived(1);
    await failAt(51);
    await failAt(50);
    assert.deepEqual(
      mails.map(({ to, subject }) => [to, subject]),
      [['ann@example.org', 'Somebody keeps trying to sign in to your account']],
    );
    assert.match(mails[0]?.text ?? '', /50 wrong passwords/);
    clock.advance(days(1));
    await failAt(50);
    await arrived(2);
    assert.equal(mails.length, 2);
  });
});
