import { type Clock, days, hours, minutes } from '../clock.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import { draw, type Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import type { Channel, CodesOf, IssuedCodeRow, RecoveryStore } from './recovery-store.ts';

export type CodeResult =
  | { result: 'right'; codeId: string }
  | { result: 'wrong' | 'expired' | 'no-tries-left' | 'too-many'; retryAt?: number };

/** The attempt a code is issued for. */
type Case = { id: string; accountId: AccountId | undefined };

/** Codes we send or an operator hands over: a short life, few tries, one use, stored as keyed hashes (E12, E15). */
export type IssuedCodes = {
  /**
   * May another one be sent to this address, and from this network? Counts it. Unknown addresses count alike (F5). A
   * browser that is the account's `own` waits for what it asks for itself alone: strangers cannot lock it out (E10).
   */
  allow(ask: {
    email: string;
    channel: 'email' | 'text';
    network: string;
    own?: string | undefined;
  }): Promise<{ allowed: boolean; retryAt: number }>;
  /** A code, and for an e-mail a link; if it does not fit, they look the same and prove nothing. */
  issue(attempt: Case, channel: 'email' | 'text', fits: boolean): Promise<{ code: string; linkToken: string }>;
  issueByOperator(accountId: AccountId, lifetime: number): Promise<string>;
  /** Counts the try, then compares. What is right is used by `use` within the transaction that notes the proof. */
  check(
    of: CodesOf,
    typed: string,
    from: { email: string; network: string; own?: string | undefined },
  ): Promise<CodeResult>;
  findLink(token: string): Promise<{ code: IssuedCodeRow; live: boolean } | undefined>;
  use(codeId: string, trx: DatabaseTransaction): Promise<boolean>;
};

/** E15 allows 24 hours by e-mail and 10 minutes by text. */
const lifetimes = { email: hours(1), text: minutes(10) };
export const mostTries = 5;
/** Nobody guesses 125 bits: few tries would only let a stranger spoil the code. */
const mostOperatorTries = 100;
export const issuedLength = 8;
/** Crockford's base 32: nothing in it is taken for another character. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 125 bits, to be read out in five groups of five. */
const operatorLength = 25;

/** E11, E24. Guesses are bounded by the codes that can be asked for, and once more in total; links are not guessed. */
export const budgets = {
  sentToOneFromOneNetwork: { limit: 5, window: hours(1) },
  sentFromOneNetwork: { limit: 60, window: hours(1) },
  sentToOneAnHour: 10,
  sentToOneADay: 30,
  triesFromOneNetwork: { limit: 40, window: hours(1) },
  triesInAll: { limit: 5000, window: hours(1) },
} as const;

export function createIssuedCodes(needs: {
  store: RecoveryStore;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
}): IssuedCodes {
  const { store, clock, random, secrets, limits } = needs;
  const codeHash = (id: string, code: string): string => secrets.hash('mail-code', `recovery ${id} ${code}`);
  const ownKey = (email: string, own: string): string => secrets.hash('network', `own ${email} ${own}`);
  const linkHash = (token: string): string => secrets.hash('mail-link', `recovery ${token}`);

  const newRow = (
    channel: Channel,
    code: string,
    lifetime: number,
  ): Omit<IssuedCodeRow, 'recovery_id' | 'account_id'> => {
    const id = random.token(16);
    const now = clock.now();
    return {
      ...{ id, channel, code_hash: codeHash(id, code), link_hash: null, tries: 0, used_at: null },
      ...{ created_at: now, expires_at: now + lifetime },
    };
  };

  /** Of tries that are too many, none is compared. */
  const allowTry = async ({ email, network, own }: { email: string; network: string; own?: string | undefined }) => {
    if (own !== undefined) {
      const mine = await limits.hit(`recovery-tries-own:${ownKey(email, own)}`, budgets.triesFromOneNetwork);
      return mine.allowed ? undefined : mine;
    }
    const checks = [
      await limits.hit(`recovery-tries:${network}`, budgets.triesFromOneNetwork),
      await limits.hit('recovery-tries', budgets.triesInAll),
    ];
    return checks.find(({ allowed }) => !allowed);
  };

  return {
    async allow({ email, channel, network, own }) {
      if (own !== undefined) {
        const { limit, window } = budgets.sentToOneFromOneNetwork;
        return limits.hit(`recovery-sent-own:${ownKey(email, own)}`, { limit, window });
      }
      const key = secrets.hash('network', `${email} ${network}`);
      const checks = [
        await limits.hit(`recovery-sent:${key}`, budgets.sentToOneFromOneNetwork),
        await limits.hit(`recovery-sent-from:${network}`, budgets.sentFromOneNetwork),
      ];
      const refusal = checks.find(({ allowed }) => !allowed);
      if (refusal) return refusal;
      // These are counted where a restart does not forget them.
      const now = clock.now();
      if ((await store.countIssued(email, channel, now - hours(1))) >= budgets.sentToOneAnHour)
        return { allowed: false, retryAt: now + hours(1) };
      if ((await store.countIssued(email, channel, now - days(1))) >= budgets.sentToOneADay)
        return { allowed: false, retryAt: now + days(1) };
      return { allowed: true, retryAt: 0 };
    },

    async issue({ id, accountId }, channel, fits) {
      const code = draw(random, '0123456789', issuedLength);
      const linkToken = random.token(16);
      const blank = random.token(32);
      const made = newRow(channel, fits ? code : blank, lifetimes[channel]);
      await store.supersede({ recoveryId: id, channel }, clock.now());
      await store.insertCode({
        ...made,
        recovery_id: id,
        account_id: fits ? (accountId ?? null) : null,
        link_hash: channel === 'email' ? linkHash(fits ? linkToken : blank) : null,
      });
      return { code, linkToken };
    },

    async issueByOperator(accountId, lifetime) {
      const code = draw(random, letters, operatorLength);
      await store.supersede({ accountId, channel: 'operator' }, clock.now());
      await store.insertCode({ ...newRow('operator', code, lifetime), recovery_id: null, account_id: accountId });
      return (code.match(/.{5}/g) ?? []).join('-');
    },

    async check(of, typed, from) {
      const refused = await allowTry(from);
      if (refused) return { result: 'too-many', retryAt: refused.retryAt };
      const now = clock.now();
      const code = of.channel === 'operator' ? cleanLetters(typed) : cleanDigits(typed);
      const counted = await store.countTry(of, now, of.channel === 'operator' ? mostOperatorTries : mostTries);
      for (const row of counted)
        if (sameString(row.code_hash, codeHash(row.id, code))) return { result: 'right', codeId: row.id };
      if (of.channel === 'operator' || counted.some(({ tries }) => tries < mostTries)) return { result: 'wrong' };
      const latest = await store.latestCode(of.recoveryId, of.channel);
      const over = !latest || latest.used_at !== null || latest.expires_at <= now;
      return { result: over ? 'expired' : 'no-tries-left' };
    },

    async findLink(token) {
      const code = await store.findLink(linkHash(token));
      return code && { code, live: code.used_at === null && code.expires_at > clock.now() };
    },

    use: (codeId, trx) => store.useCode(codeId, clock.now(), trx),
  };
}

/** Digits only, however they were grouped, in whichever digits the keyboard writes. */
function cleanDigits(text: string): string {
  return text
    .slice(0, 40)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/\D/g, '');
}

/** Read out over the phone, O sounds like 0 and I looks like 1: neither letter is in the alphabet. */
function cleanLetters(text: string): string {
  return text
    .slice(0, 80)
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
    .replace(/[^0-9A-Z]/g, '');
}
