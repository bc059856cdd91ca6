import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hours } from '../../src/clock.ts';
import type { AccountId } from '../../src/ids.ts';
import { limitTable } from '../../src/limits/limit-table.ts';
import { createGuesses } from '../../src/link/guesses.ts';
import { systemRandom } from '../../src/random.ts';
import { createIssuedCodes } from '../../src/recovery/issued-codes.ts';
import { createRecoveryStore } from '../../src/recovery/recovery-store.ts';
import { createThrottle } from '../../src/throttle/throttle.ts';
import { forEachDatabase } from '../helpers/databases.ts';
import { listLimits } from '../helpers/limit-list.ts';
import { createPeople, goodPassword, type People } from '../helpers/people.ts';
import { findCalls } from '../helpers/source-nodes.ts';

type Name = keyof typeof limitTable;
const names = Object.keys(limitTable) as Name[];
const page = join(fileURLToPath(new URL('../../../', import.meta.url)), 'docs/security/throttling.md');

test('fault B4: there is no limit beside the list, nothing in the list that nobody counts, and the documentation is the list', () => {
  const calls = findCalls();
  const counting = calls.filter(
    ({ file, callee }) => /limits\.(?:hit|peek|inOrder)$/.test(callee) && !/^src\/limits\//.test(file),
  );
  assert.ok(counting.length >= 15, `only ${counting.length} places that count were found`);
  // A limit of its own would be written down as one: amount and window.
  for (const { file, given } of counting) assert.doesNotMatch(given.join(), /window\s*:/, file);
  const files = [...new Set(calls.map(({ file }) => file))].filter((file) => file !== 'src/limits/limit-table.ts');
  const texts = files.map((file) => [file, readFileSync(join(page, '../../..', file), 'utf8')] as const);
  const own = texts.filter(
    ([file, text]) => /\blimit: [\w.]+, window: /.test(text) && file !== 'src/throttle/throttle.ts',
  );
  assert.deepEqual(
    own.map(([file]) => file),
    [],
  );
  const all = texts.map(([, text]) => text).join('\n');
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(all)),
    [],
  );
  const text = readFileSync(page, 'utf8');
  assert.ok(text === listLimits(text), 'docs/security/throttling.md is out of date: run node tools/list-limits.mjs');
});

/** What somebody asks for, again and again. True if they got it. */
type Ask = () => Promise<boolean>;

/** Uses the limit up, and some more, which counts nowhere but with whoever asks. */
async function useUp(ask: Ask, name: Name): Promise<void> {
  const { limit } = limitTable[name];
  for (let i = 0; i < limit; i++) assert.equal(await ask(), true, `${name}: ${i + 1} of ${limit}`);
  assert.equal(await ask(), false, `${name}: one more`);
}

