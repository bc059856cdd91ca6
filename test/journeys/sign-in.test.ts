import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { minutes, seconds } from '../../src/clock.ts';
import type { AccountId } from '../../src/ids.ts';
import { giveKeyring } from '../helpers/journey-keyring.ts';
import type { Phone } from '../helpers/journey-phone.ts';
import { type Place, startPlace } from '../helpers/journey-place.ts';
import { createSoftwareAuthenticator } from '../helpers/software-authenticator.ts';
import { testPassword } from '../helpers/test-app.ts';

let place: Place;
before(async () => {
  place = await startPlace();
});
after(() => place.close());

const authenticators = () => {
  const accounts = createAccounts(place.server.outside);
  return {
    accounts,
    ...createAuthenticators({ ...place.server.outside, userIdOf: (id) => accounts.passkeyUserId(id) }),
  };
};

/** An account with a password, an app and recovery codes. `next` is the code of a moment in which none was used. */
async function addTwoSteps(email: string): Promise<{ id: AccountId; codes: string[]; now(): string; next(): string }> {
  const id = await place.server.createAccount(email);
  const { beginApp, finishApp, recoveryCodes } = authenticators();
  const setup = beginApp(id, email);
  const now = () => generateSync({ secret: setup.secret, epoch: Math.floor(place.server.clock.now() / 1000) });
  assert.ok(await finishApp(id, setup, now()));
  const next = () => {
    place.server.clock.advance(seconds(30));
    return now();
  };
  return { id, codes: await recoveryCodes.make(id), now, next };
}

/** A key like many others, of which the browser holds none. */
async function addKey(id: AccountId, email: string): Promise<void> {
  const { accounts, passkeys, addPasskey } = authenticators();
  const device = createSoftwareAuthenticator({ origin: place.url, securityKey: true });
  const ask = { purpose: 'add-key' as const, browserId: 'B'.repeat(22) };
  const userId = (await accounts.passkeyUserId(id)) ?? '';
  const credential = device.create(await passkeys.creationOptions({ ...ask, email, userId }));
  const made = await passkeys.verifyCreation({ ...ask, credential });
  assert.ok(made && (await addPasskey(id, made.passkey)));
}

const problem = /There is a problem/;

/** Who is signed in, or nobody. */
async function who(phone: Phone): Promise<string | undefined> {
  await phone.open('/account');
  if (phone.at().startsWith('/signin')) return undefined;
  await phone.open('/signout');
  // A long address may be shown on two lines.
  return /[\w.]+@example\.org/.exec((await phone.words()).replace(/@\s+/g, '@'))?.[0];
}

async function signOut(phone: Phone): Promise<void> {
  await phone.open('/signout');
  await phone.press({ form: '/signout' });
}

async function enter(phone: Phone, page: '/signin/code' | '/signin/recovery-code', code: string): Promise<void> {
  await phone.open(page);
  await phone.fill('code', code);
  await phone.press({ form: page });
}

