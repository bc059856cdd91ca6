import type { Accounts } from '../account/account.ts';
import { type Clock, days } from '../clock.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { type AccountId, newId, type SessionId } from '../ids.ts';
import { settledBy, settling } from '../older.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { browserLabel } from '../signin/browser-name.ts';
import type { Signin } from '../signin/signin.ts';
import type { Done } from './disown.ts';
import type { TakeBack } from './take-back.ts';
import type { ChangeKind, WayChangeRow, WayChangesStore } from './way-changes-store.ts';

/** A change of a way in or of an address, as pages show it. Times are epoch milliseconds. */
export type WayChange = {
  accountId: AccountId;
  kind: ChangeKind;
  ref: string | undefined;
  browser: string | undefined;
  country: string | undefined;
  at: number;
  undone: boolean;
};

export type ChangeAsked = { kind: ChangeKind; ref?: string | undefined };

/** Sign-ins looked through for the one that a change was made in. */
const signInsRead = 100;
/** Long enough for the list at the end of a recovery, and no longer than places are kept (B23). */
const keptFor = days(30);

/** Every change of a way in: who made it, from where, and the link that takes it back for seven days (fault A2). */
export function createWayChanges(needs: {
  store: WayChangesStore;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  accounts: Pick<Accounts, 'find'>;
  signin: Pick<Signin, 'sessionsOf'>;
  journal: Pick<Journal, 'recent'>;
  takeBack: TakeBack['takeBack'];
  /** Tells every address that the link in the mail was used. */
  told(change: WayChange, done: Done): Promise<void>;
  failed(error: unknown, what: string): void;
}) {
  const { store, clock, random, secrets } = needs;
  const tokenHash = (token: string): string => secrets.hash('undo', `change ${token}`);

  const byToken = async (token: string): Promise<WayChangeRow | undefined> => {
    const row = await store.findByToken(tokenHash(token));
    return row && row.at + settling > clock.now() ? row : undefined;
  };

  /**
   * The session that a change is made in, and what is recorded of it where it has ended in the meantime: somebody who signs
   * out at the same moment would else have a passkey that no link takes off. What is not known is a stranger's.
   */
  const madeIn = async (accountId: AccountId, by: SessionId) => {
    const live = (await needs.signin.sessionsOf(accountId)).find(({ sessionId }) => sessionId === by);
    if (live) {
      const { methods, signedInAt: signed_in_at, since: vouched_since, country = null } = live;
      const browser = browserLabel(live.userAgent) ?? null;
      return { methods: methods.join(' '), signed_in_at, vouched_since, browser, country };
    }
    const signIns = await needs.journal.recent(accountId, signInsRead, { types: ['signed_in'] });
    const { at = clock.now(), data = {} } = signIns.find(({ data }) => data?.session === by) ?? {};
    const fact = (name: string): string | null => data[name]?.toString() ?? null;
    const from = { browser: fact('browser'), country: fact('country') };
    return { ...from, methods: fact('methods') ?? 'pwd', signed_in_at: at, vouched_since: at };
  };

  const undo = async (row: WayChangeRow): Promise<Done | undefined> => {
    const { account_id: accountId, session_id: session } = row;
    const now = clock.now();
    const account = await needs.accounts.find(accountId);
    const vouched = account !== undefined && row.vouched_since <= settledBy(row.at, account);
    const intrusion = { accountId, session, from: row.signed_in_at, methods: row.methods.split(' '), vouched };
    const claim = (trx: Parameters<typeof store.claim>[2]) => store.claim(row.id, now, trx);
    return needs.takeBack(intrusion, claim, { what: row.kind }, now);
  };

  return {
    /**
     * Notes it, and gives the path of the page that takes it back; undefined if it could not be noted. A change that is
     * made does not look undone because of it.
     */
    async undoable(accountId: AccountId, by: SessionId, { kind, ref }: ChangeAsked): Promise<string | undefined> {
      try {
        const token = random.token(32);
        await store.insert({
          ...{ id: newId(random), account_id: accountId, session_id: by, kind, ref: ref ?? null },
          ...{ ...(await madeIn(accountId, by)), at: clock.now(), token_hash: tokenHash(token), undone_at: null },
        });
        return `/activity/change/${token}`;
      } catch (error) {
        needs.failed(error, 'a change of a way in was not noted');
        return undefined;
      }
    },

    async find(token: string): Promise<WayChange | undefined> {
      const row = await byToken(token);
      return row && changeOf(row);
    },

    /** Once: whoever reads the mail can only take away. */
    async undo(token: string): Promise<void> {
      const row = await byToken(token);
      const done = row && row.undone_at === null ? await undo(row) : undefined;
      if (row && done) await needs.told({ ...changeOf(row), undone: true }, done);
    },

    /** The same for a change that has a link of its own, was taken back by it, and is told of. */
    async undone(accountId: AccountId, { kind, ref }: { kind: ChangeKind; ref: string }): Promise<void> {
      const row = await store.findByRef(accountId, kind, ref);
      if (row && row.undone_at === null) await undo(row);
    },

    /** Those of the last thirty days, the first one first. */
    async lately(accountId: AccountId): Promise<WayChange[]> {
      return (await store.since(accountId, clock.now() - keptFor)).map(changeOf);
    },

    tidy: (): Promise<void> => store.removeBefore(clock.now() - keptFor),
  };
}

function changeOf(row: WayChangeRow): WayChange {
  return {
    accountId: row.account_id,
    kind: row.kind,
    ref: row.ref ?? undefined,
    browser: row.browser ?? undefined,
    country: row.country ?? undefined,
    at: row.at,
    undone: row.undone_at !== null,
  };
}