async function createBench(people: People) {
  const { limits, signup, recovery, addresses, authenticators, clock, database, ephemeral, secrets } = people;
  const guesses = createGuesses({ limits });
  const throttle = createThrottle({ database, ephemeral, clock, secrets, knows: async () => false });
  const store = createRecoveryStore(database);
  const codes = createIssuedCodes({ store, clock, random: systemRandom, secrets, limits });
  let serial = 0;
  const fresh = (): string => `${++serial}`;
  const who = (accountId: string, network: string) => ({ accountId: accountId as AccountId, network });
  await people.addAccount('ann@example.org');
  return {
    fresh,
    /** Counts as if others had asked so often, where that would take too long. */
    others: async (key: string, name: Name) => {
      for (let i = 0; i < limitTable[name].limit; i++) await limits.hit(key, limitTable[name]);
    },
    /** A wrong device code, if it is let through. */
    guess: async (accountId: string, network = fresh()) => {
      if (await guesses.blocked(who(accountId, network))) return false;
      await guesses.wrong(who(accountId, network));
      return true;
    },
    /** Whether a right device code would be let through. */
    mayClaim: async (accountId: string, network: string) => !(await guesses.blocked(who(accountId, network))),
    expected: () => guesses.expectedToday(),
    signUp: async (email: string, network: string) => (await signup.allowMail(email, network)).allowed,
    sendCode: async (email: string, network: string, own?: string) =>
      (await recovery.codes.allow({ email, channel: 'email', network, own })).allowed,
    tryCode: async (recoveryId: string, network: string, own?: string) => {
      const of = { recoveryId, channel: 'email' as const };
      return (await codes.check(of, '12345678', { email: 'ann@example.org', network, own })).result !== 'too-many';
    },
    beginRecovery: async (remoteAddress: string, browser = people.newBrowser({ remoteAddress })) => {
      await browser.open('/recover');
      return (await browser.submit({ email: 'ann@example.org' })).status !== 429;
    },
    tryKept: async (network: string, browserId = fresh()) => {
      const from = { browserId, network };
      await recovery.begin('ann@example.org', from);
      const attempt = await recovery.current(browserId);
      assert.ok(attempt);
      const result = await recovery.prove(attempt, 'saved', 'wrong', from);
      return result.ok || result.reason !== 'too-many';
    },
    ownBrowser: async () => {
      const browser = people.newBrowser({ remoteAddress: '203.0.113.99' });
      await browser.open('/signin');
      await browser.submit({ email: 'ann@example.org' });
      await browser.submit({ password: goodPassword });
      await browser.open('/signout');
      await browser.submit({ account: 'all' });
      return browser;
    },
    confirm: async (account: string, value: string, network: string) =>
      (await addresses.confirmations.allow(account as AccountId, value, network)).allowed,
    text: async (number: string, network: string) =>
      (await addresses.sendText(number, 'words', { network })) === 'sent',
    hash: async (network: string, account: string, known = false) =>
      authenticators
        .hashPassword(goodPassword, { account, network, known })
        .then(() => true)
        .catch(() => false),
    failPasskey: async (browserId: string, network: string) => {
      const turn = throttle.passkeys({ network, browserId });
      return (await turn.wait()) === undefined && (await turn.failed()) === undefined;
    },
    mayPasskey: async (browserId: string, network: string) =>
      (await throttle.passkeys({ network, browserId }).wait()) === undefined,
    people,
    clock,
    limits,
  };
}

type Bench = Awaited<ReturnType<typeof createBench>>;

/** Numbers of Germany's that could be mobile phones: one block of ten thousand each hundred. */
const number = (block: number, one: number): string =>
  `+4915123${String(block).padStart(2, '0')}${String(one).padStart(4, '0')}`;

