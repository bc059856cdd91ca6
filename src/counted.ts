import type { Journal } from './drivers/journal/journal.ts';
import type { Mail } from './drivers/mail/mail.ts';
import type { Metrics } from './metrics.ts';

/** Metrics are told what the journal is told, so that no room has to say everything twice. */
export function countEvents(journal: Journal, metrics: Metrics): Journal {
  const counted: Partial<Record<string, () => void>> = {
    code_issued: () => metrics.codeIssued(),
    approved: () => metrics.decided('approved'),
    declined: () => metrics.decided('declined'),
    reported: () => metrics.decided('reported'),
    wrong_code: () => metrics.wrongCode(),
    redeemed: () => metrics.redeemed(),
    redeemed_again: () => metrics.answeredAgain(),
  };
  return {
    ...journal,
    async append(event, transaction) {
      await journal.append(event, transaction);
      counted[event.type]?.();
    },
  };
}

export function countMails(mail: Mail, metrics: Metrics): Mail {
  return {
    ...mail,
    send: (message) =>
      mail.send(message).then(
        () => metrics.mailed('sent'),
        (error: unknown) => {
          metrics.mailed('failed');
          throw error;
        },
      ),
  };
}
