import type { Methods } from '../authenticators/authenticators.ts';
import type { Asker } from '../authenticators/hashing.ts';
import { type Acr, acrFor, leastAcr } from '../engine/acr.ts';
import type { AccountId } from '../ids.ts';
import { limitTable, type Way } from '../limits/limit-table.ts';
import type { Attempt, Throttle } from '../throttle/throttle.ts';
import { acrOf, type Method, type SecondStep, secondStepsOf } from './strength.ts';

type Purpose = 'sign-in' | 'prove' | 'second-step';

/** What this room asks of the authenticators to check who someone is. */
export type Checks = {
  methodsOf(accountId: AccountId): Promise<Methods>;
  secondStepMissing(accountId: AccountId): Promise<boolean>;
  passwordSince(accountId: AccountId): Promise<number | undefined>;
  expectRoom(asker: Asker): void;
  provenSince(accountId: AccountId, methods: readonly Method[], credential?: string): Promise<number | undefined>;
  verifyPassword(accountId: AccountId | undefined, password: string, asker: Asker): Promise<boolean>;
  verifyApp(accountId: AccountId, code: string): Promise<boolean>;
  recoveryCodes: { use(accountId: AccountId, code: string, asker: Asker): Promise<{ left: number } | undefined> };
  confirmPasskey(accountId: AccountId, credentialId: string): Promise<boolean>;
  passkeys: {
    requestOptions(ask: { purpose: Purpose; browserId: string; accountId?: AccountId }): Promise<object>;
    verifyRequest(answer: {
      purpose: Purpose;
      browserId: string;
      credential: string;
      accountId?: AccountId;
      refused?: (why: string) => void;
    }): Promise<
      { accountId: AccountId; credentialId: string; method: 'passkey' | 'key'; counterWentBack: boolean } | undefined
    >;
    unknownCredential(credential: string): Promise<{ rpId: string; credentialId: string } | undefined>;
  };
};

/** Where a try comes from, for the throttle. */
export type Source = { network: string; browserId: string };

/**
 * `error` is a message key; with `retryAt` (epoch milliseconds) it takes the value `time`, and `way` is what works until
 * then. `why` is for the journal alone: the person gets one answer for all reasons.
 */
export type Failure = {
  ok: false;
  status: number;
  error: string;
  retryAt?: number;
  way?: Way | undefined;
  why?: string;
};
export type Outcome = { ok: true; methods: Method[] } | Failure;

/** The fields of a form that proves everything at once; `step` is `key` if the credential stands beside the password. */
export type ProofFields = { password: string; code: string; recovery: string; credential: string; step: string };

export type Checker = ReturnType<typeof createChecker>;