const ofDevices = 'link/link-requests.test.ts';
/** How each row is tried; those of devices are, with the real room, in the file named. */
const tried: Record<Name, ((bench: Bench) => Promise<void>) | typeof ofDevices> = {
  codesOfNetwork: ofDevices,
  codesInCrowd: ofDevices,
  codesOfSite: ofDevices,
  async hashesOfOwner({ hash }) {
    await useUp(() => hash('n', 'me', true), 'hashesOfOwner');
    assert.ok(await hash('n', 'other', true));
  },
  async hashesOfPair({ hash }) {
    await useUp(() => hash('n', 'me'), 'hashesOfPair');
    assert.ok((await hash('n', 'neighbour')) && (await hash('elsewhere', 'me')) && (await hash('n', 'me', true)));
  },
  async hashesOfNetwork({ hash, others }) {
    await others('hash-network:n', 'hashesOfNetwork');
    assert.equal(await hash('n', 'stranger'), false);
    assert.ok((await hash('n', 'owner', true)) && (await hash('elsewhere', 'stranger')));
  },
  async wrongCodesOfAccount({ guess }) {
    await useUp(() => guess('me'), 'wrongCodesOfAccount');
    assert.ok(await guess('other'));
  },
  async wrongCodesInAttack({ guess, others }) {
    await others('guess:total', 'wrongCodesInAll');
    await useUp(() => guess('me'), 'wrongCodesInAttack');
    assert.ok(await guess('other'));
  },
  async wrongCodesOfAccountADay({ guess, others }) {
    await others('guess:account-day:me', 'wrongCodesOfAccountADay');
    assert.equal(await guess('me'), false);
    assert.ok(await guess('other'));
  },
  async wrongCodesOfNetwork({ guess, mayClaim, fresh }) {
    for (let i = 0; i < limitTable.wrongCodesOfNetwork.limit; i++) assert.ok(await guess(fresh(), 'n'));
    assert.ok(await mayClaim('honest', 'n'));
    assert.ok(await guess('slipped', 'n'), 'one slip');
    assert.equal(await guess('slipped', 'n'), false);
    assert.ok(await mayClaim('slipped', 'elsewhere'));
  },
  async wrongCodesInAll({ others, mayClaim, expected }) {
    const before = await expected();
    await others('guess:total', 'wrongCodesInAll');
    assert.ok(await mayClaim('anybody', 'n'));
    assert.ok((await expected()) > before, 'codes get longer');
  },
  async signUpsOfPair({ signUp }) {
    await useUp(() => signUp('me@example.org', 'n'), 'signUpsOfPair');
    assert.ok((await signUp('other@example.org', 'n')) && (await signUp('me@example.org', 'elsewhere')));
  },
  async signUpsOfNetwork({ signUp, fresh }) {
    await useUp(() => signUp(`${fresh()}@example.org`, 'n'), 'signUpsOfNetwork');
    // What the network is refused takes nothing from the address.
    for (let i = 0; i < 40; i++) await signUp('me@example.org', 'n');
    for (let i = 0; i < 5; i++) assert.ok(await signUp('me@example.org', 'elsewhere'));
  },
  async signUpsToAddress({ signUp, fresh }) {
    for (let i = 0; i < limitTable.signUpsToAddress.limit; i++) assert.ok(await signUp('me@example.org', `n${i % 2}`));
    assert.ok(await signUp('me@example.org', 'mine'), 'the owner asks for the first time');
    assert.equal(await signUp('me@example.org', 'mine'), false);
    assert.ok(await signUp(`${fresh()}@example.org`, 'n0'));
  },
  async signUpsToAddressADay({ signUp, fresh }) {
    await useUp(() => signUp('me@example.org', fresh()), 'signUpsToAddressADay');
    assert.ok(await signUp('other@example.org', 'n'));
  },
  async recoveriesOfOwner({ beginRecovery, ownBrowser, limits }) {
    const own = await ownBrowser();
    const cookie = [...own.cookies].find(([name]) => name.endsWith('browser'))?.[1] ?? '';
    for (let i = 0; i < limitTable.recoveriesOfOwner.limit; i++)
      await limits.hit(`recovery-begun-own:${cookie}`, limitTable.recoveriesOfOwner);
    assert.equal(await beginRecovery('203.0.113.99', own), false);
    assert.ok(await beginRecovery('203.0.113.99'));
  },
  async recoveriesOfNetwork({ beginRecovery, ownBrowser, others }) {
    const own = await ownBrowser();
    await others('recovery-begun:203.0.113.0/24', 'recoveriesOfNetwork');
    assert.equal(await beginRecovery('203.0.113.7'), false);
    assert.ok((await beginRecovery('203.0.113.99', own)) && (await beginRecovery('198.51.100.7')));
  },
  async recoveryMailsOfOwner({ sendCode }) {
    await useUp(() => sendCode('ann@example.org', 'n', 'browser'), 'recoveryMailsOfOwner');
    assert.ok((await sendCode('ann@example.org', 'n', 'another')) && (await sendCode('ann@example.org', 'n')));
  },
  async recoveryMailsOfPair({ sendCode }) {
    await useUp(() => sendCode('ann@example.org', 'n'), 'recoveryMailsOfPair');
    assert.ok((await sendCode('ann@example.org', 'elsewhere')) && (await sendCode('ann@example.org', 'n', 'browser')));
  },
  async recoveryMailsOfNetwork({ sendCode, fresh }) {
    await useUp(() => sendCode(`${fresh()}@example.org`, 'n'), 'recoveryMailsOfNetwork');
    assert.ok((await sendCode('ann@example.org', 'elsewhere')) && (await sendCode('ann@example.org', 'n', 'browser')));
  },
  recoveryMailsToAddress: (bench) => mails(bench, limitTable.recoveryMailsToAddress.limit, true),
  recoveryMailsToAddressADay: (bench) => mails(bench, limitTable.recoveryMailsToAddressADay.limit, false),
  async recoveryTriesOfOwner({ tryCode }) {
    await useUp(() => tryCode('r', 'n', 'browser'), 'recoveryTriesOfOwner');
    assert.ok((await tryCode('r', 'n', 'another')) && (await tryCode('r', 'n')));
  },
  async recoveryTriesOfAttempt({ tryCode }) {
    await useUp(() => tryCode('r', 'n'), 'recoveryTriesOfAttempt');
    assert.ok(await tryCode('other', 'n'));
  },
  async wrongRecoveryCodesOfNetwork({ tryCode, others }) {
    await others('recovery-tries:n', 'wrongRecoveryCodesOfNetwork');
    assert.ok(await tryCode('r', 'n'), 'the first one');
    assert.equal(await tryCode('r', 'n'), false);
    assert.ok((await tryCode('r', 'elsewhere')) && (await tryCode('r', 'n', 'browser')));
  },
  async wrongRecoveryCodesInAll({ tryCode, others }) {
    await others('recovery-tries', 'wrongRecoveryCodesInAll');
    assert.ok(await tryCode('r', 'n'), 'the first one');
    assert.equal(await tryCode('r', 'n'), false);
    assert.ok(await tryCode('r', 'n', 'browser'));
  },
  async proofsOfOwner({ tryKept, ownBrowser }) {
    const cookie = [...(await ownBrowser()).cookies].find(([name]) => name.endsWith('browser'))?.[1] ?? '';
    await useUp(() => tryKept('n', cookie), 'proofsOfOwner');
    assert.ok(await tryKept('n'), 'takes nothing from others');
  },
  async proofsOfPair({ tryKept }) {
    await useUp(() => tryKept('n'), 'proofsOfPair');
    assert.ok(await tryKept('elsewhere'));
  },
  async proofsOfStrangers({ tryKept }) {
    for (let i = 0; i < limitTable.proofsOfStrangers.limit; i++) assert.ok(await tryKept(`n${i % 2}`));
    assert.ok(await tryKept('mine'), 'the first one of a network');
    assert.equal(await tryKept('mine'), false);
  },
  async proofsOfStrangersInAll({ tryKept, fresh, ownBrowser }) {
    await useUp(() => tryKept(fresh()), 'proofsOfStrangersInAll');
    const cookie = [...(await ownBrowser()).cookies].find(([name]) => name.endsWith('browser'))?.[1] ?? '';
    assert.ok(await tryKept('n', cookie));
  },
  async confirmationsOfAccount({ confirm, fresh }) {
    await useUp(() => confirm('me', fresh(), fresh()), 'confirmationsOfAccount');
    assert.ok(await confirm('other', 'x', 'n'));
  },
  async confirmationsOfPair({ confirm }) {
    await useUp(() => confirm('me', 'x', 'n'), 'confirmationsOfPair');
    assert.ok((await confirm('me', 'y', 'n')) && (await confirm('other', 'x', 'n')));
  },
  async confirmationsOfNetwork({ confirm, others, fresh }) {
    await others('address-from:n', 'confirmationsOfNetwork');
    assert.ok(await confirm('me', fresh(), 'n'), 'the first one');
    assert.equal(await confirm('me', 'x', 'n'), false);
    // What the network is refused takes nothing from the address.
    for (let i = 0; i < 8; i++) await confirm('me', 'x', 'n');
    for (let i = 0; i < 5; i++) assert.ok(await confirm('other', 'x', 'elsewhere'));
  },
  async confirmationsToAddress({ confirm }) {
    for (let i = 0; i < limitTable.confirmationsToAddress.limit; i++)
      assert.ok(await confirm(`a${i % 2}`, 'x', `n${i}`));
    assert.ok(await confirm('owner', 'x', 'n'), 'the first one of an account');
    assert.equal(await confirm('owner', 'x', 'n'), false);
  },
  async confirmationsToAddressADay({ confirm, fresh }) {
    await useUp(() => confirm(fresh(), 'x', fresh()), 'confirmationsToAddressADay');
    assert.ok(await confirm(fresh(), 'y', fresh()));
  },
  async textsOfNetwork({ text }) {
    let one = 0;
    await useUp(() => text(number(one % 90, one++), 'n'), 'textsOfNetwork');
    // What the network is refused takes nothing from the number.
    for (let i = 0; i < 10; i++) await text(number(95, 1), 'n');
    assert.ok(await text(number(95, 1), 'elsewhere'));
  },
  async textsSoon({ text, fresh }) {
    await useUp(() => text(number(1, 1), fresh()), 'textsSoon');
    assert.ok(await text(number(1, 2), fresh()));
  },
  async textsToNumber({ text, fresh, clock }) {
    for (let i = 0; i < limitTable.textsToNumber.limit; i++) {
      if (i % 3 === 0) clock.advance(hours(1));
      assert.ok(await text(number(2, 1), fresh()));
    }
    clock.advance(hours(1));
    assert.equal(await text(number(2, 1), fresh()), false);
    assert.ok(await text(number(2, 2), fresh()));
  },
  async textsToBlock({ text, fresh }) {
    let one = 0;
    await useUp(() => text(number(3, one++), fresh()), 'textsToBlock');
    assert.ok(await text(number(4, 1), fresh()));
  },
  async textsInAll({ text, fresh, others }) {
    await others('texts', 'textsInAll');
    assert.equal(await text(number(5, 1), fresh()), false);
  },
  async failedPasskeysOfBrowser({ failPasskey, mayPasskey, fresh }) {
    await useUp(() => failPasskey('b', fresh()), 'failedPasskeysOfBrowser');
    assert.ok(await mayPasskey('other', 'n'));
  },
  async failedPasskeysOfNetwork({ failPasskey, mayPasskey, fresh }) {
    for (let i = 0; i < limitTable.failedPasskeysOfNetwork.limit; i++) assert.ok(await failPasskey(fresh(), 'n'));
    assert.ok(await mayPasskey('honest', 'n'));
    await failPasskey('erring', 'n');
    assert.equal(await mayPasskey('erring', 'n'), false);
    assert.ok(await mayPasskey('erring', 'elsewhere'));
  },
  async signInNotices({ people, fresh }) {
    for (let i = 0; i < limitTable.signInNotices.limit + 2; i++) {
      const browser = people.newBrowser({ remoteAddress: `203.0.${fresh()}.7` });
      await browser.open('/signin');
      await browser.submit({ email: 'ann@example.org' });
      assert.equal((await browser.submit({ password: goodPassword })).url, '/home', 'they are signed in all the same');
    }
    await people.person.settled();
    assert.equal(people.notices.length, limitTable.signInNotices.limit);
  },
};

