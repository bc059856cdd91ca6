import { type Clock, hours, minutes } from '../clock.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import { limitTable, type Way } from '../limits/limit-table.ts';
import type { Limits, Refusal } from '../limits/limits.ts';
import { draw, type Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import type { Channel, CodesOf, IssuedCodeRow, RecoveryStore } from './recovery-store.ts';

export type CodeResult =
  | { result: 'right'; codeId: string }
  | { result: 'wrong' | 'expired' | 'no-tries-left' | 'too-many'; retryAt?: number; way?: Way | undefined };

type From = { email: string; network: string; own?: string | undefined };

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
  }): Promise<{ allowed: true } | Refusal>;
  /** A code, and for an e-mail a link; if it does not fit, they look the same and prove nothing. */
  issue(attempt: Case, channel: 'email' | 'text', fits: boolean): Promise<{ code: string; linkToken: string }>;
  issueByOperator(accountId: AccountId, lifetime: number): Promise<string>;
  /** Counts the try, then compares. What is right is used by `use` within the transaction that notes the proof. */
  check(of: CodesOf, typed: string, from: From): Promise<CodeResult>;
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
  const attemptKey = (of: CodesOf, email: string, network: string): string =>
    secrets.hash('network', `try ${of.channel} ${'recoveryId' in of ? of.recoveryId : `${email} ${network}`}`);
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

  const wrongBefore = (network: string) =>
    [
      { key: `recovery-tries:${network}`, limit: limitTable.wrongRecoveryCodesOfNetwork },
      { key: 'recovery-tries', limit: limitTable.wrongRecoveryCodesInAll },
    ] as const;

  /**
   * Of tries that are too many, none is compared. What others got wrong does not bind the first one of an attempt (fault
   * B4).
   */
  const allowTry = async (of: CodesOf, { email, network, own }: From): Promise<Refusal | undefined> => {
    const key = own === undefined ? attemptKey(of, email, network) : ownKey(email, own);
    const limit = own === undefined ? limitTable.recoveryTriesOfAttempt : limitTable.recoveryTriesOfOwner;
    const mine = await limits.hit(`recovery-tries-of:${key}`, limit);
    if (!mine.allowed) return { allowed: false, retryAt: mine.retryAt };
    if (own !== undefined || mine.count === 1) return undefined;
    for (const { key, limit } of wrongBefore(network)) {
      const { allowed, retryAt } = await limits.peek(key, limit);
      if (!allowed) return { allowed, retryAt, way: limit.way };
    }
    return undefined;
  };

  return {
    async allow({ email, channel, network, own }) {
      if (own !== undefined) {
        return limits.inOrder([
          { key: `recovery-sent-own:${ownKey(email, own)}`, limit: limitTable.recoveryMailsOfOwner },
        ]);
      }
      const key = secrets.hash('network', `${email} ${network}`);
      const turn = await limits.inOrder([
        { key: `recovery-sent:${key}`, limit: limitTable.recoveryMailsOfPair },
        { key: `recovery-sent-from:${network}`, limit: limitTable.recoveryMailsOfNetwork },
      ]);
      if (!turn.allowed) return turn;
      // These are counted where a restart does not forget them. What strangers elsewhere have asked for does not keep the
      // owner's new browser, which asks for the first time, from getting a code (fault B4).
      const now = clock.now();
      const { recoveryMailsToAddress: hour, recoveryMailsToAddressADay: day } = limitTable;
      for (const { limit, window, way } of turn.counts[0] === 1 ? [day] : [hour, day])
        if ((await store.countIssued(email, channel, now - window)) >= limit)
          return { allowed: false, retryAt: now + window, way };
      return { allowed: true };
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
      const refused = await allowTry(of, from);
      if (refused) return { result: 'too-many', retryAt: refused.retryAt, way: refused.way };
      const now = clock.now();
      const code = of.channel === 'operator' ? cleanLetters(typed) : cleanDigits(typed);
      const counted = await store.countTry(of, now, of.channel === 'operator' ? mostOperatorTries : mostTries);
      for (const row of counted)
        if (sameString(row.code_hash, codeHash(row.id, code))) return { result: 'right', codeId: row.id };
      if (from.own === undefined)
        await Promise.all(wrongBefore(from.network).map(({ key, limit }) => limits.hit(key, limit)));
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