/** Passwords and codes behind the throttle. Addresses that have no account go the same way (F5). */
export function createChecker({ checks, throttle }: { checks: Checks; throttle: Throttle }) {
  const tooMany = (retryAt: number, way: Way): Failure => {
    return { ok: false, status: 429, error: 'signin.tooManyTries', retryAt, way };
  };
  const wrong = (error: string): Failure => ({ ok: false, status: 422, error });

  const askerOf = ({ subject, network }: Attempt, known: boolean): Asker => ({ account: subject, network, known });

  /** A check of a try that was counted; one that could not be carried out is no failure of whoever tried. */
  const counted = <T>(attempt: Attempt, known: boolean, check: (asker: Asker) => Promise<T>): Promise<T> =>
    check(askerOf(attempt, known)).catch(async (error) => {
      await throttle.cancel(attempt, known).catch(() => {});
      throw error;
    });

  const password = async (
    who: { email: string; accountId: AccountId | undefined },
    text: string,
    source: Source,
  ): Promise<Outcome> => {
    if (text === '') return wrong('signin.password.missing');
    const attempt = { kind: 'password' as const, subject: who.email, accountId: who.accountId, ...source };
    const turn = await throttle.enter(attempt, (known) => checks.expectRoom(askerOf(attempt, known)));
    if (!turn.allowed) return tooMany(turn.retryAt, 'passkey');
    const right = await counted(attempt, turn.known, (asker) => checks.verifyPassword(who.accountId, text, asker));
    if (!right) return wrong('signin.password.wrong');
    await throttle.succeed(attempt);
    return { ok: true, methods: ['pwd'] };
  };

  const typed = async (
    kind: 'code' | 'recovery',
    accountId: AccountId,
    text: string,
    source: Source,
  ): Promise<Outcome> => {
    if (text.trim() === '') return wrong(`signin.${kind}.missing`);
    const attempt = { kind, subject: accountId, accountId, ...source };
    const turn = await throttle.enter(attempt);
    if (!turn.allowed) return tooMany(turn.retryAt, 'passkey');
    const right = await counted(attempt, turn.known, async (asker) =>
      kind === 'code' ? checks.verifyApp(accountId, text) : checks.recoveryCodes.use(accountId, text, asker),
    );
    if (!right) return wrong(`signin.${kind}.wrong`);
    await throttle.succeed(attempt);
    return { ok: true, methods: [kind === 'code' ? 'otp' : 'recovery'] };
  };

  const passkey = async (purpose: Purpose, credential: string, source: Source, accountId?: AccountId) => {
    const turn = throttle.passkeys({ ...source, ...(accountId && { subject: accountId }) });
    const wait = await turn.wait();
    if (wait !== undefined) return tooMany(wait, limitTable.failedPasskeysOfBrowser.way);
    let why: string | undefined;
    const refused = (reason: string) => {
      why = reason;
    };
    const answer = { purpose, browserId: source.browserId, credential, refused, ...(accountId && { accountId }) };
    const proven = await checks.passkeys.verifyRequest(answer);
    if (proven) return { ok: true as const, ...proven };
    // Sent at once, more than the limit are checked, but no more than the limit are recorded.
    const until = await turn.failed();
    return until === undefined
      ? { ...wrong('signin.passkey.failed'), ...(why && { why }) }
      : tooMany(until, limitTable.failedPasskeysOfBrowser.way);
  };

  /** A second step after a right password. A passkey serves as well as a security key there. */
  const second = async (
    step: SecondStep,
    accountId: AccountId,
    given: Pick<ProofFields, 'code' | 'recovery' | 'credential'>,
    source: Source,
  ): Promise<Outcome> => {
    if (step === 'key') {
      const result = await passkey('second-step', given.credential, source, accountId);
      return result.ok ? { ok: true, methods: [result.method] } : result;
    }
    return typed(step, accountId, given[step], source);
  };

  return {
    password,
    passkey,
    second,
    wrongPassword: wrong('signin.password.wrong'),

    /**
     * Everything an account has, at once: a passkey, or the password with a second step where one is set up. `wanted` are
     * values one of which must be reached; what cannot reach any is not even tried.
     */
    async whole(
      who: { email: string; accountId: AccountId },
      given: ProofFields,
      source: Source,
      wanted: readonly string[],
    ): Promise<Outcome> {
      const { accountId } = who;
      const enough = (...methods: Method[]): boolean => acrFor(acrOf(methods), wanted) !== undefined;
      if (given.credential && given.step !== 'key') {
        if (!enough('passkey')) return wrong('signin.proof.tooWeak');
        const result = await passkey('prove', given.credential, source, accountId);
        if (!result.ok) return result;
        return result.method === 'passkey'
          ? { ok: true, methods: ['passkey'] }
          : { ...wrong('signin.passkey.failed'), why: 'not_for_this' };
      }
      const has = await checks.methodsOf(accountId);
      if (!has.password) return wrong('signin.proof.passkeyOnly');
      const steps = secondStepsOf(has);
      const asked: SecondStep = given.step === 'key' ? 'key' : given.recovery.trim() !== '' ? 'recovery' : 'code';
      if (steps.length === 0) {
        if (!enough('pwd')) return wrong('signin.proof.tooWeak');
        const alone = await password(who, given.password, source);
        // They are signed in: the address is not in doubt, and not on the page.
        return !alone.ok && alone.error === 'signin.password.wrong' ? wrong('signin.proof.password') : alone;
      }
      if (!enough('pwd', methodOf[asked])) return wrong('signin.proof.tooWeak');
      if (!steps.includes(asked)) return wrong('signin.proof.wrong');
      if (asked === 'code' && given.code.trim() === '') return wrong('signin.code.missing');
      const first = await password(who, given.password, source);
      // One answer for both halves: it must not confirm a password to someone who lacks the second step.
      if (!first.ok) return first.error === 'signin.password.wrong' ? wrong('signin.proof.wrong') : first;
      const other = await second(asked, accountId, given, source);
      if (!other.ok) return other.retryAt === undefined ? wrong('signin.proof.wrong') : other;
      return { ok: true, methods: ['pwd', ...other.methods] };
    },
  };
}

export const methodOf: Record<SecondStep, Method> = { code: 'otp', key: 'key', recovery: 'recovery' };

/** The second steps of an account that can reach what is wanted. */
export function enoughSteps(has: Methods, wanted: readonly string[]): SecondStep[] {
  return secondStepsOf(has).filter((step) => acrFor(acrOf(['pwd', methodOf[step]]), wanted) !== undefined);
}

/** Whether anything the account has can reach what is wanted. */
export function canReach(reach: Acr, wanted: readonly string[]): boolean {
  const least = leastAcr(wanted);
  return wanted.length === 0 || (least !== undefined && acrFor(reach, [least]) !== undefined);
}
