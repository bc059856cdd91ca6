import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { minutes, seconds } from '../../src/clock.ts';
import type { Tour } from './journey-sights.ts';
import { createSoftwareAuthenticator } from './software-authenticator.ts';
import type { TestApp } from './test-app.ts';

/** Signing in with everything set up, and proving it: pages 13 to 16 and 18. */
export async function tourSigning({ place, visit, newPhone }: Tour): Promise<void> {
  const tag = Math.random().toString(36).slice(2, 7);
  const email = `kim.marisol.${tag}@example.org`;
  const owner = await addEverything(place.server, email);
  const phone = await newPhone({ passkeys: true });
  const shows = (name: string) => visit(name, phone.tab);
  const code = async (path: string, typed: string): Promise<void> => {
    await phone.open(path);
    await phone.fill('code', typed);
    await phone.press({ form: path });
  };

  await phone.open('/signin/other');
  await shows('other-ways');
  await phone.open('/signin/passkey');
  await shows('passkey-alone');
  await phone.keyring?.present(false);
  await phone.open('/signin');
  await phone.signIn(email);
  await phone.follow('/signin/other');
  await shows('other-second-steps');
  await phone.follow('/signin/key');
  await shows('security-key');
  await code('/signin/recovery-code', 'not one');
  await shows('recovery-code-wrong');
  await code('/signin/recovery-code', owner.codes[0] ?? '');
  await shows('recovery-codes-left');

  await place.server.clock.advance(minutes(6));
  await phone.open('/prove?next=/account');
  await shows('prove-app');
  await phone.follow('/prove?next=%2Faccount&with=key');
  await shows('prove-key');
  await phone.follow('/prove?next=%2Faccount&with=recovery');
  await shows('prove-recovery-code');
  await phone.open('/prove?next=/account&acr=urn:example:gold');
  await shows('prove-impossible');

  const second = `jo.${tag}@example.org`;
  await place.server.createAccount(second);
  await phone.open('/signin');
  await phone.signIn(second);
  await phone.open('/signout');
  await phone.press({ form: '/signout', value: 'all' });
  await phone.open('/signin');
  await shows('signin-remembered');
  await phone.follow('/signin?edit=1');
  await shows('signin-remembered-edit');

  for (const used of owner.codes.slice(1, 9)) await owner.use(used);
  await phone.open('/signin');
  await phone.signIn(email);
  await code('/signin/recovery-code', owner.codes[9] ?? '');
  await shows('recovery-codes-gone');
  await phone.close();
}

/** An account with a password, an app, a security key and recovery codes. */
async function addEverything(server: TestApp, email: string) {
  const accounts = createAccounts(server.outside);
  const authenticators = createAuthenticators({ ...server.outside, userIdOf: (id) => accounts.passkeyUserId(id) });
  const id = await server.createAccount(email);
  const setup = authenticators.beginApp(id, email);
  const code = generateSync({ secret: setup.secret, epoch: Math.floor(server.clock.now() / 1000) });
  await authenticators.finishApp(id, setup, code);
  server.clock.advance(seconds(30));
  const key = createSoftwareAuthenticator({ origin: server.url, securityKey: true });
  const ask = { purpose: 'add-key' as const, browserId: 'B'.repeat(22) };
  const userId = (await accounts.passkeyUserId(id)) ?? '';
  const credential = key.create(await authenticators.passkeys.creationOptions({ ...ask, email, userId }));
  const made = await authenticators.passkeys.verifyCreation({ ...ask, credential });
  if (!made || !(await authenticators.addPasskey(id, made.passkey))) throw new Error('The key was not added.');
  const codes = await authenticators.recoveryCodes.make(id);
  return { codes, use: (used: string) => authenticators.recoveryCodes.use(id, used) };
}