for (const scripts of [true, false]) {
  describe(`signing in, scripts ${scripts ? 'on' : 'off'}`, () => {
    let phone: Phone;
    const named = (name: string): string => `${name}.${scripts ? 'on' : 'off'}@example.org`;
    const start = async (email: string, password?: string): Promise<void> => {
      await phone.open('/signin');
      await phone.signIn(email, password);
    };
    before(async () => {
      phone = await place.phone({ javaScriptEnabled: scripts });
    });
    after(() => phone.close());

    test('by password, where no second step is set up', async () => {
      await place.server.createAccount(named('ann'));
      await start(named('ann'));
      assert.equal(await who(phone), named('ann'));
      await signOut(phone);
      assert.equal(await who(phone), undefined);
    });

    test('by the tile of an account that has signed in here, which still asks for its password', async () => {
      await phone.open('/signin');
      await phone.press({ form: '/signin/choose' });
      assert.equal(phone.at(), '/signin/password');
      await phone.fill('password', testPassword);
      await phone.press({ form: '/signin/password' });
      assert.equal(await who(phone), named('ann'));
      await signOut(phone);
      await phone.open('/signin');
      await phone.follow('/signin?edit=1');
      await phone.press({ form: '/signin/forget' });
      assert.equal(await phone.tab.locator('form[action="/signin/choose"]').count(), 0);
    });

    test('by password and app; refused: a wrong code, none, a used one, the password alone', async () => {
      const bob = await addTwoSteps(named('bob'));
      await start(named('bob'));
      assert.equal(phone.at(), '/signin/code');
      assert.equal(await who(phone), undefined, 'the password alone');
      for (const wrong of ['', '000000']) {
        await enter(phone, '/signin/code', wrong);
        assert.match(await phone.words(), problem, wrong);
      }
      const code = bob.next();
      await enter(phone, '/signin/code', code);
      assert.equal(await who(phone), named('bob'));
      await signOut(phone);

      await start(named('bob'));
      await enter(phone, '/signin/code', code);
      assert.match(await phone.words(), /used before/);
      assert.equal(await who(phone), undefined);
    });

    test('by password and recovery code, found under “another way”; refused: a wrong, a used and a stranger’s one', async () => {
      const [cat, dan] = [await addTwoSteps(named('cat')), await addTwoSteps(named('dan'))];
      await start(named('cat'));
      await phone.follow('/signin/other');
      await phone.follow('/signin/recovery-code');
      for (const wrong of ['AAAA-AAAA-AAAA', dan.codes[0] ?? '']) {
        await enter(phone, '/signin/recovery-code', wrong);
        assert.match(await phone.words(), problem, wrong);
      }
      await enter(phone, '/signin/recovery-code', cat.codes[0] ?? '');
      assert.match(await phone.words(), /9 recovery codes are left/);
      assert.equal(await who(phone), named('cat'));
      await signOut(phone);
      await start(named('cat'));
      await enter(phone, '/signin/recovery-code', cat.codes[0] ?? '');
      assert.match(await phone.words(), /used before/);
    });

    test('refused in the same words: a wrong password, an address nobody has; then both have to wait', async () => {
      await place.server.createAccount(named('eva'));
      const said: string[] = [];
      for (const email of [named('eva'), named('ghost')]) {
        for (let i = 0; i < 6; i += 1) {
          await start(email, 'not the password at all');
          said.push(
            (await phone.words()).replaceAll(/[\w.]+@\s*example\.org/g, 'ADDRESS').replaceAll(/\d+:\d+\S*/g, 'TIME'),
          );
        }
      }
      assert.deepEqual(said.slice(0, 6), said.slice(6));
      assert.match(said[4] ?? '', /address or the password is not right/);
      assert.match(said[5] ?? '', /[Ww]ait|Too many/);
      place.server.clock.advance(minutes(1));
      await start(named('eva'));
      assert.equal(await who(phone), named('eva'), 'after the wait');
      await signOut(phone);
    });

    test('refused: the code of somebody else’s app, and a page of a second step without its first', async () => {
      await addTwoSteps(named('fay'));
      const gus = await addTwoSteps(named('gus'));
      await start(named('fay'));
      await enter(phone, '/signin/code', gus.next());
      assert.match(await phone.words(), problem);
      place.server.clock.advance(minutes(11));
      await phone.open('/signin/recovery-code');
      assert.equal(phone.at(), '/signin', 'ten minutes are over');
    });

    test(
      scripts ? 'refused: another security key than the account’s' : 'a security key says that it needs scripts',
      async () => {
        const hal = await addTwoSteps(named('hal'));
        await addKey(hal.id, named('hal'));
        await start(named('hal'));
        await phone.open('/signin/key');
        if (!scripts) {
          assert.match(await phone.words(), /need scripts/);
          await phone.follow('/signin/other');
          await phone.follow('/signin/code');
          await enter(phone, '/signin/code', hal.next());
          assert.equal(await who(phone), named('hal'));
          return;
        }
        await giveKeyring(phone.tab, 'securityKey');
        await phone.open('/signin/key');
        await phone.tab.click('main [data-passkey=get] button');
        await phone.tab.locator('.passkey-failed:visible').waitFor();
        assert.equal(await who(phone), undefined);
      },
    );
  });
}

test('where the operator wants two steps, a password leads to setting up the second, and then on to the code they typed', async () => {
  const strict = await startPlace('SQLite and memory', { env: { LATCHKEY_REQUIRE_SECOND_STEP: 'on' } });
  try {
    await strict.server.createAccount('ida@example.org');
    const phone = await strict.phone();
    await phone.open('/devices');
    await phone.signIn('ida@example.org');
    assert.equal(phone.at(), '/signin/setup');
    await phone.open('/account');
    assert.equal(phone.at(), '/signin/setup');
    await phone.follow('/security/app');
    const secret = (await phone.tab.getAttribute('main [data-copy]', 'data-copy')) ?? '';
    await phone.fill('code', generateSync({ secret, epoch: Math.floor(strict.server.clock.now() / 1000) }));
    await phone.press({ form: '/security/app' });
    assert.equal(phone.at(), '/account', 'what they last came for');
    await phone.close();
  } finally {
    await strict.close();
  }
});
