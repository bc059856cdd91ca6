import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../account/account.ts';
import { type Clock, minutes } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { Places } from '../drivers/places/places.ts';
import { AppError } from '../errors.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { createThrottle } from '../throttle/throttle.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import type { Present } from '../web/page.ts';
import { browserLabel } from './browser-name.ts';
import { createEndings, type EndElsewhere, type Endings } from './endings.ts';
import { createHalfways, type Halfways } from './halfway.ts';
import { createHere, type Here } from './here.ts';
import { createKnownBrowsers } from './known-browsers.ts';
import { type Checks, createChecker } from './proof.ts';
import { createProving, type Proving } from './proving.ts';
import { createReadings, pageOf } from './reading.ts';
import { createSessions, type LiveSession } from './sessions.ts';
import { createSteps, type HalfSignedIn, type Record, type Steps } from './steps.ts';
import type { Method } from './strength.ts';

/** A sign-in, told to those who watch over the account. `at` is epoch milliseconds. */
export type SignInFacts = {
  accountId: AccountId;
  sessionId: SessionId;
  at: number;
  methods: Method[];
  userAgent: string | undefined;
  country: string | undefined;
  /** True if the account had not signed in in this browser before; false for the one it was created in. */
  newBrowser: boolean;
  /** The passkey that was used, if one was. */
  credential: string | undefined;
};

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

/** `settingUp` on the pages where a second step is set up: who still lacks the one that the operator wants may use them. */
type Allow = { settingUp?: boolean };

/** Where to go after signing in: given by the composition root, because a step does not know the next step. */
export type AfterSignIn = (done: {
  request: FastifyRequest;
  reply: FastifyReply;
  session: SignedIn;
}) => Promise<string>;

export type Signin = Steps &
  Proving &
  Halfways &
  Endings & {
    /** The session of this request, read once per request; also sets `request.signedIn`. */
    read(request: FastifyRequest): Promise<SignedIn | undefined>;
    /** The same, looked up anew: for answers that go on for long. */
    readAgain(request: FastifyRequest): Promise<SignedIn | undefined>;
    /** For the web shell: who is signed in here, and who is setting up. */
    readPerson(request: FastifyRequest): Promise<Present | undefined>;
    /**
     * Signs an account in in this browser, beside those already signed in, under a new secret (F8). `justMade` if the
     * account was made in this browser a moment ago.
     */
    start(
      request: FastifyRequest,
      accountId: AccountId,
      methods: Method[],
      more?: { justMade?: boolean; credential?: string | undefined },
    ): Promise<SignedIn>;
    /** The session, or undefined after answering with a redirect to the sign-in page that comes back to this URL. */
    requireSignedIn(request: FastifyRequest, reply: FastifyReply, allow?: Allow): Promise<SignedIn | undefined>;
    /** The session if proven in the last 5 minutes (E38), or undefined after answering with a redirect to `/prove`. */
    requireFreshProof(request: FastifyRequest, reply: FastifyReply, allow?: Allow): Promise<SignedIn | undefined>;
    /** Who is signed in but for the second step that the operator wants: nothing else counts them as signed in. */
    settingUp(request: FastifyRequest): Promise<SignedIn | undefined>;
    /** True once per proof, if that proof is at most 60 s old; however many ask at once, one gets it. */
    spendProof(sessionId: SessionId, accountId: AccountId): Promise<boolean>;
    /** True if the current account was proven in the last 5 minutes (E38). */
    hasFreshProof(signedIn: SignedIn): boolean;
    /** Whoever is in this browser, however far they have come. */
    here(request: FastifyRequest): Promise<Here<SignedIn>>;
    /** Makes another signed-in account the current one; false if it is not signed in here. */
    switchTo(request: FastifyRequest, accountId: AccountId): Promise<boolean>;
    /** Signs one account out in this browser, or all; with the last one, whatever was begun ends. */
    signOut(request: FastifyRequest, accountId: AccountId | 'all'): Promise<void>;
    /** Removes sessions nobody can use any more; returns how many. For a timer. */
    removeEnded(): Promise<number>;
  };

/** E38. */
const freshFor = minutes(5);

