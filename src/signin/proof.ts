import type { AccountId } from '../ids.ts';
import type { Throttle } from './throttle.ts';

/** What this room asks of the authenticators to check who someone is. */
export type Checks = {
  methodsOf(accountId: AccountId): Promise<{ password: boolean; passkeys: number; app: boolean }>;
  verifyPassword(accountId: AccountId | undefined, password: string): Promise<boolean>;
  verifyApp(accountId: AccountId, code: string): Promise<boolean>;
  passkeys: {
    requestOptions(ask: { purpose: 'sign-in' | 'prove'; browserId: string; accountId?: AccountId }): Promise<object>;
    verifyRequest(answer: {
      purpose: 'sign-in' | 'prove';
      browserId: string;
      credential: string;
      accountId?: AccountId;
    }): Promise<{ accountId: AccountId; method: 'passkey' | 'key' } | undefined>;
    unknownCredential(credential: string): Promise<{ rpId: string; credentialId: string } | undefined>;
  };
};

/** Where a try comes from, for the throttle. */
export type Source = { network: string; browserId: string };

type Failure = { ok: false; status: number; error: string; retryAt?: number };
type Outcome<Methods> = { ok: true; methods: Methods[] } | Failure;

export type Checker = ReturnType<typeof createChecker>;

/** Passwords and codes behind the throttle. Addresses that have no account go the same way (F5). */
export function createChecker({ checks, throttle }: { checks: Checks; throttle: Throttle }) {
  const tooMany = (retryAt: number): Failure => ({ ok: false, status: 429, error: 'signin.tooManyTries', retryAt });
  const wrong = (error: string): Failure => ({ ok: false, status: 422, error });

  const password = async (
    who: { email: string; accountId: AccountId | undefined },
    text: string,
    source: Source,
  ): Promise<Outcome<'pwd'>> => {
    if (text === '') return wrong('signin.password.missing');
    const attempt = { kind: 'password' as const, subject: who.email, accountId: who.accountId, ...source };
    const turn = await throttle.enter(attempt);
    if (!turn.allowed) return tooMany(turn.retryAt);
    if (!(await checks.verifyPassword(who.accountId, text))) return wrong('signin.password.wrong');
    await throttle.succeed(attempt);
    return { ok: true, methods: ['pwd'] };
  };

  const code = async (accountId: AccountId, text: string, source: Source): Promise<Outcome<'otp'>> => {
    if (text.trim() === '') return wrong('signin.code.missing');
    const attempt = { kind: 'code' as const, subject: accountId, accountId, ...source };
    const turn = await throttle.enter(attempt);
    if (!turn.allowed) return tooMany(turn.retryAt);
    if (!(await checks.verifyApp(accountId, text))) return wrong('signin.code.wrong');
    await throttle.succeed(attempt);
    return { ok: true, methods: ['otp'] };
  };

  const passkey = async (
    purpose: 'sign-in' | 'prove',
    credential: string,
    source: Source,
    accountId?: AccountId,
  ): Promise<{ ok: true; methods: 'passkey'[]; accountId: AccountId } | Failure> => {
    const turn = throttle.passkeys({ network: source.network, ...(accountId && { subject: accountId }) });
    const wait = await turn.wait();
    if (wait !== undefined) return tooMany(wait);
    const answer = { purpose, browserId: source.browserId, credential, ...(accountId && { accountId }) };
    const proven = await checks.passkeys.verifyRequest(answer);
    if (proven?.method === 'passkey') return { ok: true, methods: ['passkey'], accountId: proven.accountId };
    // Sent at once, more than the limit are checked, but no more than the limit are recorded.
    const until = await turn.failed();
    return until === undefined ? wrong('signin.passkey.failed') : tooMany(until);
  };

  return {
    passkey,
    wrongPassword: wrong('signin.password.wrong'),
    password,
    code,

    /** Everything an account has, at once: a passkey, or the password and the code of the app where one is set up. */
    async whole(
      who: { email: string; accountId: AccountId },
      given: { password: string; code: string; credential: string },
      source: Source,
    ): Promise<Outcome<'pwd' | 'otp' | 'passkey'>> {
      const { accountId } = who;
      if (given.credential) {
        const result = await passkey('prove', given.credential, source, accountId);
        return result.ok ? { ok: true, methods: result.methods } : result;
      }
      const has = await checks.methodsOf(accountId);
      if (!has.password) return wrong('signin.proof.passkeyOnly');
      if (has.app && given.code.trim() === '') return wrong('signin.code.missing');
      const first = await password(who, given.password, source);
      // They are signed in: the address is not in doubt, and not on the page.
      if (!has.app)
        return !first.ok && first.error === 'signin.password.wrong' ? wrong('signin.proof.password') : first;
      // One answer for both halves: it must not confirm a password to someone who lacks the app.
      if (!first.ok) return first.error === 'signin.password.wrong' ? wrong('signin.proof.wrong') : first;
      const second = await code(accountId, given.code, source);
      if (!second.ok) return second.error === 'signin.code.wrong' ? wrong('signin.proof.wrong') : second;
      return { ok: true, methods: ['pwd', 'otp'] };
    },
  };
}
