import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createAccounts, displayName } from './account/account.ts';
import { accountPlugin } from './account/account-plugin.ts';
import { createSignup } from './account/signup.ts';
import { type ActivityNeeds, createActivity } from './activity/activity.ts';
import { activityPlugin } from './activity/activity-plugin.ts';
import { createAddresses, maskAddress, shownAddress } from './addresses/addresses.ts';
import { addressesPlugin } from './addresses/addresses-plugin.ts';
import type { Ender } from './addresses/email-changes.ts';
import { createAuthenticators } from './authenticators/authenticators.ts';
import { createCodeMail } from './authenticators/code-mail.ts';
import { createFailuresMail } from './authenticators/failures-mail.ts';
import type { Config } from './config.ts';
import type { Devices } from './devices/devices.ts';
import type { DatabaseTransaction } from './drivers/database/database.ts';
import { asciiEmail } from './email.ts';
import type { Visit } from './engine/visit.ts';
import { createClosing } from './home/closing.ts';
import { createHome } from './home/home.ts';
import { homePlugin } from './home/home-plugin.ts';
import type { AccountId, SessionId } from './ids.ts';
import type { Limits } from './limits/limits.ts';
import type { Outside } from './outside.ts';
import type { PasskeyDomain } from './passkey-domain.ts';
import { createBelongings } from './recovery/belongings.ts';
import { createNotices } from './recovery/notices.ts';
import { createRecovery } from './recovery/recovery.ts';
import { recoveryPlugin } from './recovery/recovery-plugin.ts';
import { createSending } from './recovery/sending.ts';
import { securityPlugin } from './security/security-plugin.ts';
import { createHalfSignedInMail } from './signin/half-mail.tsx';
import { registerSessions } from './signin/session-cookie.ts';
import { longestSession } from './signin/sessions.ts';
import { type AfterSignIn, createSignin, type SignedIn, type SignInFacts, type Signin } from './signin/signin.ts';
import { signinPlugin } from './signin/signin-plugin.ts';
import { acrOf, amrOf } from './signin/strength.ts';
import { recogniseBrowserOutside } from './web/guard.ts';
import type { Live } from './web/live.ts';
import type { Messages } from './web/messages.ts';

export type PersonNeeds = Pick<
  Outside,
  'database' | 'ephemeral' | 'clock' | 'random' | 'secrets' | 'journal' | 'mail' | 'sms' | 'places'
> & {
  config: Pick<Config, 'issuer' | 'development' | 'activityDays' | 'requireSecondStep' | 'smsCountries' | 'smsPerDay'> &
    Partial<PasskeyDomain>;
  messages: Messages;
  limits: Limits;
  live: Live;
  /** The rooms above: devices, and the apps they use. */
  devices: Devices;
  clientNames: ActivityNeeds['clientNames'];
  /** Ends every token and session that apps have of an account. */
  revokeAccount(accountId: AccountId): Promise<void>;
  /** Ends what apps were given by the account's signing in; linked devices stay. */
  revokeApps(accountId: AccountId, transaction: DatabaseTransaction): Promise<void>;
  /** Ends what an account allowed apps in one session of ours. */
  endAppSession?: ((sessionId: SessionId, accountId: AccountId) => Promise<void>) | undefined;
  /** For what failed after the act it belongs to was done: the act stands, the operator reads of it. */
  failed(err: unknown, what: string): void;
  /** Hears of every sign-in, beside the rooms here. */
  signedInFrom?: (facts: SignInFacts) => void;
};

export type Person = ReturnType<typeof createPerson>;

