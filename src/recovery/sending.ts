import type { Mailbox } from '../addresses/telling.ts';
import { textWithCode } from '../addresses/texts.ts';
import type { Clock } from '../clock.ts';
import type { Mail } from '../drivers/mail/mail.ts';
import { AppError } from '../errors.ts';
import { type AccountId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { PageContext } from '../web/page.ts';
import type { Attempt, From } from './attempt.ts';
import { isReachablePhone } from './lost-things.ts';
import type { Recovery, RecoveryNeeds } from './recovery.ts';
import { codeMail, noAccountMail, type Reader, tooYoungMail } from './recovery-mail.tsx';

export type Sending = {
  /** A code to the address typed, and to every other confirmed e-mail address of its account. */
  mail(attempt: Attempt, page: PageContext, from: From): Promise<void>;
  /** A code to the account's number that ends in these digits, if there is one. Takes as long if there is none (F5). */
  text(attempt: Attempt, lastDigits: string, page: PageContext, from: From): Promise<void>;
};

export type SendingNeeds = {
  clock: Clock;
  random: Random;
  issuer: string;
  mail: Mail;
  recovery: Pick<Recovery, 'codes'>;
  knows: RecoveryNeeds['knows'];
  addresses: {
    list(
      accountId: AccountId,
    ): Promise<{ kind: 'email' | 'phone'; value: string; addedAt: number; suspendedAt: number | undefined }[]>;
    mailboxes(accountId: AccountId, began: number): Promise<Mailbox[]>;
    sendText(phone: string, text: string, from: { network: string }): Promise<unknown>;
  };
  failed(error: unknown, what: string): void;
};

/** Of a phone number, what its owner knows by heart and nobody is shown: asked for, so that no stranger sends texts (E24). */
export const lastDigitsAsked = 4;

export function createSending(needs: SendingNeeds): Sending {
  const { clock, random, issuer, recovery, addresses, failed } = needs;

  const allow = async (attempt: Attempt, channel: 'email' | 'text', { network, browserId }: From): Promise<void> => {
    const own = (await needs.knows(attempt.accountId, browserId)) ? browserId : undefined;
    const allowed = await recovery.codes.allow({ email: attempt.email, channel, network, own });
    if (!allowed.allowed) {
      throw new AppError('too_many_tries', 'Too many codes were asked for.', allowed);
    }
  };
  // For nobody's account the same question is asked about nobody (F5).
  const addressesOf = (attempt: Attempt) => addresses.list(attempt.accountId ?? newId<AccountId>(random));

  return {
    async mail(attempt, page, from) {
      await allow(attempt, 'email', from);
      const known = attempt.accountId !== undefined;
      const mailboxes = await addresses.mailboxes(attempt.accountId ?? newId<AccountId>(random), attempt.startedAt);
      const settled = mailboxes.filter((one) => one.settled && (!one.givenUp || one.value === attempt.email));
      const alternates = settled.filter(({ value }) => value !== attempt.email);
      // Fault A2: whoever got in a few days ago may have put an address of their own in the owner's place.
      const young = known && !settled.some(({ value }) => value === attempt.email);
      const sent = await recovery.codes.issue(attempt, 'email', settled.length > 0);
      const reader: Reader = { ...page, issuer, email: attempt.email };
      const seen = { at: clock.now(), country: from.country, userAgent: from.userAgent };
      // Whoever typed one address does not wait for the mails to others, whose number the time would tell.
      setImmediate(() => {
        for (const { value } of alternates) {
          needs.mail
            .send(codeMail(reader, value, { ...sent, ...seen }))
            .catch((error) => failed(error, 'a code to an alternate address was not sent'));
        }
      });
      const message = young
        ? tooYoungMail(reader, attempt.email, seen)
        : known
          ? codeMail(reader, attempt.email, { ...sent, ...seen })
          : noAccountMail(reader, attempt.email, seen);
      await needs.mail.send(message).catch((cause) => {
        throw new AppError('unavailable', 'The mail could not be handed over.', { cause });
      });
    },

    async text(attempt, lastDigits, page, from) {
      await allow(attempt, 'text', from);
      const phones = (await addressesOf(attempt)).filter(
        (one) => isReachablePhone(one) && one.addedAt <= attempt.settledBy,
      );
      const meant = phones.filter(({ value }) => value.endsWith(lastDigits));
      const { code } = await recovery.codes.issue(attempt, 'text', meant.length > 0);
      const words = textWithCode(page.t('recovery.text.code', { code, host: new URL(issuer).host }), issuer, code);
      setImmediate(() => {
        for (const { value } of meant) {
          addresses
            .sendText(value, words, { network: from.network })
            .catch((error) => failed(error, 'a code by text was not sent'));
        }
      });
    },
  };
}