export function createSignin(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  ephemeral: Ephemeral;
  journal: Journal;
  accounts: {
    find(id: AccountId, transaction?: DatabaseTransaction): Promise<Account | undefined>;
    findByEmail(email: string): Promise<Account | undefined>;
    lock(id: AccountId, transaction: DatabaseTransaction): Promise<void>;
  };
  authenticators: Checks;
  places: Places;
  /** Told after every sign-in; must neither throw nor be waited for. */
  signedInFrom?: (facts: SignInFacts) => void;
  halfSignedIn?: HalfSignedIn;
  /** What an account allowed apps in a session ends when it leaves that session. */
  leftSession?: ((id: SessionId, accountId: AccountId) => Promise<void>) | undefined;
  endElsewhere?: EndElsewhere;
}): Signin {
  const { clock, journal, accounts, authenticators, places } = needs;
  const knownBrowsers = createKnownBrowsers(needs);
  const sessions = createSessions({ ...needs, lockAccount: needs.accounts.lock });
  const throttle = createThrottle({ ...needs, knows: knownBrowsers.knows });
  const checker = createChecker({ checks: authenticators, throttle });
  const { knows } = knownBrowsers;
  const halfways = createHalfways({ ...needs, knows, passwordSince: authenticators.passwordSince });
  const readings = createReadings<Method>({
    sessions,
    findAccount: accounts.find,
    secondStepMissing: authenticators.secondStepMissing,
  });
  const { forget } = readings;

  const reading = async (request: FastifyRequest, secret?: string) => {
    const found = await readings.read(request, secret);
    request.signedIn = found.signedIn;
    return found;
  };

  const renew = async (request: FastifyRequest, secret: string): Promise<SignedIn> => {
    request.writeSession?.(secret);
    const { signedIn, settingUp } = await reading(request, secret);
    const started = signedIn ?? settingUp;
    // Another request, in this browser or elsewhere, may have signed out or closed the account in the meantime.
    if (!started) throw new AppError('not_signed_in', 'The session ended as it started.');
    return started;
  };

  const current = async (request: FastifyRequest): Promise<{ live: LiveSession; signedIn: SignedIn }> => {
    const { live, signedIn, settingUp } = await reading(request);
    const someone = signedIn ?? settingUp;
    if (!live || !someone) throw new AppError('not_signed_in', 'Nobody is signed in.');
    return { live, signedIn: someone };
  };

  const look = (request: FastifyRequest) => {
    forget(request);
    return reading(request);
  };

  const record: Record = (request, type, accountId, note) => {
    const { headers, ip } = request;
    const from = { browser: browserLabel(headers['user-agent']), country: places.countryOf(headers) };
    return journal.append({ type, accountId, data: { ...note, ...from, network: networkOf(ip) } });
  };

  const signin: Signin = {
    read: async (request) => (await reading(request)).signedIn,

    async readAgain(request) {
      forget(request);
      return (await reading(request)).signedIn;
    },

    async readPerson(request) {
      const { signedIn, settingUp } = await reading(request);
      const someone = signedIn ?? settingUp;
      if (!someone) return undefined;
      const { current, others } = someone;
      return { person: signedIn?.current, accountId: current.accountId, others };
    },

    async start(request, accountId, methods, { justMade = false, credential } = {}) {
      const { live } = await reading(request);
      const userAgent = request.headers['user-agent'];
      const country = places.countryOf(request.headers);
      const madeAt = justMade ? (await accounts.find(accountId))?.createdAt : undefined;
      const provenSince = await authenticators.provenSince(accountId, methods, credential);
      const origin = { browserId: request.browserId, userAgent, country, madeAt, provenSince };
      const { id, secret, newBrowser } = await sessions.start(live, accountId, methods, origin);
      const signedIn = await renew(request, secret);
      const note = { session: id, methods: methods.join(' '), credential };
      await record(request, 'signed_in', accountId, note);
      const facts = { accountId, sessionId: id, at: clock.now(), methods, userAgent, country, credential };
      needs.signedInFrom?.({ ...facts, newBrowser: newBrowser && !justMade });
      return signedIn;
    },

    settingUp: async (request) => (await reading(request)).settingUp,

    async requireSignedIn(request, reply, allow) {
      const { signedIn, settingUp } = await reading(request);
      const someone = signedIn ?? (allow?.settingUp ? settingUp : undefined);
      if (someone) return someone;
      // A form cannot be sent again after signing in, so its page is where they come back to.
      const { app: _left, target: _too, locale: _with, ...flow } = readFlow(request);
      writeFlow(reply, { ...flow, next: pageOf(request) });
      await reply.redirect(settingUp ? '/signin/setup' : '/signin', 303);
      return undefined;
    },

    async requireFreshProof(request, reply, allow) {
      const signedIn = await signin.requireSignedIn(request, reply, allow);
      if (!signedIn || signin.hasFreshProof(signedIn)) return signedIn;
      await reply.redirect(`/prove?next=${encodeURIComponent(pageOf(request))}`, 303);
      return undefined;
    },

    spendProof: (sessionId, accountId) => sessions.spendProof(sessionId, accountId),
    // A proof of the future was given before the clock was set back, nobody knows how long ago.
    hasFreshProof: (signedIn) => Math.abs(clock.now() - signedIn.current.provenAt) <= freshFor,

    ...createProving({ checker, checks: authenticators, sessions, current, look, renew, record }),

    ...createHere({ sessions, halfways, reading, look, current, record }),
    ...halfways,

    ...createEndings({ ...needs, sessions, knownBrowsers }),

    async removeEnded() {
      await knownBrowsers.removeEnded();
      await throttle.tidy();
      return sessions.removeEnded();
    },

    ...createSteps({ ...needs, checker, checks: authenticators, knownBrowsers, record }),
  };
  return signin;
}