/** Codes to one mailbox, the rows of which are counted; `first` if a network that asks for the first time gets one more. */
async function mails({ people, sendCode, fresh }: Bench, limit: number, first: boolean): Promise<void> {
  const send = async (network: string): Promise<boolean> => {
    if (!(await sendCode('ann@example.org', network))) return false;
    await people.recovery.begin('ann@example.org', { browserId: 'browser', network });
    const attempt = await people.recovery.current('browser');
    assert.ok(attempt);
    await people.recovery.codes.issue(attempt, 'email', true);
    return true;
  };
  for (let i = 0; i < limit; i++) assert.ok(await send(first ? `n${i % 2}` : fresh()), `${i + 1} of ${limit}`);
  assert.equal(await send('mine'), first, 'asked for the first time');
  assert.equal(await send('mine'), false);
  assert.ok(await sendCode('ann@example.org', 'mine', 'own browser'));
}

forEachDatabase((name, open) => {
  // The counters are in the forgetful store: one database is enough.
  if (name !== 'SQLite') return;
  for (const [row, scenario] of Object.entries(tried)) {
    if (typeof scenario === 'string') continue;
    test(`fault B4: ${row} binds whom the list says, and nobody else`, async () => {
      await scenario(await createBench(await createPeople(open)));
    });
  }

  test('fault B4: a page that refuses names the way that still works, whatever was tried too often', async () => {
    const people = await createPeople(open);
    const { others } = await createBench(people);
    const words = JSON.parse(readFileSync(join(page, '../../../src/web/messages/en.json'), 'utf8'));
    const refusing = async (path: string, fields: Record<string, string>) => {
      const browser = people.newBrowser({ remoteAddress: '203.0.113.7' });
      let shown = await browser.open(path);
      if (path === '/signin') shown = await browser.submit({ email: 'ann@example.org' });
      for (let tries = 0; shown.status !== 429 && tries < 40; tries++) shown = await browser.submit(fields);
      return shown.text;
    };
    await others('recovery-begun:203.0.113.0/24', 'recoveriesOfNetwork');
    await others('signup-from:203.0.113.0/24', 'signUpsOfNetwork');
    for (const [path, fields, way] of [
      ['/recover', { email: 'ann@example.org' }, 'known'],
      ['/signup', { email: 'new@example.org' }, 'network'],
      ['/signin', { password: 'wrong' }, 'passkey'],
      ['/signin/passkey', { credential: '{}' }, 'other'],
    ] as const) {
      const text = await refusing(path, fields);
      assert.ok(text.includes(words[`web.error.way.${way}`]), `${path}: ${text}`);
    }
  });
});
