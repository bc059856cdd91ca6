import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { browserId, createPasskeyBench } from '../../test/helpers/passkey-bench.ts';
import { createPeople } from '../../test/helpers/people.ts';
import { type Bent, flag } from '../../test/helpers/software-authenticator.ts';

const { userPresent, userVerified, backupEligible, backedUp, attested } = flag;

/** Web Authentication Level 3, §7.1 (registration) and §7.2 (authentication): each step that can fail, fails here. */
forEachDatabase((name, open) => {
  if (name !== 'SQLite') return;

  const refusedCreations: { [what: string]: Bent } = {
    type: { type: 'webauthn.get' },
    challenge: { challenge: 'A'.repeat(43) },
    'origin (G7: a subdomain)': { origin: 'http://evil.localhost:3000' },
    'origin (G7: another port)': { origin: 'http://localhost:3001' },
    'origin (G7: another scheme)': { origin: 'https://localhost:3000' },
    crossOrigin: { crossOrigin: true },
    topOrigin: { topOrigin: 'https://evil.example' },
    rpIdHash: { rpId: 'evil.example' },
    'user presence': { flags: userVerified | attested },
    'user verification': { flags: userPresent | attested },
    'backup state (backed up, not eligible)': { flags: userPresent | userVerified | attested | backedUp },
    'algorithm that was not offered': { alg: -36 },
    'attestation format (unknown)': { format: 'made-up' },
    'attestation format (none asked for)': { format: 'android-key' },
    'attestation (a certificate nobody asked for)': { format: 'packed', certificate: Buffer.alloc(64, 1) },
    'attestation signature': { format: 'packed', spoilSignature: true },
    'attested data (there is none)': { flags: userPresent | userVerified },
    'credential id of 1024 bytes': { credentialId: Buffer.alloc(1024, 1).toString('base64url') },
  };
  for (const [what, bent] of Object.entries(refusedCreations)) {
    test(`G2, G7: a creation with a wrong ${what} is refused`, async () => {
      const { register } = await createPasskeyBench(await createPeople(open));
      assert.equal(await register(bent), undefined);
      assert.ok(await register(), 'the same without it is accepted');
    });
  }

  test('G2, §7.1: a credential id of 1023 bytes and an attestation by the own key are accepted', async () => {
    const { register } = await createPasskeyBench(await createPeople(open));
    assert.ok(await register({ credentialId: Buffer.alloc(1023, 1).toString('base64url') }));
    assert.ok(await register({ format: 'packed' }));
  });

  const refusedRequests: { [what: string]: Bent } = {
    type: { type: 'webauthn.create' },
    challenge: { challenge: 'A'.repeat(43) },
    'origin (G7: another scheme)': { origin: 'https://localhost:3000' },
    'origin (G7: a subdomain)': { origin: 'http://evil.localhost:3000' },
    crossOrigin: { crossOrigin: true },
    topOrigin: { topOrigin: 'https://evil.example' },
    rpIdHash: { rpId: 'evil.example' },
    'user presence': { flags: userVerified | backupEligible | backedUp },
    'user verification': { flags: userPresent | backupEligible | backedUp },
    'backup eligibility (changed since it was made)': { flags: userPresent | userVerified },
    'backup state (backed up, not eligible)': { flags: userPresent | userVerified | backedUp },
    signature: { spoilSignature: true },
    'user handle (of nobody)': { userHandle: Buffer.alloc(64, 9).toString('base64url') },
    'user handle (none, without a list of credentials)': { userHandle: null },
    credential: { credentialId: 'unknown-credential' },
  };
  for (const [what, bent] of Object.entries(refusedRequests)) {
    test(`G4, G7: an assertion with a wrong ${what} is refused`, async () => {
      const { enrol, signIn, account } = await createPasskeyBench(await createPeople(open));
      await enrol();
      assert.equal(await signIn(bent), undefined);
      assert.equal(await signIn(), account.id, 'the same without it is accepted');
    });
  }

  test('G4, §7.2: the user handle of another account is refused', async () => {
    const people = await createPeople(open);
    const ann = await createPasskeyBench(people);
    const bob = await createPasskeyBench(people);
    await ann.enrol();
    assert.equal(await ann.signIn({ userHandle: bob.userId }), undefined);
    assert.equal(await ann.signIn({ userHandle: ann.userId }), ann.account.id);
  });

  test('G13, §7.1: only where it is made by itself may the user be away, and then nothing is verified', async () => {
    const bench = await createPasskeyBench(await createPeople(open));
    const { device, authenticators, account, userId } = bench;
    for (const purpose of ['add', 'add-key', 'upgrade'] as const) {
      const ask = { purpose, browserId, email: account.email, userId, accountId: account.id };
      const credential = device.create(await authenticators.passkeys.creationOptions(ask), { flags: attested });
      const made = await authenticators.passkeys.verifyCreation({ purpose, browserId, credential });
      assert.equal(made?.passkey.uv_initialized, purpose === 'upgrade' ? 0 : undefined, purpose);
    }
  });

  test('what is no credential is refused', async () => {
    const { verify, enrol, device, request } = await createPasskeyBench(await createPeople(open));
    await enrol();
    const good = JSON.parse(device.get(await request())) as { response: object };
    const texts = [
      '',
      'x',
      'null',
      '{}',
      '[]',
      '{"id":"a","rawId":"a","type":"public-key"}',
      `"${'x'.repeat(20_000)}"`,
      JSON.stringify({ ...good, type: 'password' }),
      JSON.stringify({ ...good, rawId: 'AAAA' }),
      JSON.stringify({ ...good, response: { ...good.response, clientDataJSON: 'bm90IEpTT04' } }),
      JSON.stringify({ ...good, response: { ...good.response, authenticatorData: 'AA' } }),
      JSON.stringify({ ...good, response: { ...good.response, signature: '' } }),
    ];
    for (const text of texts) assert.equal(await verify(text), undefined, text.slice(0, 50));
    assert.ok(await verify(device.get(await request())), 'and the next that is one is accepted');
  });
});
