import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import { mostFailures } from './authenticators-store.ts';
import type { CodeUsed } from './code-mail.ts';
import { drawCheckedCode, inGroups, readCheckedCode } from './code-text.ts';
import type { RecoveryStore } from './recovery-store.ts';

/** One long code kept for the day when everything else is lost (NIST SP 800-63B-4 §4.2.1.1). */
export type SavedCode = {
  /** 26 characters in groups, 128 random bits; in place of the old one. It is never to be had again. */
  make(accountId: AccountId): Promise<string>;
  /** The same, in place of the one made at that time or of none; undefined if there is another one by now. */
  makeOver(accountId: AccountId, madeAt: number | undefined): Promise<string | undefined>;
  has(accountId: AccountId): Promise<boolean>;
  /** When it was made, epoch milliseconds. */
  madeAt(accountId: AccountId): Promise<number | undefined>;
  /**
   * The code that replaces the right one (E13); undefined for a wrong one, or after a hundred in a row (E9). What `also`
   * does is done together with the use, or neither is. One made after `madeBy` is as wrong as any other.
   */
  use(
    accountId: AccountId,
    code: string,
    also?: (replacement: string, transaction: DatabaseTransaction) => Promise<void>,
    madeBy?: number,
  ): Promise<string | undefined>;
};

export function createSavedCode(needs: {
  store: RecoveryStore;
  countTry(table: 'saved_code', accountId: AccountId, limit: number): Promise<number | undefined>;
  database: Database;
  journal: Pick<Journal, 'append'>;
  secrets: Secrets;
  random: Random;
  clock: Clock;
  codeUsed?: CodeUsed | undefined;
}): SavedCode {
  const { store, database, journal, secrets, random, clock, codeUsed } = needs;

  const draw = (accountId: AccountId) => {
    const code = drawCheckedCode(random);
    // More than 112 bits need no slow hash (E12). Sealed, not keyed: the key can change without the code.
    const sealed_hash = secrets.seal('saved-code', hash('sha256', code), accountId);
    return {
      shown: inGroups(code, [5, 5, 5, 5, 6]),
      row: { account_id: accountId, sealed_hash, failed_tries: 0, created_at: clock.now() },
    };
  };
  const recordMade = (accountId: AccountId, trx: DatabaseTransaction) =>
    journal.append({ type: 'recovery_codes_made', accountId, data: { kind: 'saved' } }, trx);

  const make = async (accountId: AccountId, over?: number | null): Promise<string | undefined> => {
    const { shown, row } = draw(accountId);
    const made = await database.transaction(async (trx) => {
      if (!(await store.saveSaved(row, trx, over))) return false;
      await recordMade(accountId, trx);
      return true;
    });
    return made ? shown : undefined;
  };

  return {
    make: async (accountId) => (await make(accountId)) ?? '',
    makeOver: (accountId, madeAt) => make(accountId, madeAt ?? null),

    has: async (accountId) => (await store.findSaved(accountId)) !== undefined,
    madeAt: async (accountId) => (await store.findSaved(accountId))?.created_at,

    async use(accountId, text, also, madeBy = Number.POSITIVE_INFINITY) {
      const code = readCheckedCode(text);
      if (code === undefined) return undefined;
      const tries = await needs.countTry('saved_code', accountId, mostFailures);
      const before = tries === undefined ? undefined : await store.findSaved(accountId);
      const kept = before && secrets.open('saved-code', before.sealed_hash, accountId);
      if (!before || kept === undefined || !sameString(kept, hash('sha256', code))) return undefined;
      if (before.created_at > madeBy) return undefined;
      const { shown, row } = draw(accountId);
      const replaced = await database.transaction(async (trx) => {
        if (!(await store.replaceSaved(before, row, trx))) return false;
        await journal.append({ type: 'recovery_code_used', accountId, data: { kind: 'saved' } }, trx);
        await also?.(shown, trx);
        return true;
      });
      if (!replaced) return undefined;
      codeUsed?.(accountId, { kind: 'saved' });
      return shown;
    },
  };
}
