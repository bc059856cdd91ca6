import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../account/account.ts';
import { type Clock, minutes } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { AppError } from '../errors.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { localPath, readFlow, writeFlow } from '../web/flow.ts';
import { networkOf } from '../web/limits.ts';
import { type Checks, createChecker } from './proof.ts';
import { createReadings } from './reading.ts';
import { createSessions, type LiveSession, longestSession } from './sessions.ts';
import { createSteps, type PasskeyStep, proofFields, type Record, sourceOf } from './steps.ts';
import { createThrottle } from './throttle.ts';

/** One authenticator used: a password, a code of an authenticator app, a passkey with user verification. */
export type Method = 'pwd' | 'otp' | 'passkey';

/** One account signed in in one browser. Times are epoch milliseconds. */
export type SignedInAccount = {
  accountId: AccountId;
  email: string;
  name: string;
  /** What was used last to prove it is them. */
  methods: Method[];
  signedInAt: number;
  provenAt: number;
};

/**
 * Who is signed in in this browser. Read by a secret that a proof has just replaced, it is good for looking alone: the
 * id is empty and `provenAt` 0, so that nothing can be spent or changed with it.
 */
export type SignedIn = { sessionId: SessionId; current: SignedInAccount; others: SignedInAccount[] };

/** What the current account can prove itself with; `passkey` are the options for `navigator.credentials.get`. */
export type ProofOptions = { email: string; password: boolean; app: boolean; passkey: object | undefined };

/**
 * `error` is a message key; with `retryAt` (epoch milliseconds) it takes the value `time`. `ok` without methods answers
 * the second press of a button: another request has proven it, and this one gives nothing to spend.
 */
export type ProofResult =
  | { ok: true; methods: Method[] }
  | { ok: false; status: number; error: string; retryAt?: number };

/** Where to go after signing in: given by the composition root, because a step does not know the next step. */
export type AfterSignIn = (done: {
  request: FastifyRequest;
  reply: FastifyReply;
  session: SignedIn;
}) => Promise<string>;

