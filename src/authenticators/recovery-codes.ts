import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { mostFailures } from './authenticators-store.ts';
import type { CodeUsed } from './code-mail.ts';
import { drawCode, inGroups, readCode } from './code-text.ts';
import type { Asker, Hashing } from './hashing.ts';
import type { RecoveryStore } from './recovery-store.ts';

/** Ten codes on paper, each good once in place of the second step. */
export type RecoveryCodes = {
  /** A new set of ten, in place of the old one. They are never to be had again. */
  make(accountId: AccountId, asker?: Asker): Promise<string[]>;
  /** The same, in place of the set made at that time or of none; undefined if there is another one by now. */
  makeOver(accountId: AccountId, madeAt: number | undefined, asker?: Asker): Promise<string[] | undefined>;
  left(accountId: AccountId): Promise<number>;
  /** When the set was made, epoch milliseconds; it tells one set from another. */
  madeAt(accountId: AccountId): Promise<number | undefined>;
  /**
   * How many are left, once per right code; undefined for a wrong one, or after a hundred wrong ones in a row (E9). What
   * `also` does is done together with the use, or neither is.
   */
  use(
    accountId: AccountId,
    code: string,
    asker?: Asker,
    also?: (transaction: DatabaseTransaction) => Promise<void>,
  ): Promise<{ left: number } | undefined>;
};

const setSize = 10;
/** Two characters name the code within its set, ten are secret: 50 bits, under Argon2id and a key (E12, E14). */
const selectorLength = 2;
const codeLength = 12;

export function createRecoveryCodes(needs: {
  store: RecoveryStore;
  countTry(table: 'recovery_code_set', accountId: AccountId, limit: number): Promise<number | undefined>;
  database: Database;
  journal: Pick<Journal, 'append'>;
  secrets: Secrets;
  random: Random;
  clock: Clock;
  hashing: Hashing;
  codeUsed?: CodeUsed | undefined;
}): RecoveryCodes {
  const { store, database, journal, secrets, random, clock, hashing, codeUsed } = needs;
  const context = (accountId: AccountId, selector: string): string => `${accountId} ${selector}`;

  const drawSet = (): string[] => {
    const codes = new Map<string, string>();
    while (codes.size < setSize) {
      const code = drawCode(random, codeLength);
      codes.set(code.slice(0, selectorLength), code);
    }
    return [...codes.values()];
  };

  const make = async (
    accountId: AccountId,
    asker: Asker | undefined,
    over?: number | null,
  ): Promise<string[] | undefined> => {
    // Ten hashes are a lot of work for a form that somebody sends again and again (fault B2).
    if (over !== undefined && ((await store.findSet(accountId))?.created_at ?? null) !== over) return undefined;
    const codes = drawSet();
    const rows = await Promise.all(
      codes.map(async (code) => {
        const selector = code.slice(0, selectorLength);
        const phc = await hashing.turn(asker, (argon) => argon.hash(code.slice(selectorLength)));
        return { selector, sealed_hash: secrets.seal('recovery-code', phc, context(accountId, selector)) };
      }),
    );
    const made = await database.transaction(async (trx) => {
      const set = { account_id: accountId, failed_tries: 0, created_at: clock.now() };
      if (!(await store.replaceSet(set, rows, trx, over))) return false;
      await journal.append({ type: 'recovery_codes_made', accountId, data: { count: rows.length } }, trx);
      return true;
    });
    return made ? codes.map((code) => inGroups(code, [4, 4, 4])) : undefined;
  };

  return {
    make: async (accountId, asker) => (await make(accountId, asker)) ?? [],
    makeOver: (accountId, madeAt, asker) => make(accountId, asker, madeAt ?? null),

    left: (accountId) => store.countCodes(accountId),
    madeAt: async (accountId) => (await store.findSet(accountId))?.created_at,

    async use(accountId, text, asker, also) {
      const code = readCode(text, codeLength);
      // Not a code at all: nothing was guessed.
      if (code === undefined) return undefined;
      const { row, right } = await hashing.turn(asker, async (argon) => {
        const tries = await needs.countTry('recovery_code_set', accountId, mostFailures);
        const row = tries === undefined ? undefined : await store.findCode(accountId, code.slice(0, selectorLength));
        const phc = row && secrets.open('recovery-code', row.sealed_hash, context(accountId, row.selector));
        // The same work whether or not there is such a code.
        return { row, ...(await argon.verify(code.slice(selectorLength), phc)) };
      });
      if (!row || !right) return undefined;
      const used = await database.transaction(async (trx) => {
        if (!(await store.takeCode(row, trx))) return undefined;
        const left = await store.countCodes(accountId, trx);
        await journal.append({ type: 'recovery_code_used', accountId, data: { left } }, trx);
        await also?.(trx);
        return { left };
      });
      if (used) codeUsed?.(accountId, { kind: 'recovery', left: used.left });
      return used;
    },
  };
}
