import type { Sms } from '../drivers/sms/sms.ts';
import { AppError } from '../errors.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { Secrets } from '../secrets.ts';
import { countryOf } from './phone.ts';

export type TextResult = 'sent' | 'over_budget' | 'failed';

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

  /**
   * Who asks first, the narrowest next: what one network or number has used up takes nothing from the others (fault B4,
   * E24).
   */
  const withinBudgets = async (phone: string, network: string): Promise<boolean> => {
    const number = secrets.hash('network', phone);
    const checks = [
      { key: `texts-from:${network}`, limit: limitTable.textsOfNetwork },
      { key: `text-soon:${number}`, limit: limitTable.textsSoon },
      { key: `text:${number}`, limit: limitTable.textsToNumber },
      { key: `texts-to:${phone.slice(0, -4)}`, limit: limitTable.textsToBlock },
      { key: 'texts', limit: { ...limitTable.textsInAll, limit: perDay } },
    ];
    for (const { key, limit } of checks) {
      const { allowed, count } = await limits.hit(key, limit);
      if (!allowed && key === 'texts' && count === perDay + 1)
        needs.failed(new Error(`LATCHKEY_SMS_PER_DAY (${perDay}) is used up`), 'no more texts are sent today');
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
