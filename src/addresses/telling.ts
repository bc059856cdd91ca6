import type { Clock } from '../clock.ts';
import type { Mail } from '../drivers/mail/mail.ts';
import type { AccountId } from '../ids.ts';
import { settledBy } from '../older.ts';
import { directionOf, type Locale, type Messages, type Translate } from '../web/messages.ts';
import type { EmailChanges } from './email-changes.ts';

/**
 * For whom a mail is written: `email` is the account's own address, whichever address the mail goes to. `settled` if this
 * one has been the account's for so long that whoever reads it may end something with a link (fault A2): a link that opens
 * or takes back something is written for no other.
 */
export type Reader = {
  t: Translate;
  locale: Locale;
  dir: 'ltr' | 'rtl';
  issuer: string;
  email: string;
  settled: boolean;
};

/** A mailbox of an account; times are epoch milliseconds. */
export type Mailbox = { value: string; since: number; settled: boolean; givenUp: boolean };

export type Words = { subject: string; text: string; html: string };

/** `alsoTo` are addresses that are not the account's any more; `began` is when what is told of began, or now. */
export type Telling = { alsoTo?: readonly { value: string; since: number }[]; began?: number };

export type Found = { email: string; locale: Locale | undefined; createdAt: number };

export type Tellings = {
  /**
   * To the account's own address, every confirmed alternate e-mail address and whatever own address it gave up in the
   * last week (E19), in the account's language. Never throws: what fails is logged.
   */
  tell(accountId: AccountId, write: (reader: Reader) => Words, more?: Telling): Promise<void>;
  /** The same, and says how many were reached: for a notice that is tried again until one is. */
  reach(accountId: AccountId, write: (reader: Reader) => Words, more?: Telling): Promise<number>;
  /**
   * Every mailbox that hears of the account: its own address first, its alternates, and those it gave up in the last week;
   * which of them were settled when something began at `began`.
   */
  mailboxes(accountId: AccountId, began: number): Promise<Mailbox[]>;
};

const nobody: Found = { email: '', locale: undefined, createdAt: 0 };

/** Writes to all addresses of an owner. */
export function createTelling(needs: {
  mail: Mail;
  messages: Messages;
  config: { issuer: string };
  clock: Clock;
  findAccount(id: AccountId): Promise<Found | undefined>;
  list(id: AccountId): Promise<{ kind: 'email' | 'phone'; value: string; added_at: number }[]>;
  ownAddresses: EmailChanges['ownAddresses'];
  failed(error: unknown, what: string): void;
}): Tellings {
  const { mail, messages, config } = needs;

  const listed = async (
    accountId: AccountId,
    account: Found,
    { alsoTo = [], began = needs.clock.now() }: Telling,
  ): Promise<Mailbox[]> => {
    const [own, all] = await Promise.all([needs.ownAddresses(accountId, account.email), needs.list(accountId)]);
    const alternates = all.filter(({ kind }) => kind === 'email').map((row) => ({ ...row, since: row.added_at }));
    const each = new Map<string, number>();
    for (const { value, since } of [...own, ...alternates, ...alsoTo])
      each.set(value, Math.min(since, each.get(value) ?? since));
    const by = settledBy(began, account);
    const kept = [account.email, ...alternates.map(({ value }) => value)];
    return [...each].map(([value, since]) => ({ value, since, settled: since <= by, givenUp: !kept.includes(value) }));
  };

  const reach: Tellings['reach'] = async (accountId, write, more = {}) => {
    const account = await needs.findAccount(accountId);
    if (!account) return 0;
    const locale = account.locale ?? 'en';
    const { t, dir } = { t: messages.translate(locale), dir: directionOf(locale) };
    const reader = { t, locale, dir, issuer: config.issuer, email: account.email };
    const send = async ({ value: to, settled }: Mailbox): Promise<number> => {
      try {
        await mail.send({ ...write({ ...reader, settled }), to });
        return 1;
      } catch (error) {
        // One mailbox that refuses keeps the others from nothing.
        needs.failed(error, 'a notice to the owner of an account was not sent');
        return 0;
      }
    };
    const sent = await Promise.all((await listed(accountId, account, more)).map(send));
    return sent.reduce((sum, one) => sum + one, 0);
  };

  return {
    reach,
    async mailboxes(accountId, began) {
      const account = await needs.findAccount(accountId);
      // Of nobody the same is asked: a stranger must not be able to tell the two apart by the time it takes (F5).
      const found = await listed(accountId, account ?? nobody, { began });
      return account ? found : [];
    },
    async tell(accountId, write, more) {
      await reach(accountId, write, more).catch((error: unknown) =>
        needs.failed(error, 'the owner of an account was not told'),
      );
    },
  };
}
