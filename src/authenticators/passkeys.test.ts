import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople, issuer, type People } from '../../test/helpers/people.ts';
import { type Bent, createSoftwareAuthenticator, flag } from '../../test/helpers/software-authenticator.ts';
import { minutes } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import type { CreationPurpose } from './passkeys.ts';

const browserId = 'B'.repeat(22);

async function createBench(people: People, settings: { synced?: boolean } = {}) {
  const { accounts, authenticators, database } = people;
  const account = await accounts.create({ email: `person-${Math.floor(performance.now() * 1e6)}@example.org` });
  const userId = (await accounts.passkeyUserId(account.id)) ?? '';
  const device = createSoftwareAuthenticator({ origin: issuer, ...settings });

  const creation = (accountId?: AccountId) =>
    authenticators.passkeys.creationOptions({
      purpose: 'add',
      browserId,
      email: account.email,
      userId,
      ...(accountId ? { accountId } : {}),
    });
  const register = async (bent: Bent = {}) => {
    const credential = device.create(await creation(), bent);
    return authenticators.passkeys.verifyCreation({ purpose: 'add', browserId, credential });
  };
  const enrol = async () => {
    const made = await register();
    assert.ok(made);
    assert.equal(await authenticators.addPasskey(account.id, made.passkey), true);
    return made;
  };
  /** A credential that another device holds, made for the same account. */
  const enrolOn = async (other: typeof device, purpose: CreationPurpose, bent: Bent = {}) => {
    const ask = { purpose, browserId, email: account.email, userId, accountId: account.id };
    const credential = other.create(await authenticators.passkeys.creationOptions(ask), bent);
    const made = await authenticators.passkeys.verifyCreation({ purpose, browserId, credential });
    assert.ok(made);
    assert.equal(await authenticators.addPasskey(account.id, made.passkey), true);
    return made.passkey;
  };
  const secondStep = { purpose: 'second-step' as const, browserId, accountId: account.id };
  const answerSecondStep = async (other: typeof device, bent: Bent = {}) => {
    const credential = other.get(await authenticators.passkeys.requestOptions(secondStep), bent);
    return authenticators.passkeys.verifyRequest({ ...secondStep, credential });
  };
  const request = () => authenticators.passkeys.requestOptions({ purpose: 'sign-in', browserId });
  const verify = async (credential: string) =>
    (await authenticators.passkeys.verifyRequest({ purpose: 'sign-in', browserId, credential }))?.accountId;
  const signIn = async (bent: Bent = {}) => verify(device.get(await request(), bent));
  return {
    ...{ ...people, account, userId, device, creation, register, enrol, request, verify, signIn, database },
    ...{ enrolOn, secondStep, answerSecondStep },
  };
}

