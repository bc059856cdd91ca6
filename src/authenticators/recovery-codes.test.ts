import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { systemRandom } from '../random.ts';
import { twoStep } from './authenticators.ts';
import { mostFailures } from './authenticators-store.ts';
import { drawCheckedCode, readCheckedCode, readCode } from './code-text.ts';
import type { RecoveryTables } from './recovery-store.ts';

test('two-step verification is on where the password alone is not enough', () => {
  assert.equal(twoStep({ password: true, app: true, keys: 0 }), true);
  assert.equal(twoStep({ password: true, app: false, keys: 1 }), true);
  assert.equal(twoStep({ password: true, app: false, keys: 0 }), false);
  assert.equal(twoStep({ password: false, app: false, keys: 1 }), false);
});

test('a code is read however it is written', () => {
  assert.equal(readCode(' 7k3m–q2zt 9xwb ', 12), '7K3MQ2ZT9XWB');
  assert.equal(readCode('OIL0-0000-0000', 12), '011000000000');
  assert.equal(readCode('٧K3M-Q2ZT-9XWB', 12), '7K3MQ2ZT9XWB');
  assert.equal(readCode('ｃ'.repeat(12), 12), 'C'.repeat(12));
  for (const text of ['', '7K3M-Q2ZT-9XW', '7K3M-Q2ZT-9XWBB', '7K3M-Q2ZT-9XWU', 'ß'.repeat(12), 'x'.repeat(1e6)])
    assert.equal(readCode(text, 12), undefined, text.slice(0, 20));
});

test('E14: a saved code has 128 random bits in 26 characters, and catches most slips', () => {
  const codes = Array.from({ length: 200 }, () => drawCheckedCode(systemRandom));
  assert.equal(new Set(codes).size, 200);
  for (const code of codes) assert.equal(readCheckedCode(code.toLowerCase()), code);
  const slips = codes.map((code) => `${code.slice(0, 5)}${code[5] === 'A' ? 'B' : 'A'}${code.slice(6)}`);
  const caught = slips.filter((code) => readCheckedCode(code) === undefined).length;
  assert.ok(caught > 100, `${caught} of 200`);
});

