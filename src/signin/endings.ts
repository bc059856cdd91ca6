import type { Account } from '../account/account.ts';
import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { type EndedBy, settledBy } from '../older.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { SessionSeen, Sessions } from './sessions.ts';

/**
 * What else acts for an account, or is about to, ends when somebody signs everybody else out. `since` is how long the
 * account has had what vouches for them.
 */
export type EndElsewhere = (accountId: AccountId, since: number, transaction: DatabaseTransaction) => Promise<void>;

export type Endings = {
  /** Where the account is signed in, the one used last first. */
  sessionsOf(accountId: AccountId): Promise<SessionSeen[]>;
  /** Signs the account out in that browser and records it; false if it is not signed in there. */
  endSession(accountId: AccountId, sessionId: SessionId): Promise<boolean>;
  /** Ends every session of the account in every browser, except the one given, and what else acts for it. */
  endSessionsOf(
    accountId: AccountId,
    except: SessionId | undefined,
    by: EndedBy<SessionId>,
    transaction?: DatabaseTransaction,
  ): Promise<void>;
  /**
   * Ends the session named and every young one since `from`, and lets browsers that are as young be strangers again; what
   * was the account's before stays. Which sessions that ended.
   */
  endYoungSince(
    accountId: AccountId,
    young: { session: SessionId; from: number },
    transaction: DatabaseTransaction,
  ): Promise<SessionId[]>;
  /** Since when the account has had what vouches for whoever ends something: for ever, for a mailbox that is not young. */
  vouchedSince(accountId: AccountId, by: EndedBy<SessionId>, transaction?: DatabaseTransaction): Promise<number>;
  /** When the account was last signed in to in a browser that it had by then. */
  lastInBrowserOf(accountId: AccountId, settledBy: number): Promise<number | undefined>;
  /**
   * Somebody else was in the account: no browser but the one named counts as known any more, so that their next sign-in
   * is told and slowed down like a stranger's, and what else acts for the account ends. Sessions stay. A young session
   * makes no strangers of browsers that are older than itself: it may be the stranger's (fault A2).
   */
  distrust(
    accountId: AccountId,
    browserId: string | undefined,
    by: EndedBy<SessionId>,
    transaction?: DatabaseTransaction,
  ): Promise<void>;
  /** Whether the account has signed in in this browser before, as far as that is remembered. */
  knows(accountId: AccountId | undefined, browserId: string): Promise<boolean>;
};

/** How sessions end that are not this browser's own, and with them what a browser is known for. */
export function createEndings(needs: {
  database: Database;
  clock: Clock;
  journal: Pick<Journal, 'append'>;
  accounts: { find(id: AccountId, transaction?: DatabaseTransaction): Promise<Account | undefined> };
  sessions: Sessions;
  knownBrowsers: KnownBrowsers;
  endElsewhere?: EndElsewhere;
}): Endings {
  const { database, clock, journal, accounts, sessions, knownBrowsers } = needs;

  const vouchedSince: Endings['vouchedSince'] = async (accountId, by, trx) =>
    by === 'mailbox' ? 0 : ((await sessions.since(by, accountId, trx)) ?? Number.POSITIVE_INFINITY);

  const within = (work: (trx: DatabaseTransaction) => Promise<void>, transaction?: DatabaseTransaction) =>
    transaction ? work(transaction) : database.transaction(work);

  return {
    sessionsOf: (accountId) => sessions.sessionsOf(accountId),

    async endSession(accountId, sessionId) {
      if (!(await sessions.removeAccount(sessionId, accountId))) return false;
      await journal.append({ type: 'session_ended', accountId, data: { session: sessionId } });
      return true;
    },

    endSessionsOf: (accountId, except, by, transaction) =>
      within(async (trx) => {
        await needs.endElsewhere?.(accountId, await vouchedSince(accountId, by, trx), trx);
        await sessions.removeAccountEverywhere(accountId, except, trx);
      }, transaction),

    async endYoungSince(accountId, { session, from }, trx) {
      const account = await accounts.find(accountId, trx);
      if (!account) return [];
      const settled = settledBy(from, account);
      // Of what is about to get in nothing ends: it may be the owner, who has just begun (fault A2).
      await needs.endElsewhere?.(accountId, Number.POSITIVE_INFINITY, trx);
      const ended = await sessions.removeYoung(accountId, { from, settledBy: settled }, trx);
      if (await sessions.removeAccount(session, accountId, trx)) ended.push(session);
      await knownBrowsers.forgetYoung(accountId, settled, trx);
      for (const id of ended) await journal.append({ type: 'session_ended', accountId, data: { session: id } }, trx);
      return ended;
    },

    vouchedSince,
    lastInBrowserOf: knownBrowsers.lastSeen,

    knows: knownBrowsers.knows,

    distrust: (accountId, browserId, by, transaction) =>
      within(async (trx) => {
        const account = await accounts.find(accountId, trx);
        if (!account) return;
        const settled = settledBy(clock.now(), account);
        const since = await vouchedSince(accountId, by, trx);
        await needs.endElsewhere?.(accountId, since, trx);
        if (since <= settled) await knownBrowsers.forgetAll(accountId, browserId, trx);
        else await knownBrowsers.forgetYoung(accountId, settled, trx);
      }, transaction),
  };
}
