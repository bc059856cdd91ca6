import { days, hours } from '../clock.ts';
import type { Sms } from '../drivers/sms/sms.ts';
import { AppError } from '../errors.ts';
import type { Limits } from '../limits/limits.ts';
import type { Secrets } from '../secrets.ts';
import { countryOf } from './phone.ts';

export type TextResult = 'sent' | 'over_budget' | 'failed';

/** What is sent a day to one number, one block of numbers and from one network, whoever asks (E24). */
const budgets = { number: 6, block: 20, network: 20 };

/**
 * Sends texts within budgets: texts cost money, and fraud asks for many to numbers it is paid for. Such numbers lie side
 * by side, so a block of ten thousand has a budget of its own, and everything together has one that ends the damage.
 */
export function createTexts(needs: {
  sms: Sms | undefined;
  limits: Limits;
  secrets: Secrets;
  countries: readonly string[] | 'all';
  perDay: number;
  failed(error: unknown, what: string): void;
}) {
  const { sms, limits, secrets, countries, perDay } = needs;

  const allowedCountry = (phone: string): boolean => {
    const country = countryOf(phone);
    return country !== undefined && (countries === 'all' || countries.includes(country));
  };

  /** The narrowest first: what one number or network has used up takes nothing from the others. */
  const withinBudgets = async (phone: string, network: string): Promise<boolean> => {
    const number = secrets.hash('network', phone);
    const checks = [
      { key: `text:${number}`, limit: budgets.number },
      { key: `texts-from:${network}`, limit: budgets.network },
      { key: `texts-to:${phone.slice(0, -4)}`, limit: budgets.block },
      { key: 'texts', limit: perDay },
    ];
    if (!(await limits.hit(`text-soon:${number}`, { limit: 3, window: hours(1) })).allowed) return false;
    for (const { key, limit } of checks) {
      const { allowed, count } = await limits.hit(key, { limit, window: days(1) });
      if (!allowed && key === 'texts' && count === limit + 1)
        needs.failed(new Error(`LATCHKEY_SMS_PER_DAY (${limit}) is used up`), 'no more texts are sent today');
      if (!allowed) return false;
    }
    return true;
  };

  return {
    /** May this number be sent texts at all? */
    reaches: (phone: string): boolean => sms !== undefined && allowedCountry(phone),

    async send(phone: string, text: string, { network }: { network: string }): Promise<TextResult> {
      if (!sms || !allowedCountry(phone)) return 'failed';
      if (!(await withinBudgets(phone, network))) return 'over_budget';
      try {
        await sms.send({ to: phone, text });
        return 'sent';
      } catch (error) {
        // A number that gets no texts is no news for the operator.
        if (!(error instanceof AppError && error.code === 'bad_request')) needs.failed(error, 'a text was not sent');
        return 'failed';
      }
    },
  };
}

/**
 * The words, and a last line by which phones offer the code on that site alone (WICG, origin-bound one-time codes).
 * Never a link: whoever teaches people to open links in texts teaches them to be phished.
 */
export function textWithCode(words: string, issuer: string, code: string): string {
  return `${words}\n\n@${new URL(issuer).hostname} #${code}`;
}