forEachDatabase((_name, open) => {
  const createBench = async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount('ann@example.org');
    return { ...people, id, rows: people.database.query.withTables<RecoveryTables>() };
  };

  test('E12: ten codes, stored sealed under a slow hash, each good once', async () => {
    const { authenticators, id, rows, secrets } = await createBench();
    const { recoveryCodes } = authenticators;
    assert.equal(await recoveryCodes.left(id), 0);
    const codes = await recoveryCodes.make(id);
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/);

    const stored = await rows.selectFrom('recovery_code').selectAll().execute();
    for (const code of codes) assert.equal(JSON.stringify(stored).includes(code.replaceAll('-', '').slice(2)), false);
    const [row] = stored;
    assert.match(secrets.open('recovery-code', row?.sealed_hash ?? '', `${id} ${row?.selector}`) ?? '', /^\$argon2id/);

    const [first = '', second = ''] = codes;
    assert.deepEqual(await recoveryCodes.use(id, first), { left: 9 });
    assert.equal(await recoveryCodes.use(id, first), undefined, 'used');
    assert.deepEqual(await recoveryCodes.use(id, second.replaceAll('-', ' ').toLowerCase()), { left: 8 });
    assert.equal((await authenticators.methodsOf(id)).recoveryCodes, 8);
  });

  test('E12: of one code used many times at once, one is accepted', async () => {
    const { authenticators, id } = await createBench();
    const [code = ''] = await authenticators.recoveryCodes.make(id);
    const results = await Promise.all(Array.from({ length: 8 }, () => authenticators.recoveryCodes.use(id, code)));
    assert.deepEqual(results.filter(Boolean), [{ left: 9 }]);
  });

  test('a wrong code, one of somebody else, one of an old set and one moved to another account are refused', async () => {
    const { authenticators, id, addAccount, rows } = await createBench();
    const { recoveryCodes } = authenticators;
    const bob = await addAccount('bob@example.org');
    const [old = ''] = await recoveryCodes.make(id);
    const [current = ''] = await recoveryCodes.make(id);
    const [foreign = ''] = await recoveryCodes.make(bob.id);
    const last = current.at(-1) === '0' ? '1' : '0';
    for (const code of [old, foreign, `${current.slice(0, -1)}${last}`, '', 'nonsense', '0000-0000-0000'])
      assert.equal(await recoveryCodes.use(id, code), undefined, code);
    assert.equal(await recoveryCodes.left(id), 10);

    const selector = foreign.slice(0, 2);
    const [theirs] = await rows.selectFrom('recovery_code').selectAll().where('account_id', '=', id).execute();
    assert.ok(theirs);
    await rows.deleteFrom('recovery_code').where('account_id', '=', bob.id).execute();
    await rows
      .insertInto('recovery_code')
      .values({ ...theirs, account_id: bob.id, selector })
      .execute();
    const moved = (await recoveryCodes.make(id)).find((code) => code.startsWith(selector));
    assert.equal(moved && (await recoveryCodes.use(bob.id, moved)), undefined);
    assert.deepEqual(await recoveryCodes.use(id, (await recoveryCodes.make(id))[0] ?? ''), { left: 9 });
  });

  test('E9: after 100 failures in a row the right code is refused, until codes are made anew', async () => {
    const { authenticators, id, rows } = await createBench();
    const { recoveryCodes } = authenticators;
    const codes = await recoveryCodes.make(id);
    await rows
      .updateTable('recovery_code_set')
      .set({ failed_tries: mostFailures - 2 })
      .execute();
    assert.equal(await recoveryCodes.use(id, '0000-0000-0000'), undefined);
    assert.deepEqual(await recoveryCodes.use(id, codes[0] ?? ''), { left: 9 }, 'the 100th try may still be right');
    await rows
      .updateTable('recovery_code_set')
      .set({ failed_tries: mostFailures - 1 })
      .execute();
    assert.equal(await recoveryCodes.use(id, '0000-0000-0000'), undefined);
    assert.equal(await recoveryCodes.use(id, codes[1] ?? ''), undefined);
    assert.deepEqual(await recoveryCodes.use(id, (await recoveryCodes.make(id))[0] ?? ''), { left: 9 });
  });

  test('E13: a saved code works once, and gives the one that replaces it', async () => {
    const { authenticators, id, rows, secrets } = await createBench();
    const { savedCode } = authenticators;
    assert.equal(await savedCode.has(id), false);
    assert.equal(await savedCode.use(id, drawCheckedCode(systemRandom)), undefined);
    const first = await savedCode.make(id);
    assert.match(first, /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$/);
    assert.equal(await savedCode.has(id), true);
    const row = await rows.selectFrom('saved_code').selectAll().executeTakeFirstOrThrow();
    assert.match(secrets.open('saved-code', row.sealed_hash, id) ?? '', /^[0-9a-f]{64}$/);

    const second = await savedCode.use(id, first.toLowerCase());
    assert.ok(second && second !== first);
    assert.equal(await savedCode.use(id, first), undefined);
    assert.ok(await savedCode.use(id, second));
  });

  test('E13: of one saved code used many times at once, one is accepted', async () => {
    const { authenticators, id } = await createBench();
    const code = await authenticators.savedCode.make(id);
    const results = await Promise.all(Array.from({ length: 8 }, () => authenticators.savedCode.use(id, code)));
    assert.equal(results.filter(Boolean).length, 1);
  });

  test('a saved code of somebody else, an older one, and any after 100 failures are refused (E9)', async () => {
    const { authenticators, id, addAccount, rows } = await createBench();
    const { savedCode } = authenticators;
    const bob = await addAccount('bob@example.org');
    const old = await savedCode.make(id);
    const current = await savedCode.make(id);
    const foreign = await savedCode.make(bob.id);
    for (const code of [old, foreign, '', 'nonsense', current.slice(0, -1)])
      assert.equal(await savedCode.use(id, code), undefined);
    await rows.updateTable('saved_code').set({ failed_tries: mostFailures }).execute();
    assert.equal(await savedCode.use(id, current), undefined);
    assert.ok(await savedCode.use(id, await savedCode.make(id)));
  });

  test('codes go with their account, and are in its journal', async () => {
    const { authenticators, accounts, journal, id, rows } = await createBench();
    const [code = ''] = await authenticators.recoveryCodes.make(id);
    await authenticators.recoveryCodes.use(id, code);
    await authenticators.savedCode.use(id, await authenticators.savedCode.make(id));
    const events = (await journal.recent(id, 10)).map(({ type }) => type).sort();
    assert.deepEqual(events, [
      'account_created',
      'recovery_code_used',
      'recovery_code_used',
      'recovery_codes_made',
      'recovery_codes_made',
    ]);
    await accounts.remove(id);
    for (const table of ['recovery_code', 'recovery_code_set', 'saved_code'] as const)
      assert.deepEqual(await rows.selectFrom(table).selectAll().execute(), [], table);
  });
});