/** Composes the rooms about a person: accounts, ways to prove who it is, sessions, and their pages. */
export function createPerson(needs: PersonNeeds) {
  const { random, ephemeral, mail, live, journal, clock } = needs;
  const { smsCountries } = needs.config;
  const onlyCountry = smsCountries !== 'all' && smsCountries.length === 1 ? smsCountries[0] : undefined;
  const accounts = createAccounts(needs);
  const userIdOf = (id: AccountId) => accounts.passkeyUserId(id);
  /** Fault A2: whatever ends what is about to get in says who does it, and comes by here. */
  const endRecoveries = async (id: AccountId, by: Ender, trx: DatabaseTransaction): Promise<void> => {
    if (by) await recovery.endAll(id, await signin.vouchedSince(id, by, trx), trx);
  };
  const addresses = createAddresses({
    ...needs,
    findAccount: accounts.find,
    findByEmail: accounts.findByEmail,
    lockAccount: accounts.lock,
    changeEmail: accounts.changeEmail,
    endRecoveries,
    undoable: (id, by, change) => activity.changes.undoable(id, by, change),
    isSignedIn: async (id, sessionId) => (await signin.sessionsOf(id)).some((one) => one.sessionId === sessionId),
  });
  const manyFailures = createFailuresMail({
    ephemeral,
    tell: addresses.tell,
    notSent: (err) => needs.failed(err, 'the mail about failures was not sent'),
  });
  const codeUsed = createCodeMail({
    tell: addresses.tell,
    notSent: (err) => needs.failed(err, 'the mail about a used code was not sent'),
  });
  const authenticators = createAuthenticators({ ...needs, manyFailures, codeUsed, userIdOf });
  const halves = createHalfSignedInMail({
    ...needs,
    tell: addresses.tell,
    notSent: (err) => needs.failed(err, 'the mail about half a sign-in was not sent'),
  });
  const signedInFrom = (facts: SignInFacts): void => {
    activity.signedIn(facts);
    needs.signedInFrom?.(facts);
  };
  const signin: Signin = createSignin({
    ...{ ...needs, accounts, authenticators, signedInFrom, halfSignedIn: halves.halfSignedIn },
    leftSession: needs.endAppSession,
    async endElsewhere(id, since, trx) {
      await recovery.endAll(id, since, trx);
      await needs.revokeApps(id, trx);
    },
  });
  const signup = createSignup({ ...needs, accounts, isKept: addresses.isKept });
  const notices = createNotices({ ...needs, reach: addresses.reach });
  const recovery = createRecovery({
    ...{ ...needs, accounts, addresses, authenticators },
    async endSessions(id, trx, browserId) {
      await signin.endSessionsOf(id, undefined, 'mailbox', trx);
      await signin.distrust(id, browserId, 'mailbox', trx);
    },
    tellOwner: notices.status,
    knows: signin.knows,
    vouchedSince: (id, by) => signin.vouchedSince(id, by),
    maskPhone: (value) => maskAddress({ kind: 'phone', value }),
  });
  const belongings = createBelongings({
    ...needs,
    authenticators,
    addresses: {
      list: addresses.list,
      ownSince: addresses.ownSince,
      findUndo: addresses.findUndo,
      shown: shownAddress,
    },
    changesOf: (id) => activity.changes.lately(id),
    lastInBrowserOf: (id, settled) => signin.lastInBrowserOf(id, settled),
  });
  const sending = createSending({ ...needs, issuer: needs.config.issuer, recovery, addresses, knows: signin.knows });
  const activity = createActivity({
    ...{ ...needs, accounts, signin, authenticators, addresses },
    recovery,
  });
  const closing = createClosing({
    ...needs,
    accounts,
    tell: addresses.tell,
    endSessionsOf: (id, by) => signin.endSessionsOf(id, undefined, by),
    forgetEvents: (id) => needs.journal.forgetAccount(id),
  });
  const home = createHome({
    ...needs,
    ...{ accounts, addresses, authenticators, closing },
    sessionsOf: (id) => signin.sessionsOf(id),
  });

  return {
    accounts,
    addresses,
    authenticators,
    signin,
    signup,
    activity,
    recovery,

    /** For the web shell: who is signed in, and whether somebody is getting into that account. */
    async readPerson(request: FastifyRequest) {
      const present = await signin.readPerson(request);
      return present?.person ? { ...present, recovery: await recovery.pending(present.accountId) } : present;
    },

    /** For the engine: the browser it is asked by, and who is signed in there by our session (decision 6). */
    async visitOf(request: FastifyRequest, reply: FastifyReply): Promise<Visit> {
      recogniseBrowserOutside(request, reply);
      const { browserId } = request;
      const { sessionId, current, others } = (await signin.read(request)) ?? {};
      // A session that is good for looking alone has no id, and signs nobody in to an app.
      if (!sessionId || !current || !others) return { browserId, visitor: undefined };
      const { accountId, methods, signedInAt, provenAt } = current;
      const visitor = {
        ...{ sessionId, accountId, signedInAt, provenAt, others: others.map((other) => other.accountId) },
        ...{ endsAt: signedInAt + longestSession, acr: acrOf(methods), amr: amrOf(methods) },
        canReach: (wanted: readonly string[]) => signin.canReach(accountId, wanted),
      };
      return { browserId, visitor };
    },

    /** OpenID Connect Core §5.1. */
    async claimsOf(id: AccountId) {
      const account = await accounts.find(id);
      return (
        account && {
          sub: account.id,
          name: displayName(account),
          preferred_username: account.email,
          // OpenID Connect Core §5.1: an addr-spec of RFC 5322, which is ASCII; apps compare it with what they have.
          email: asciiEmail(account.email),
          email_verified: true,
          ...(account.locale ? { locale: account.locale } : {}),
        }
      );
    },

    /** Where somebody who has just signed in must look first, whatever they came for. */
    async mustSee({ current }: SignedIn): Promise<string | undefined> {
      return (await accounts.find(current.accountId))?.closingAt === undefined ? undefined : '/profile/close';
    },

    /** To be called on the scope of all pages, before any of them: the session is theirs to read and renew. */
    registerSessions,

    /** The pages. `mailbox` and `textbox` are where mails and texts can be read in development. */
    async register(
      pages: FastifyInstance,
      outside: { afterSignIn: AfterSignIn; mailbox?: string | undefined; textbox?: string | undefined },
    ) {
      const { mailbox } = outside;
      // What they came for is kept until they have the second step that the operator wants.
      const afterSignIn: AfterSignIn = async (done) =>
        (await signin.settingUp(done.request)) ? '/signin/setup' : outside.afterSignIn(done);
      await accountPlugin(pages, {
        signup,
        accounts,
        authenticators,
        random,
        mail,
        live,
        mailbox,
        startSession: (request, accountId, methods) => signin.start(request, accountId, methods, { justMade: true }),
        afterSignIn,
      });
      await signinPlugin(pages, { signin, afterSignIn });
      await addressesPlugin(pages, {
        addresses,
        mail,
        live,
        ...{ mailbox, textbox: outside.textbox },
        findAccount: accounts.find,
        findByEmail: accounts.findByEmail,
        countryOf: (request) => onlyCountry ?? needs.places.countryOf(request.headers),
        signedIn: (request) => request.signedIn,
        requireSignedIn: signin.requireSignedIn,
        requireFreshProof: signin.requireFreshProof,
        async endOtherSessions({ signedIn }, { accountId: id, id: change }) {
          const here = signedIn && [signedIn.current, ...signedIn.others].some(({ accountId }) => accountId === id);
          await activity.changes.undone(id, { kind: 'own', ref: change });
          await signin.endSessionsOf(id, here ? signedIn.sessionId : undefined, 'mailbox');
        },
      });
      await activityPlugin(pages, { activity, signin, journal, clock });
      await recoveryPlugin(pages, {
        ...{ ...needs, recovery, sending, signin, authenticators, userIdOf, mailbox, belongings },
        textbox: outside.textbox,
        tellLost: notices.reportedLost,
      });
      await homePlugin(pages, {
        home,
        requireSignedIn: (request, reply) => signin.requireSignedIn(request, reply),
        requireFreshProof: (request, reply) => signin.requireFreshProof(request, reply),
        activity,
      });
      await securityPlugin(pages, {
        ...{ authenticators, signin, places: needs.places, tell: addresses.tell, userIdOf },
        undoable: (id, by, change) => activity.changes.undoable(id, by, change),
        endRecoveries: (id, by) => needs.database.transaction((trx) => endRecoveries(id, by, trx)),
      });
    },

    /** Housekeeping, every minute. */
    async tidy(): Promise<void> {
      await signin.removeEnded();
      await signup.removeEnded();
      await addresses.tidy();
      await activity.tidy();
      await recovery.tidy();
      await closing.finish();
    },

    /** For an operator's command. */
    tellOfOperatorCode: notices.issuedByOperator,

    /** When everybody who is being told of something has been told. */
    settled: async () => void (await Promise.all([recovery.settled(), activity.notices.settled(), halves.settled()])),
  };
}
