import assert from 'node:assert/strict';
import type { CreationPurpose } from '../../src/authenticators/passkey-rules.ts';
import type { AccountId } from '../../src/ids.ts';
import { issuer, type People } from './people.ts';
import { type Bent, createSoftwareAuthenticator } from './software-authenticator.ts';

export const browserId = 'B'.repeat(22);

/** An account, a passkey in software, and both halves of every ceremony between them. */
export async function createPasskeyBench(people: People, settings: { synced?: boolean } = {}) {
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
