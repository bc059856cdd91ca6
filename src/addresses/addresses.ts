import { type Clock, days } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Mail } from '../drivers/mail/mail.ts';
import type { Sms } from '../drivers/sms/sms.ts';
import type { AccountId, AddressId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { Limits } from '../web/limits.ts';
import { directionOf, type Locale, type Messages, type Translate } from '../web/messages.ts';
import { createAddressesStore } from './addresses-store.ts';
import { callingCode } from './phone.ts';
import { createTexts, type TextResult } from './texts.ts';

/** A confirmed alternate of an account. `value` is a normalised mail address or a number in E.164. */
export type Address = { id: AddressId; kind: 'email' | 'phone'; value: string; addedAt: number };

/** For whom a mail is written: `email` is the account's own address, whichever address the mail goes to. */
export type Reader = { t: Translate; locale: Locale; dir: 'ltr' | 'rtl'; issuer: string; email: string };

export type Words = { subject: string; text: string; html: string };

export type Addresses = {
  /** The confirmed alternates, oldest first. */
  list(accountId: AccountId): Promise<Address[]>;
  /**
   * To the account's own address, every confirmed alternate e-mail address and whatever own address it gave up in the
   * last week (E19), in the account's language. Never throws: what fails is logged.
   */
  tell(accountId: AccountId, write: (reader: Reader) => Words, extra?: { alsoTo?: readonly string[] }): Promise<void>;
  /** The same, and says how many were reached: for a notice that is tried again until one is. */
  reach(accountId: AccountId, write: (reader: Reader) => Words, alsoTo?: readonly string[]): Promise<number>;
  /** A text message within the budgets (E24). `from` is who asked for it. */
  sendText(phone: string, text: string, from: { network: string }): Promise<TextResult>;
  /** False where nobody is sent texts, or nobody with a number of that country. */
  canText(phone: string): boolean;
};

/** How long a change of the account's own address can be taken back, and the old address goes on being told. */
export const undoFor = days(7);

export function createAddresses(needs: {
  database: Database;
  clock: Clock;
  secrets: Secrets;
  limits: Limits;
  mail: Mail;
  sms: Sms | undefined;
  messages: Messages;
  config: { issuer: string; smsCountries: readonly string[] | 'all'; smsPerDay: number };
  findAccount(id: AccountId): Promise<{ email: string; locale: Locale | undefined } | undefined>;
  /** For what failed after the act it belongs to was done. */
  failed(error: unknown, what: string): void;
}): Addresses {
  const { clock, mail, messages, config } = needs;
  const store = createAddressesStore(needs.database);
  const texts = createTexts({ ...needs, countries: config.smsCountries, perDay: config.smsPerDay });

  const recipients = async (accountId: AccountId, own: string, alsoTo: readonly string[]): Promise<string[]> => {
    const alternates = (await store.list(accountId)).filter(({ kind }) => kind === 'email').map(({ value }) => value);
    const before = await store.givenUp(accountId, clock.now() - undoFor);
    return [...new Set([own, ...alternates, ...before, ...alsoTo])];
  };

  const reach: Addresses['reach'] = async (accountId, write, alsoTo = []) => {
    const account = await needs.findAccount(accountId);
    if (!account) return 0;
    const locale = account.locale ?? 'en';
    const { t, dir } = { t: messages.translate(locale), dir: directionOf(locale) };
    const words = write({ t, locale, dir, issuer: config.issuer, email: account.email });
    const send = async (to: string): Promise<number> => {
      try {
        await mail.send({ ...words, to });
        return 1;
      } catch (error) {
        // One mailbox that refuses keeps the others from nothing.
        needs.failed(error, 'a notice to the owner of an account was not sent');
        return 0;
      }
    };
    const sent = await Promise.all((await recipients(accountId, account.email, alsoTo)).map(send));
    return sent.reduce((sum, one) => sum + one, 0);
  };

  return {
    async list(accountId) {
      const rows = await store.list(accountId);
      return rows.map(({ id, kind, value, added_at }) => ({ id, kind, value, addedAt: added_at }));
    },
    reach,
    async tell(accountId, write, { alsoTo = [] } = {}) {
      await reach(accountId, write, alsoTo).catch((error: unknown) =>
        needs.failed(error, 'the owner of an account was not told'),
      );
    },
    sendText: (phone, text, from) => texts.send(phone, text, from),
    canText: (phone) => texts.reaches(phone),
  };
}

/**
 * Enough to know one's own address by, too little to write to: `a•••@e•••.org`, `+49 ••• 78`. Always as many dots, so
 * that the length stays hidden too.
 */
export function maskAddress({ kind, value }: { kind: 'email' | 'phone'; value: string }): string {
  if (kind === 'phone') return `${callingCode(value)} ••• ${value.slice(-2)}`;
  const at = value.lastIndexOf('@');
  const host = value.slice(at + 1);
  const end = host.lastIndexOf('.');
  const first = (text: string): string => [...text][0] ?? '';
  return `${first(value)}•••@${first(host)}•••${end > 0 ? host.slice(end) : ''}`;
}
