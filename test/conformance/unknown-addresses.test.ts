import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { mock, type TestContext, test } from 'node:test';
import { generateSync } from 'otplib';
import type { OpenDatabase } from '../helpers/databases.ts';
import type { FormBrowser, Shown } from '../helpers/form-browser.ts';
import type { People } from '../helpers/people.ts';

// Counted before anything of ours takes hold of it.
const hashing = mock.method(crypto, 'argon2');
syncBuiltinESMExports();
const { forEachDatabase } = await import('../helpers/databases.ts');
const { createPeople, goodPassword, issuer } = await import('../helpers/people.ts');
const { createSoftwareAuthenticator } = await import('../helpers/software-authenticator.ts');

/** All of one length, so that lengths tell as little as words. */
const kinds = {
  nobody: 'aaaa@example.org',
  password: 'bbbb@example.org',
  passkey: 'cccc@example.org',
  app: 'dddd@example.org',
  key: 'eeee@example.org',
};

/** An address of every kind that there is, and one that is nobody's. */
async function populate(people: People): Promise<void> {
  const { authenticators, accounts, clock } = people;
  const credential = async (email: string, purpose: 'add' | 'add-key'): Promise<void> => {
    const account = await accounts.findByEmail(email);
    assert.ok(account);
    const device = createSoftwareAuthenticator({ origin: issuer, securityKey: purpose === 'add-key' });
    const ask = { purpose, browserId: 'B'.repeat(22) };
    const userId = (await accounts.passkeyUserId(account.id)) ?? '';
    const made = await authenticators.passkeys.verifyCreation({
      ...ask,
      credential: device.create(await authenticators.passkeys.creationOptions({ ...ask, email, userId })),
    });
    assert.ok(made && (await authenticators.addPasskey(account.id, made.passkey)));
  };
  await people.addAccount(kinds.password);
  await accounts.create({ email: kinds.passkey });
  await credential(kinds.passkey, 'add');
  const { id } = await people.addAccount(kinds.app);
  const setup = authenticators.beginApp(id, kinds.app);
  const code = generateSync({ secret: setup.secret, epoch: Math.floor(clock.now() / 1000) });
  assert.ok(await authenticators.finishApp(id, setup, code));
  await authenticators.recoveryCodes.make(id);
  await people.addAccount(kinds.key);
  await credential(kinds.key, 'add-key');
}

/** How often the database was talked to, in transactions or alone. */
function countTalks({ database }: People): () => number {
  let talks = 0;
  const executor = database.query.getExecutor();
  const provide = executor.provideConnection.bind(executor);
  executor.provideConnection = (consumer) => {
    talks += 1;
    return provide(consumer);
  };
  return () => talks;
}

type Step = { name: string; seen: string; hashes: number; talks: number };

/** What a stranger can see at every page that takes an address, and the work behind it. */
async function walk(people: People, email: string, talks: () => number, network: number): Promise<Step[]> {
  const steps: Step[] = [];
  const note = async (name: string, act: () => Promise<Shown>): Promise<void> => {
    const before = { hashes: hashing.mock.callCount(), talks: talks() };
    const shown = await act();
    // What is not waited for, such as mails, is no part of what a stranger can measure, nor of the next step.
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    steps.push({
      ...{ name, seen: masked(shown, email) },
      ...{ hashes: hashing.mock.callCount() - before.hashes, talks: talks() - before.talks },
    });
  };
  const at = (last: number): FormBrowser => people.newBrowser({ remoteAddress: `10.${network}.${last}.1` });

  const signin = at(1);
  await note('sign in', () => signin.open('/signin'));
  await note('the address', () => signin.submit({ email }));
  await note('other ways', () => signin.open('/signin/other'));
  await note('the passkey page', () => signin.open('/signin/passkey'));
  await note('a made-up passkey', () => signin.submit({ credential: '{"id":"AAAA"}' }));
  await signin.open('/signin/password');
  for (let i = 1; i <= 5; i += 1)
    await note(`wrong password ${i}`, () => signin.submit({ password: `not it ${i} at all` }));
  await note('no password', () => signin.submit({ password: '' }));
  await note('the right password, too late', () => signin.submit({ password: goodPassword }));
  await note('a second step without a first', () => signin.open('/signin/code'));

  const signup = at(2);
  await note('sign up', () => signup.open('/signup'));
  await note('sign up with the address', () => signup.submit({ email }));
  await note('a wrong code', () => signup.submit({ code: '0000 0000' }));
  await note('another mail', () => signup.submit({ action: 'resend' }));

  const recover = at(3);
  await note('recover', () => recover.open('/recover'));
  await note('recover the address', () => recover.submit({ email }));
  await note('a code by mail', () => recover.submit({ way: 'email' }));
  for (let i = 1; i <= 6; i += 1) await note(`wrong recovery code ${i}`, () => recover.submit({ code: '0000 0000' }));
  for (const way of ['saved', 'app', 'operator'])
    await note(`by ${way}`, () => recover.open(`/recover/code?way=${way}`));
  return steps;
}

/** Without what is drawn anew for each page. */
function masked({ status, url, headers, body }: Shown, email: string): string {
  const plain = `${status} ${url} ${JSON.stringify(headers)} ${body}`
    .replaceAll('<wbr/>', '')
    .replaceAll(email, 'ADDRESS')
    .replace(/[\w-]{20,}/g, 'DRAWN')
    .replace(/nonce-[\w+/=-]+/g, 'NONCE')
    .replace(/"date":"[^"]*"/, '');
  return plain;
}

function compare(t: TestContext, name: string, steps: Step[], nobody: Step[]): void {
  let talks = 0;
  for (const [i, step] of steps.entries()) {
    const expected = nobody[i];
    assert.equal(step.seen, expected?.seen, `${step.name}: ${name}`);
    assert.equal(step.hashes, expected?.hashes, `${step.name}: hashes for ${name}`);
    const more = step.talks - (expected?.talks ?? 0);
    talks = Math.max(talks, Math.abs(more));
  }
  t.diagnostic(`${name}: at most ${talks} more talks with the database on a page than for nobody`);
  // Argon2 takes a hundred times as long as one of them.
  assert.ok(talks <= 1, `${talks} more talks with the database for ${name}`);
}

forEachDatabase((_name: string, open: OpenDatabase) => {
  test('F5: every page that takes an address shows and does the same for every kind of account and for none', async (t) => {
    const people = await createPeople(open);
    await populate(people);
    const talks = countTalks(people);
    const nobody = await walk(people, kinds.nobody, talks, 1);
    assert.ok(
      nobody.some(({ hashes }) => hashes > 0),
      'hashes are counted',
    );
    assert.ok(
      nobody.some(({ talks: some }) => some > 0),
      'talks are counted',
    );
    let network = 1;
    for (const [name, email] of Object.entries(kinds)) {
      network += 1;
      if (name !== 'nobody') compare(t, name, await walk(people, email, talks, network), nobody);
    }
  });
});
