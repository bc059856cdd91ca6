import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { minutes, seconds } from '../clock.ts';
import { mostFailures } from './authenticators-store.ts';

/** RFC 6238 appendix B, SHA-1, of which an app shows the last six digits. */
const vectors: [number, string][] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
];
/** The code that oathtool, of the OATH Toolkit, shows for a typed secret. */
function oathtool(secret: string, time: number): string {
  const at = new Date(time).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
  return execFileSync('oathtool', ['--totp', '--base32', `--now=${at}`, '-'], {
    input: secret,
    encoding: 'utf8',
  }).trim();
}

const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

forEachDatabase((_name, open) => {
  const createBench = async () => {
    const people = await createPeople(open);
    const account = await people.addAccount('ann@example.org');
    const codeAt = (secret: string, time: number) => generateSync({ secret, epoch: Math.floor(time / 1000) });
    const enrol = async () => {
      const setup = people.authenticators.beginApp(account.id, account.email);
      assert.equal(
        await people.authenticators.finishApp(account.id, setup, codeAt(setup.secret, people.clock.now())),
        true,
      );
      people.clock.advance(seconds(30));
      return setup.secret;
    };
    return { ...people, account, codeAt, enrol };
  };

  test('E22: codes are those of RFC 6238, appendix B', async () => {
    const { authenticators, account, clock } = await createBench();
    const setup = { secret: rfcSecret, uri: '', sealed: '' };
    clock.set(seconds(58));
    for (const [time, code] of vectors) {
      clock.set(seconds(time));
      assert.equal(await authenticators.finishApp(account.id, setup, code), true, String(time));
      await authenticators.removeApp(account.id);
    }
  });

  test('E22: works with an authenticator that others wrote', async () => {
    const { authenticators, account, clock } = await createBench();
    const setup = authenticators.beginApp(account.id, account.email);
    // What a person types where the code cannot be scanned: letters in groups.
    const typed = setup.secret.match(/.{4}/g)?.join(' ').toLowerCase() ?? '';
    assert.equal(await authenticators.finishApp(account.id, setup, oathtool(typed, clock.now())), true);
    for (let n = 0; n < 5; n += 1) {
      clock.advance(minutes(1 + 1000 * n));
      assert.equal(await authenticators.verifyApp(account.id, oathtool(typed, clock.now())), true);
    }
    const { searchParams } = new URL(setup.uri);
    assert.equal(searchParams.get('secret'), setup.secret);
    assert.equal(searchParams.get('issuer'), 'Latchkey');
    for (const [name, usual] of [
      ['algorithm', 'SHA1'],
      ['digits', '6'],
      ['period', '30'],
    ] as const)
      assert.equal(searchParams.get(name) ?? usual, usual, name);
  });

  test('E22: the secret has 160 bits, is stored sealed, and only once it is proven', async () => {
    const { authenticators, account, clock, codeAt, database, secrets } = await createBench();
    const setup = authenticators.beginApp(account.id, account.email);
    assert.match(setup.secret, /^[A-Z2-7]{32}$/);
    assert.match(setup.uri, /^otpauth:\/\/totp\/Latchkey:ann%40example\.org\?secret=[A-Z2-7]{32}/);
    assert.equal(setup.sealed.includes(setup.secret), false);
    assert.equal(await authenticators.finishApp(account.id, setup, '000000'), false);
    assert.equal((await authenticators.methodsOf(account.id)).app, false);

    const resumed = authenticators.resumeApp(account.id, setup.sealed, account.email);
    assert.equal(resumed?.secret, setup.secret);
    assert.equal(await authenticators.finishApp(account.id, setup, codeAt(setup.secret, clock.now())), true);
    const row = await database.query
      .withTables<{ authenticator_app: { sealed_secret: string } }>()
      .selectFrom('authenticator_app')
      .selectAll()
      .executeTakeFirstOrThrow();
    assert.equal(JSON.stringify(row).includes(setup.secret), false);
    assert.equal(secrets.open('totp', row.sealed_secret, account.id), setup.secret);
  });

  test('a set-up belongs to one account and is good for 15 minutes', async () => {
    const { authenticators, account, addAccount, clock } = await createBench();
    const bob = await addAccount('bob@example.org');
    const { sealed } = authenticators.beginApp(account.id, account.email);
    assert.equal(authenticators.resumeApp(bob.id, sealed, bob.email), undefined);
    assert.equal(authenticators.resumeApp(account.id, `${sealed}x`, account.email), undefined);
    clock.advance(minutes(15));
    assert.equal(authenticators.resumeApp(account.id, sealed, account.email), undefined);
  });

  test('E22: a code works once, one step early or late, and never after a later one', async () => {
    const { authenticators, account, clock, codeAt, enrol } = await createBench();
    const secret = await enrol();
    const now = clock.now();
    const late = codeAt(secret, now - seconds(30));
    const current = codeAt(secret, now);
    const early = codeAt(secret, now + seconds(30));
    assert.equal(await authenticators.verifyApp(account.id, late), false, 'it was used to set the app up');
    assert.equal(await authenticators.verifyApp(account.id, `${early.slice(0, 3)} ${early.slice(3)}`), true);
    assert.equal(await authenticators.verifyApp(account.id, early), false, 'reused');
    assert.equal(await authenticators.verifyApp(account.id, current), false, 'older than one that was used');
    clock.advance(minutes(2));
    assert.equal(
      await authenticators.verifyApp(account.id, codeAt(secret, clock.now() - minutes(1))),
      false,
      'too old',
    );
    assert.equal(
      await authenticators.verifyApp(account.id, codeAt(secret, clock.now() + minutes(1))),
      false,
      'too early',
    );
    const arabic = codeAt(secret, clock.now()).replace(/\d/g, (digit) => String.fromCharCode(0x0660 + Number(digit)));
    assert.equal(await authenticators.verifyApp(account.id, arabic), true);
  });

  test('E22: of one code sent many times at once, one is accepted', async () => {
    const { authenticators, account, clock, codeAt, enrol } = await createBench();
    const code = codeAt(await enrol(), clock.now());
    const results = await Promise.all(Array.from({ length: 8 }, () => authenticators.verifyApp(account.id, code)));
    assert.equal(results.filter(Boolean).length, 1);
  });

  test('E9: after 100 failures in a row the right code is refused', async () => {
    const { authenticators, account, clock, codeAt, enrol, database } = await createBench();
    const secret = await enrol();
    const rows = database.query.withTables<{ authenticator_app: { failed_tries: number } }>();
    await rows.updateTable('authenticator_app').set({ failed_tries: mostFailures }).execute();
    assert.equal(await authenticators.verifyApp(account.id, codeAt(secret, clock.now())), false);
  });
});
