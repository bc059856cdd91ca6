import type { Account } from '../account/account.ts';
import { type Clock, days } from '../clock.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { EndedBy } from '../older.ts';
import { type ClosingWords, closedWords, closingWords, keptWords } from './closing-mail.tsx';

/** Long enough to come back from a holiday and find that somebody else has done it. */
export const graceDays = 14;
const grace = days(graceDays);
const closedAtOnce = 20;

type Needs = {
  clock: Clock;
  accounts: {
    find(id: AccountId): Promise<Account | undefined>;
    beginClosing(id: AccountId, at: number): Promise<boolean>;
    cancelClosing(id: AccountId): Promise<boolean>;
    closingBefore(time: number, limit: number): Promise<Account[]>;
    removeClosed(id: AccountId): Promise<boolean>;
  };
  devices: { unlinkAll(accountId: AccountId): Promise<number> };
  endSessionsOf(accountId: AccountId, by: EndedBy<SessionId>): Promise<void>;
  /** Ends every token and session that apps have of the account. */
  revokeAccount(accountId: AccountId): Promise<void>;
  /** Forgets what was recorded of the account. */
  forgetEvents(accountId: AccountId): Promise<void>;
  tell(accountId: AccountId, write: ClosingWords): Promise<void>;
  failed(error: unknown, what: string): void;
};

export type Closing = ReturnType<typeof createClosing>;

/** Closing an account: everything that acts for it ends at once, the account itself after a time in which it can be kept. */
export function createClosing(needs: Needs) {
  const { clock, accounts } = needs;

  const endWhatActsFor = async (accountId: AccountId, by: EndedBy<SessionId>): Promise<void> => {
    await needs.devices.unlinkAll(accountId);
    await needs.revokeAccount(accountId);
    await needs.endSessionsOf(accountId, by);
  };

  const remove = async (account: Account): Promise<void> => {
    // What acts for the account ends before the account does: a crash in between is finished at the next turn.
    await endWhatActsFor(account.id, 'mailbox');
    // While there still is somebody to tell; the mail does not wait for an answer.
    await needs.tell(account.id, closedWords());
    await needs.forgetEvents(account.id);
    await accounts.removeClosed(account.id);
  };

  return {
    /** When the account will be removed; undefined if it was closing already, or is gone. */
    async begin(accountId: AccountId, by: SessionId): Promise<number | undefined> {
      const at = clock.now() + grace;
      if (!(await accounts.beginClosing(accountId, at))) return undefined;
      await endWhatActsFor(accountId, by);
      await needs.tell(accountId, closingWords(at));
      return at;
    },

    async keep(accountId: AccountId): Promise<boolean> {
      const kept = await accounts.cancelClosing(accountId);
      if (kept) await needs.tell(accountId, keptWords());
      return kept;
    },

    /** Removes the accounts whose time has come. For a timer. */
    async finish(): Promise<void> {
      for (const account of await accounts.closingBefore(clock.now(), closedAtOnce)) {
        await remove(account).catch((error: unknown) => needs.failed(error, 'a closed account was not removed'));
      }
    },
  };
}