export type Signin = {
  /** The session of this request, read once per request; also sets `request.signedIn`. */
  read(request: FastifyRequest): Promise<SignedIn | undefined>;
  /** For the web shell's page context. */
  readPerson(
    request: FastifyRequest,
  ): Promise<{ person: { accountId: AccountId; email: string; name: string }; others: number } | undefined>;
  /** Signs an account in in this browser, beside those already signed in, under a new secret (F8). */
  start(request: FastifyRequest, accountId: AccountId, methods: Method[]): Promise<SignedIn>;
  /** The session, or undefined after answering with a redirect to the sign-in page that comes back to this URL. */
  requireSignedIn(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /** The session if proven in the last 5 minutes (E38), or undefined after answering with a redirect to `/prove`. */
  requireFreshProof(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /** True once per proof, if that proof is at most 60 s old; however many ask at once, one gets it. */
  spendProof(sessionId: SessionId, accountId: AccountId): Promise<boolean>;
  /** True if the current account was proven in the last 5 minutes (E38). */
  hasFreshProof(signedIn: SignedIn): boolean;
  /** What `<ProofForm>` shows for the current account. Throws `not_signed_in` if nobody is. */
  proofOptions(request: FastifyRequest): Promise<ProofOptions>;
  /** Checks `password` and `code`, or `credential`, of the form for the current account; success renews the secret. */
  prove(request: FastifyRequest): Promise<ProofResult>;
  /** Makes another signed-in account the current one; false if it is not signed in here. */
  switchTo(request: FastifyRequest, accountId: AccountId): Promise<boolean>;
  /** Signs one account out in this browser, or all. */
  signOut(request: FastifyRequest, accountId: AccountId | 'all'): Promise<void>;
  /** Ends every session of the account in every browser, except the one given. */
  endSessionsOf(accountId: AccountId, except?: SessionId): Promise<void>;
  /** Removes sessions nobody can use any more; returns how many. For a timer. */
  removeEnded(): Promise<number>;

  /** The steps of signing in, for this room's own pages; each failure is in the journal. */
  checkPassword(request: FastifyRequest, email: string, password: string): Promise<PasswordStep>;
  checkCode(request: FastifyRequest, accountId: AccountId, code: string): Promise<ProofResult>;
  checkPasskey(request: FastifyRequest, credential: string): Promise<PasskeyStep>;
  /** Options for signing in with any passkey: the same for everyone (G12). */
  passkeyOptions(request: FastifyRequest): Promise<object>;
};

/** `codeNeeded` if the account has an authenticator app and is not signed in by the password alone. */
export type PasswordStep =
  | { ok: true; accountId: AccountId; codeNeeded: boolean }
  | { ok: false; status: number; error: string; retryAt?: number };

const provenBefore: ProofResult = { ok: true, methods: [] };

/** E38. */
const freshFor = minutes(5);

/** RFC 8176 values. A passkey may be synced, so `pop` and not `hwk`; it brings possession and user verification. */
export function amrOf(methods: readonly Method[]): string[] {
  const values = new Set<string>();
  if (methods.includes('pwd')) values.add('pwd');
  if (methods.includes('otp')) values.add('otp');
  if (methods.includes('passkey')) values.add('pop').add('user');
  if (methods.includes('passkey') || (methods.includes('pwd') && methods.includes('otp'))) values.add('mfa');
  return [...values];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a page's handler runs. */
    signedIn: SignedIn | undefined;
    /** Gives the browser a new session secret, or takes it away. */
    writeSession: ((secret: string | undefined) => void) | undefined;
  }
}

/** To be called on the scope of all pages, before any of them: the session is theirs to read and renew. */
export function registerSessions(pages: FastifyInstance): void {
  pages.decorateRequest('signedIn', undefined);
  pages.decorateRequest('writeSession', undefined);
  pages.addHook('onRequest', async (request, reply) => {
    const { cookieName, cookieOptions } = request.server.web;
    request.writeSession = (secret) => {
      if (secret === undefined) reply.clearCookie(cookieName('session'), cookieOptions());
      else reply.setCookie(cookieName('session'), secret, cookieOptions(longestSession));
    };
  });
}

export function createSignin(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  ephemeral: Ephemeral;
  journal: Journal;
  accounts: {
    find(id: AccountId): Promise<Account | undefined>;
    findByEmail(email: string): Promise<Account | undefined>;
  };
  authenticators: Checks;
}): Signin {
  const { clock, journal, accounts, authenticators } = needs;
  const sessions = createSessions(needs);
  const checker = createChecker({ checks: authenticators, throttle: createThrottle(needs) });
  const readings = createReadings<Method>({ sessions, findAccount: accounts.find });
  const { forget } = readings;

  const reading = async (request: FastifyRequest, secret?: string) => {
    const found = await readings.read(request, secret);
    request.signedIn = found.signedIn;
    return found;
  };

  const renew = async (request: FastifyRequest, secret: string): Promise<SignedIn> => {
    request.writeSession?.(secret);
    const { signedIn } = await reading(request, secret);
    if (!signedIn) throw new AppError('internal', 'A session just started cannot be read.');
    return signedIn;
  };

  const current = async (request: FastifyRequest): Promise<{ live: LiveSession; signedIn: SignedIn }> => {
    const { live, signedIn } = await reading(request);
    if (!live || !signedIn) throw new AppError('not_signed_in', 'Nobody is signed in.');
    return { live, signedIn };
  };

  const record: Record = (request, type, accountId, note) =>
    journal.append({ type, accountId, data: { ...note, network: networkOf(request.ip) } });

  const signin: Signin = {
    read: async (request) => (await reading(request)).signedIn,

    async readPerson(request) {
      const { signedIn } = await reading(request);
      if (!signedIn) return undefined;
      const { accountId, email, name } = signedIn.current;
      return { person: { accountId, email, name }, others: signedIn.others.length };
    },

    async start(request, accountId, methods) {
      const { live } = await reading(request);
      const { secret } = await sessions.start(live, accountId, methods, request.headers['user-agent']);
      const signedIn = await renew(request, secret);
      await record(request, 'signed_in', accountId, { methods: methods.join(' ') });
      return signedIn;
    },

    async requireSignedIn(request, reply) {
      const { signedIn } = await reading(request);
      if (signedIn) return signedIn;
      // A form cannot be sent again after signing in, so its page is where they come back to.
      writeFlow(reply, { ...readFlow(request), next: localPath(request.url) ?? '/' });
      await reply.redirect('/signin', 303);
      return undefined;
    },

    async requireFreshProof(request, reply) {
      const signedIn = await signin.requireSignedIn(request, reply);
      if (!signedIn || signin.hasFreshProof(signedIn)) return signedIn;
      await reply.redirect(`/prove?next=${encodeURIComponent(localPath(request.url) ?? '/')}`, 303);
      return undefined;
    },

    spendProof: (sessionId, accountId) => sessions.spendProof(sessionId, accountId),
    // A proof of the future was given before the clock was set back, nobody knows how long ago.
    hasFreshProof: (signedIn) => Math.abs(clock.now() - signedIn.current.provenAt) <= freshFor,

    async proofOptions(request) {
      const { accountId, email } = (await current(request)).signedIn.current;
      const { password, passkeys, app } = await authenticators.methodsOf(accountId);
      const ask = { purpose: 'prove' as const, browserId: request.browserId, accountId };
      return {
        email,
        password,
        app,
        passkey: passkeys ? await authenticators.passkeys.requestOptions(ask) : undefined,
      };
    },

    async prove(request) {
      const { live, signedIn } = await current(request);
      if (live.replaced) return provenBefore;
      const { accountId, email } = signedIn.current;
      // A second press may have been on its way together with the first, with the same code or challenge.
      const replaced = async (): Promise<boolean> => {
        forget(request);
        return (await reading(request)).live?.replaced ?? false;
      };
      const result = await checker.whole({ email, accountId }, proofFields(request.body), sourceOf(request));
      if (!result.ok) {
        if (await replaced()) return provenBefore;
        if (result.retryAt === undefined) await record(request, 'proof_failed', accountId, { reason: result.error });
        return result;
      }
      const renewed = await sessions.proven(live, result.methods);
      if (!renewed && (await replaced())) return provenBefore;
      if (!renewed) throw new AppError('not_signed_in', 'The session ended while its owner proved themselves.');
      await renew(request, renewed.secret);
      await record(request, 'proved', accountId, { methods: result.methods.join(' ') });
      return result;
    },

    async switchTo(request, accountId) {
      const { live, signedIn } = await current(request);
      if (live.replaced || !signedIn.others.some((other) => other.accountId === accountId))
        return accountId === signedIn.current.accountId;
      await sessions.setCurrent(live.id, accountId);
      forget(request);
      await reading(request);
      return true;
    },

    async signOut(request, accountId) {
      const { live, signedIn } = await reading(request);
      if (!live || !signedIn) return;
      const here = [signedIn.current, ...signedIn.others];
      const leaving = accountId === 'all' ? here : here.filter((one) => one.accountId === accountId);
      if (leaving.length === here.length) {
        await sessions.remove(live.id);
        request.writeSession?.(undefined);
      } else {
        for (const one of leaving) await sessions.removeAccount(live.id, one.accountId);
      }
      forget(request);
      await reading(request);
      for (const one of leaving) await record(request, 'signed_out', one.accountId, {});
    },

    endSessionsOf: (accountId, except) => sessions.removeAccountEverywhere(accountId, except),
    removeEnded: () => sessions.removeEnded(),

    ...createSteps({ checker, checks: authenticators, accounts, record }),
  };
  return signin;
}