forEachDatabase((name, open) => {
  test('G9, G10, G11, G1: what creation asks for', async () => {
    const { account, userId, creation, enrol } = await createBench(await createPeople(open));
    const made = await enrol();
    const options = (await creation(account.id)) as { [name: string]: unknown } & {
      challenge: string;
      user: { id: string };
    };
    assert.equal(Buffer.from(options.challenge, 'base64url').length, 32);
    assert.equal(Buffer.from(userId, 'base64url').length, 64);
    assert.equal(options.user.id, userId);
    assert.equal(options.attestation, 'none');
    assert.deepEqual(options.rp, { name: 'Latchkey', id: 'localhost' });
    const selection = options.authenticatorSelection as { [name: string]: unknown };
    assert.equal(selection.residentKey, 'required');
    assert.equal(selection.userVerification, 'required');
    assert.deepEqual(
      (options.pubKeyCredParams as { alg: number }[]).map(({ alg }) => alg),
      [-8, -7, -257],
    );
    assert.deepEqual(
      (options.excludeCredentials as { id: string }[]).map(({ id }) => id),
      [made.passkey.credential_id],
    );
  });

  test('G12: what signing in asks for is the same for everyone, and names no credential', async () => {
    const { request } = await createBench(await createPeople(open));
    const { challenge, ...options } = (await request()) as { [name: string]: unknown };
    assert.equal(Buffer.from(String(challenge), 'base64url').length, 32);
    assert.deepEqual(options.allowCredentials, []);
    assert.equal(options.userVerification, 'required');
  });

  test('a passkey is made, signs in, and remembers when', async () => {
    const { account, enrol, signIn, authenticators, clock } = await createBench(await createPeople(open));
    await enrol();
    clock.advance(minutes(7));
    assert.equal(await signIn(), account.id);
    const [passkey] = await authenticators.listPasskeys(account.id);
    assert.equal(passkey?.synced, true);
    assert.equal(passkey?.lastUsedAt, clock.now());
    assert.deepEqual(await authenticators.methodsOf(account.id), {
      ...{ password: false, passkeys: 1, app: false, keys: 0, recoveryCodes: 0 },
    });
  });

  if (name === 'SQLite') {
    const refusedCreations: [string, Bent][] = [
      ['type', { type: 'webauthn.get' }],
      ['challenge', { challenge: 'A'.repeat(43) }],
      ['origin', { origin: 'http://evil.localhost:3000' }],
      ['origin on another port', { origin: 'http://localhost:3001' }],
      ['crossOrigin', { crossOrigin: true }],
      ['topOrigin', { topOrigin: 'https://evil.example' }],
      ['rpIdHash', { rpId: 'evil.example' }],
      ['user presence', { flags: flag.userVerified | flag.attested }],
      ['user verification', { flags: flag.userPresent | flag.attested }],
      ['backed up but not eligible', { flags: flag.userPresent | flag.userVerified | flag.attested | flag.backedUp }],
      ['algorithm that was not offered', { alg: -36 }],
      ['unknown attestation format', { format: 'made-up' }],
      ['credential id of 1024 bytes', { credentialId: Buffer.alloc(1024, 1).toString('base64url') }],
    ];
    for (const [what, bent] of refusedCreations) {
      test(`G2: a creation with a wrong ${what} is refused`, async () => {
        const { register } = await createBench(await createPeople(open));
        assert.equal(await register(bent), undefined);
        assert.ok(await register(), 'the same without it is accepted');
      });
    }

    const refusedRequests: [string, Bent][] = [
      ['type', { type: 'webauthn.create' }],
      ['challenge', { challenge: 'A'.repeat(43) }],
      ['origin', { origin: 'https://localhost:3000' }],
      ['crossOrigin', { crossOrigin: true }],
      ['rpIdHash', { rpId: 'evil.example' }],
      ['user presence', { flags: flag.userVerified | flag.backupEligible | flag.backedUp }],
      ['user verification', { flags: flag.userPresent | flag.backupEligible | flag.backedUp }],
      ['backup eligibility', { flags: flag.userPresent | flag.userVerified }],
      ['backed up but not eligible', { flags: flag.userPresent | flag.userVerified | flag.backedUp }],
      ['signature', { spoilSignature: true }],
      ['user handle', { userHandle: Buffer.alloc(64, 9).toString('base64url') }],
      ['user handle (none)', { userHandle: null }],
      ['credential', { credentialId: 'unknown-credential' }],
    ];
    for (const [what, bent] of refusedRequests) {
      test(`G4: an assertion with a wrong ${what} is refused`, async () => {
        const { enrol, signIn, account } = await createBench(await createPeople(open));
        await enrol();
        assert.equal(await signIn(bent), undefined);
        assert.equal(await signIn(), account.id, 'the same without it is accepted');
      });
    }

    test('a credential that is no credential is refused', async () => {
      const { verify } = await createBench(await createPeople(open));
      for (const text of [
        '',
        'x',
        'null',
        '{}',
        '[]',
        '{"id":"a","rawId":"a","type":"public-key"}',
        `"${'x'.repeat(20_000)}"`,
      ])
        assert.equal(await verify(text), undefined, text.slice(0, 50));
    });
  }

  test('G1: a challenge works once, for 5 minutes, in its browser, for its purpose', async () => {
    const bench = await createBench(await createPeople(open));
    const { enrol, device, request, verify, account, authenticators, clock } = bench;
    await enrol();

    const answer = device.get(await request());
    assert.equal(await verify(answer), account.id);
    assert.equal(await verify(answer), undefined, 'replayed');

    const late = device.get(await request());
    clock.advance(minutes(5));
    assert.equal(await verify(late), undefined, 'too late');

    const elsewhere = {
      purpose: 'sign-in' as const,
      browserId: 'C'.repeat(22),
      credential: device.get(await request()),
    };
    assert.equal(await authenticators.passkeys.verifyRequest(elsewhere), undefined, 'another browser');

    const prove = { purpose: 'prove' as const, browserId, accountId: account.id };
    const forProof = device.get(await authenticators.passkeys.requestOptions(prove));
    assert.equal(await verify(forProof), undefined, 'another purpose');
    const proven = await authenticators.passkeys.verifyRequest({ ...prove, credential: forProof });
    assert.equal(proven?.accountId, account.id);
    assert.equal(proven.method, 'passkey');
  });

  test('G4: in a proof only the account’s own passkeys count', async () => {
    const people = await createPeople(open);
    const ann = await createBench(people);
    const bob = await createBench(people);
    await ann.enrol();
    await bob.enrol();
    const ask = { purpose: 'prove' as const, browserId, accountId: ann.account.id };
    const credential = bob.device.get(await people.authenticators.passkeys.requestOptions(ask));
    assert.equal(await people.authenticators.passkeys.verifyRequest({ ...ask, credential }), undefined);
  });

  test('G3: a credential id is registered once, whoever asks', async () => {
    const people = await createPeople(open);
    const ann = await createBench(people);
    const bob = await createBench(people);
    const { passkey } = await ann.enrol();
    const again = await bob.register({ credentialId: passkey.credential_id });
    assert.ok(again);
    assert.equal(await people.authenticators.addPasskey(bob.account.id, again.passkey), false);
    assert.equal((await people.authenticators.listPasskeys(bob.account.id)).length, 0);
  });

  test('G5: a counter that goes back is recorded and not a lock', async () => {
    const { enrol, signIn, account, journal } = await createBench(await createPeople(open), { synced: false });
    await enrol();
    assert.equal(await signIn({ counter: 5 }), account.id);
    assert.equal(await signIn({ counter: 5 }), account.id);
    const events = await journal.recent(account.id, 10);
    assert.deepEqual(
      events.filter(({ type }) => type === 'passkey_counter').map(({ data }) => data),
      [{ passkey: 'Passkey', counter: 5, before: 5 }],
    );
  });

  test('E27: a security key without user verification is a second step, and nothing more', async () => {
    const bench = await createBench(await createPeople(open));
    const { account, authenticators, enrolOn, answerSecondStep, request, verify, secondStep } = bench;
    await authenticators.setPassword(account.id, 'plum tractor evening gravel');
    const key = createSoftwareAuthenticator({ origin: issuer, securityKey: true });
    const { credential_id: id } = await enrolOn(key, 'add-key');
    const { recoveryCodes: _, ...methods } = await authenticators.methodsOf(account.id);
    assert.deepEqual(methods, { password: true, passkeys: 0, app: false, keys: 1 });
    assert.deepEqual(await authenticators.listPasskeys(account.id), []);
    assert.deepEqual(
      (await authenticators.listKeys(account.id)).map((each) => each.id),
      [id],
    );

    const options = (await authenticators.passkeys.requestOptions(secondStep)) as { [name: string]: unknown };
    assert.equal(options.userVerification, 'discouraged');
    assert.deepEqual(options.allowCredentials, [{ id, transports: ['usb', 'nfc'], type: 'public-key' }]);
    const expected = { accountId: account.id, credentialId: id, method: 'key', counterWentBack: false };
    assert.deepEqual(await answerSecondStep(key), expected);
    // Even with a PIN: it was not made with one, and whoever finds it may have set that PIN (G6).
    const withPin = { flags: flag.userPresent | flag.userVerified };
    assert.deepEqual(await answerSecondStep(key, withPin), expected);

    const { userId } = bench;
    assert.equal(await verify(key.get(await request(), { ...withPin, userHandle: userId })), undefined, 'signing in');
    const prove = { purpose: 'prove' as const, browserId, accountId: account.id };
    const credential = key.get(await authenticators.passkeys.requestOptions(prove), withPin);
    assert.equal(await authenticators.passkeys.verifyRequest({ ...prove, credential }), undefined, 'a proof');
    assert.equal(await answerSecondStep(key, { flags: 0 }), undefined, 'without user presence');
  });

  test('E27: a passkey is a second step too, and says whether the user was verified', async () => {
    const bench = await createBench(await createPeople(open));
    const { account, enrol, device, answerSecondStep, authenticators, secondStep } = bench;
    await enrol();
    assert.equal((await answerSecondStep(device))?.method, 'passkey');
    const touched = { flags: flag.userPresent | flag.backupEligible | flag.backedUp };
    assert.equal((await answerSecondStep(device, touched))?.method, 'key');

    const stranger = await createBench(bench);
    await stranger.enrol();
    assert.equal(await answerSecondStep(stranger.device), undefined, 'of somebody else');
    const forSignIn = device.get(await bench.request());
    const asSecond = await authenticators.passkeys.verifyRequest({ ...secondStep, credential: forSignIn });
    assert.equal(asSecond, undefined, 'a challenge for signing in');
    assert.equal(account.id, (await answerSecondStep(device))?.accountId);
  });

  test('a security key is no way in: it does not make the last passkey removable', async () => {
    const bench = await createBench(await createPeople(open));
    const { account, authenticators, enrol, enrolOn } = bench;
    const { passkey } = await enrol();
    const key = await enrolOn(createSoftwareAuthenticator({ origin: issuer, securityKey: true }), 'add-key');
    assert.equal(await authenticators.removePasskey(account.id, passkey.credential_id), false);
    assert.equal(await authenticators.removePasskey(account.id, key.credential_id), true);
  });

  test('the last way in cannot be removed, not even by two removals at once', async () => {
    const bench = await createBench(await createPeople(open));
    const { enrol, account, authenticators } = bench;
    const first = (await enrol()).passkey.credential_id;
    const second = (await enrol()).passkey.credential_id;
    const done = await Promise.all([first, second].map((id) => authenticators.removePasskey(account.id, id)));
    assert.deepEqual(done.sort(), [false, true]);
    const [left] = await authenticators.listPasskeys(account.id);
    assert.ok(left);
    assert.equal(await authenticators.removePasskey(account.id, left.id), false);
    await authenticators.setPassword(account.id, 'plum tractor evening gravel');
    assert.equal(await authenticators.removePasskey(account.id, left.id), true);
  });

  test('F12: a passkey is renamed and removed by its owner only; F15: its name is one clean line', async () => {
    const people = await createPeople(open);
    const ann = await createBench(people);
    const bob = await createBench(people);
    await ann.enrol();
    await bob.enrol();
    const { passkey } = await ann.enrol();
    const { authenticators } = people;
    assert.equal(await authenticators.renamePasskey(bob.account.id, passkey.credential_id, 'Mine'), false);
    assert.equal(await authenticators.removePasskey(bob.account.id, passkey.credential_id), false);
    assert.equal(await authenticators.renamePasskey(ann.account.id, passkey.credential_id, ' \u202eBlue\nkey '), true);
    const names = (await authenticators.listPasskeys(ann.account.id)).map(({ name }) => name);
    assert.ok(names.includes('Bluekey'), names.join());
    assert.equal(await authenticators.renamePasskey(ann.account.id, passkey.credential_id, ' \u200b '), false);
  });
});
