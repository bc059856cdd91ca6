import type { Journal } from './drivers/journal/journal.ts';
import type { Mail } from './drivers/mail/mail.ts';
import type { Sms } from './drivers/sms/sms.ts';
import type { Metrics } from './metrics.ts';

/** Metrics are told what the journal is told, so that no room has to say everything twice. */
export function countEvents(journal: Journal, metrics: Metrics): Journal {
  const counts: Partial<Record<string, () => void>> = {
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
      counts[event.type]?.();
    },
  };
}

export function countMails(mail: Mail, metrics: Metrics): Mail {
  return { ...mail, send: (message) => counted(mail.send(message), metrics.mailed) };
}

export function countTexts(sms: Sms, metrics: Metrics): Sms {
  return { ...sms, send: (message) => counted(sms.send(message), metrics.texted) };
}

async function counted(sending: Promise<void>, count: (result: 'sent' | 'failed') => void): Promise<void> {
  try {
    await sending;
  } catch (error) {
    count('failed');
    throw error;
  }
  count('sent');
}
