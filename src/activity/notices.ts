import { type Clock, days, minutes } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { type AccountId, newId } from '../ids.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { browserLabel } from '../signin/browser-name.ts';
import type { SignInFacts } from '../signin/signin.ts';
import { createNoticesStore, type NoticeRow } from './notices-store.ts';
import type { TakeBack } from './take-back.ts';

/** A sign-in that its owner was told of, as the page behind the mail's link shows it. */
export type Notice = {
  accountId: AccountId;
  /** The row of the activity, while it is kept. */
  eventId: string | undefined;
  browser: string | undefined;
  country: string | undefined;
  at: number;
  ended: boolean;
};

export type NoticesNeeds = {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  journal: Pick<Journal, 'recent'>;
  takeBack: TakeBack['takeBack'];
  /** Writes to every address of the account; how many were reached. */
  write(notice: Notice, token: string): Promise<number>;
  /** Tells every address that the link in the mail was used. */
  ended(notice: Notice): Promise<void>;
  /** For what failed after the sign-in it belongs to was done. */
  failed(error: unknown, what: string): void;
};

/** How long the link in the mail works. */
export const noticeTime = days(7);
/** Enough for somebody with many browsers; beyond it, mails would only teach people to look away. */
const mailsADay = limitTable.signInNotices;
const triedFor = days(1);
const triedAtOnce = 50;

/** Mails about sign-ins in browsers that an account has not been used in before, each with a way to end it. */
export function createNotices(needs: NoticesNeeds) {
  const { clock, random, secrets, limits, journal } = needs;
  const store = createNoticesStore(needs.database);
  /** Derived, so that a mail that is tried again holds the same link; only its hash is kept. */
  const tokenOf = (id: string): string => secrets.hash('undo', `token of sign-in ${id}`);
  const pending = new Set<Promise<void>>();

  const tell = async (row: NoticeRow): Promise<void> => {
    const reached = await needs.write(noticeOf(row), tokenOf(row.id));
    if (reached > 0) await store.markTold(row.id, clock.now());
  };

  const notice = async (facts: SignInFacts): Promise<void> => {
    const turn = await limits.hit(`sign-in-notice:${facts.accountId}`, mailsADay);
    if (!turn.allowed) return;
    const events = await journal.recent(facts.accountId, 20, { types: ['signed_in'] });
    const id = newId(random);
    const row: NoticeRow = {
      id,
      account_id: facts.accountId,
      session_id: facts.sessionId,
      event_id: events.find(({ data }) => data?.session === facts.sessionId)?.id ?? null,
      token_hash: secrets.hash('undo', tokenOf(id)),
      browser: browserLabel(facts.userAgent) ?? null,
      country: facts.country ?? null,
      methods: facts.methods.join(' '),
      credential: facts.credential ?? null,
      signed_in_at: facts.at,
      told_at: null,
      ended_at: null,
    };
    await store.insert(row);
    await tell(row);
  };

  const byToken = async (token: string): Promise<NoticeRow | undefined> => {
    const row = await store.findByToken(secrets.hash('undo', token));
    return row && row.signed_in_at + noticeTime > clock.now() ? row : undefined;
  };

  return {
    /** Told after every sign-in. Nobody waits for the mail. */
    signedIn(facts: SignInFacts): void {
      if (!facts.newBrowser) return;
      const told = notice(facts).catch((error: unknown) =>
        needs.failed(error, 'the mail about a sign-in was not sent'),
      );
      pending.add(told);
      void told.finally(() => pending.delete(told));
    },

    /** Resolves when every mail on its way has been handed on, or has failed. */
    settled: async (): Promise<void> => void (await Promise.all(pending)),

    async find(token: string): Promise<Notice | undefined> {
      const row = await byToken(token);
      return row && noticeOf(row);
    },

    /** Ends that sign-in and what may have come of it: whoever reads the mail can only take away. */
    async end(token: string): Promise<void> {
      const row = await byToken(token);
      if (!row) return;
      const { account_id: accountId, session_id: session, event_id: event } = row;
      const now = clock.now();
      // Where it is not known what was used, it is taken for the password, which is what is known to others.
      const methods = (row.methods ?? 'pwd').split(' ');
      const intrusion = {
        accountId,
        session,
        from: row.signed_in_at,
        methods,
        // It was a sign-in that nobody knows of, whatever vouched for it.
        vouched: false,
        credential: row.credential ?? undefined,
      };
      const about = { event: event ?? undefined, what: 'signed_in' };
      if (!(await needs.takeBack(intrusion, (trx) => store.markEnded(row.id, now, trx), about, now))) return;
      await needs.ended(noticeOf({ ...row, ended_at: now }));
    },

    /** Tries mails again that were refused, and forgets old links. For a timer. */
    async tidy(): Promise<void> {
      const now = clock.now();
      await store.removeBefore(now - noticeTime);
      for (const row of await store.untold(now - triedFor, now - minutes(1), triedAtOnce)) await tell(row);
    },
  };
}

function noticeOf(row: NoticeRow): Notice {
  return {
    accountId: row.account_id,
    eventId: row.event_id ?? undefined,
    browser: row.browser ?? undefined,
    country: row.country ?? undefined,
    at: row.signed_in_at,
    ended: row.ended_at !== null,
  };
}
