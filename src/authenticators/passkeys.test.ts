import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createFormBrowser } from '../../test/helpers/form-browser.ts';
import { browserId, createPasskeyBench } from '../../test/helpers/passkey-bench.ts';
import { createPeople, issuer } from '../../test/helpers/people.ts';
import { type Bent, createSoftwareAuthenticator, flag } from '../../test/helpers/software-authenticator.ts';
import { minutes } from '../clock.ts';
import type { AccountId } from '../ids.ts';

forEachDatabase((_name, open) => {
  test('E28, G9, G10, G11, G1: what creation asks for', async () => {
    const { account, userId, creation, enrol } = await createPasskeyBench(await createPeople(open));
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
    const { request } = await createPasskeyBench(await createPeople(open));
    const { challenge, ...options } = (await request()) as { [name: string]: unknown };
    assert.equal(Buffer.from(String(challenge), 'base64url').length, 32);
    assert.deepEqual(options.allowCredentials, []);
    assert.equal(options.userVerification, 'required');
  });

  test('a passkey is made, signs in, and remembers when', async () => {
    const { account, enrol, signIn, authenticators, clock } = await createPasskeyBench(await createPeople(open));
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

  test('G1: a challenge works once, for 5 minutes, in its browser, for its purpose', async () => {
    const bench = await createPasskeyBench(await createPeople(open));
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

  test('fault C8: each reason why an answer is refused is told apart, for the journal', async () => {
    const people = await createPeople(open);
    const bench = await createPasskeyBench(people);
    const { enrol, device, request, account, authenticators } = bench;
    const stranger = await createPasskeyBench(people);
    await stranger.register();
    const { passkey } = await enrol();
    const whyNot = async (credential: string, more: { purpose?: 'prove'; accountId?: AccountId } = {}) => {
      const told: string[] = [];
      const answer = { purpose: 'sign-in' as const, browserId, credential, ...more };
      const proven = await authenticators.passkeys.verifyRequest({ ...answer, refused: (why) => told.push(why) });
      assert.equal(proven, undefined);
      return told.join();
    };
    const bent = async (how: Bent, from = device) => whyNot(from.get(await request(), how));
    const used = device.get(await request());
    await bench.verify(used);
    assert.deepEqual(
      {
        nothing: await whyNot(''),
        text: await whyNot('{"id":1}'),
        framed: await bent({ crossOrigin: true }),
        topped: await bent({ topOrigin: 'https://evil.example' }),
        used: await whyNot(used),
        madeUp: await bent({ challenge: 'x'.repeat(43) }),
        imitated: await bent({ origin: 'https://evil.example' }),
        otherDomain: await bent({ rpId: 'evil.example' }),
        untouched: await bent({ flags: 0 }),
        unverified: await bent({ flags: flag.userPresent | flag.backupEligible | flag.backedUp }),
        nobodys: await bent({}, stranger.device),
        spoilt: await bent({ spoilSignature: true }),
        otherHandle: await bent({ userHandle: 'AAAA' }),
        copied: await bent({ flags: flag.userPresent | flag.userVerified }),
      },
      {
        nothing: 'unreadable',
        text: 'unreadable',
        framed: 'framed',
        topped: 'framed',
        used: 'challenge',
        madeUp: 'challenge',
        imitated: 'origin',
        otherDomain: 'domain',
        untouched: 'nobody_present',
        unverified: 'unverified',
        nobodys: 'unknown',
        spoilt: 'signature',
        otherHandle: 'user_handle',
        copied: 'backup',
      },
    );
    await stranger.enrol();
    const prove = { purpose: 'prove' as const, browserId, accountId: account.id };
    const theirs = stranger.device.get(await authenticators.passkeys.requestOptions(prove));
    assert.equal(await whyNot(theirs, prove), 'other_account');
    const key = createSoftwareAuthenticator({ origin: issuer, securityKey: true });
    await authenticators.setPassword(account.id, 'plum tractor evening gravel');
    await bench.enrolOn(key, 'add-key');
    const verified = { flags: flag.userPresent | flag.userVerified };
    assert.equal(await whyNot(key.get(await request(), { ...verified, userHandle: bench.userId })), 'not_for_this');
    await people.database.transaction((trx) =>
      authenticators.suspendLost(account.id, { app: false, credentials: [passkey.credential_id] }, trx),
    );
    assert.equal(await bent({}), 'lost');
  });

  test('fault C8: the journal has the reason, the page has one answer for all', async () => {
    const { app, database } = await createPeople(open);
    const browser = createFormBrowser(app);
    await browser.open('/signin/passkey');
    const page = await browser.submit({ credential: '{}' });
    assert.equal(page.status, 422);
    assert.ok(!page.body.includes('unreadable'));
    const events = database.query.withTables<{ security_event: { type: string; data: string } }>();
    const [event] = await events
      .selectFrom('security_event')
      .select('data')
      .where('type', '=', 'sign_in_failed')
      .execute();
    const { reason, why } = JSON.parse(event?.data ?? '{}');
    assert.deepEqual([reason, why], ['signin.passkey.failed', 'unreadable']);
  });

  test('G4: in a proof only the account’s own passkeys count', async () => {
    const people = await createPeople(open);
    const ann = await createPasskeyBench(people);
    const bob = await createPasskeyBench(people);
    await ann.enrol();
    await bob.enrol();
    const ask = { purpose: 'prove' as const, browserId, accountId: ann.account.id };
    const credential = bob.device.get(await people.authenticators.passkeys.requestOptions(ask));
    assert.equal(await people.authenticators.passkeys.verifyRequest({ ...ask, credential }), undefined);
  });

  test('G3: a credential id is registered once, whoever asks', async () => {
    const people = await createPeople(open);
    const ann = await createPasskeyBench(people);
    const bob = await createPasskeyBench(people);
    const { passkey } = await ann.enrol();
    const again = await bob.register({ credentialId: passkey.credential_id });
    assert.ok(again);
    assert.equal(await people.authenticators.addPasskey(bob.account.id, again.passkey), false);
    assert.equal((await people.authenticators.listPasskeys(bob.account.id)).length, 0);
  });

  test('G5: a counter that goes back is recorded and not a lock', async () => {
    const { enrol, signIn, account, journal } = await createPasskeyBench(await createPeople(open), { synced: false });
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
    const bench = await createPasskeyBench(await createPeople(open));
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
    const bench = await createPasskeyBench(await createPeople(open));
    const { account, enrol, device, answerSecondStep, authenticators, secondStep } = bench;
    await enrol();
    assert.equal((await answerSecondStep(device))?.method, 'passkey');
    const touched = { flags: flag.userPresent | flag.backupEligible | flag.backedUp };
    assert.equal((await answerSecondStep(device, touched))?.method, 'key');

    const stranger = await createPasskeyBench(bench);
    await stranger.enrol();
    assert.equal(await answerSecondStep(stranger.device), undefined, 'of somebody else');
    const forSignIn = device.get(await bench.request());
    const asSecond = await authenticators.passkeys.verifyRequest({ ...secondStep, credential: forSignIn });
    assert.equal(asSecond, undefined, 'a challenge for signing in');
    assert.equal(account.id, (await answerSecondStep(device))?.accountId);
  });

  test('G6: a passkey that made itself is one factor, until another one has vouched for its user', async () => {
    const bench = await createPasskeyBench(await createPeople(open));
    const { account, authenticators, device, enrolOn, request, journal } = bench;
    await authenticators.setPassword(account.id, 'plum tractor evening gravel');
    const { credential_id: id } = await enrolOn(device, 'upgrade', { flags: flag.attested });
    const { password, passkeys, keys } = await authenticators.methodsOf(account.id);
    assert.deepEqual({ password, passkeys, keys }, { password: true, passkeys: 0, keys: 0 });
    const usual = { flags: flag.userPresent | flag.userVerified };
    const signIn = async () => {
      const credential = device.get(await request(), usual);
      return authenticators.passkeys.verifyRequest({ purpose: 'sign-in', browserId, credential });
    };
    const prove = { purpose: 'prove' as const, browserId, accountId: account.id };
    const options = (await authenticators.passkeys.requestOptions(prove)) as { allowCredentials: object[] };
    assert.deepEqual(options.allowCredentials, [], 'no proof is asked of it');
    for (const time of ['first', 'second']) assert.equal((await signIn())?.method, 'key', time);

    const stranger = await createPasskeyBench(bench);
    assert.equal(await authenticators.confirmPasskey(stranger.account.id, id), false);
    assert.equal(await authenticators.confirmPasskey(account.id, id), true);
    assert.equal(await authenticators.confirmPasskey(account.id, id), false, 'once');
    assert.equal((await signIn())?.method, 'passkey');
    assert.equal((await authenticators.methodsOf(account.id)).passkeys, 1);
    const [event] = (await journal.recent(account.id, 10)).filter(({ data }) => data?.reason === 'confirmed');
    assert.equal(event?.type, 'authenticator_added');
  });

  test('a security key is no way in: it does not make the last passkey removable', async () => {
    const bench = await createPasskeyBench(await createPeople(open));
    const { account, authenticators, enrol, enrolOn } = bench;
    const { passkey } = await enrol();
    const key = await enrolOn(createSoftwareAuthenticator({ origin: issuer, securityKey: true }), 'add-key');
    assert.equal(await authenticators.removePasskey(account.id, passkey.credential_id), false);
    assert.equal(await authenticators.removePasskey(account.id, key.credential_id), true);
  });

  test('the last way in cannot be removed, not even by two removals at once', async () => {
    const bench = await createPasskeyBench(await createPeople(open));
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
    const ann = await createPasskeyBench(people);
    const bob = await createPasskeyBench(people);
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
