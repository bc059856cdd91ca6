import type { Clock } from '../clock.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import { type AuthenticatorsStore, failuresToTell, mostFailures } from './authenticators-store.ts';
import type { ManyFailures } from './failures-mail.ts';
import type { Asker, Hashing } from './hashing.ts';
import type { Former } from './older.ts';
import { isShort, lengthOf, longestPassword } from './password-policy.ts';

export type Passwords = {
  /** True if it is the account's. Takes the same time for nobody, for an account without one and for a wrong one (F5). */
  verify(accountId: AccountId | undefined, password: string, asker?: Asker): Promise<boolean>;
  /** The slow half of setting one, outside of any transaction. */
  hash(password: string, asker?: Asker): Promise<HashedPassword>;
  save(accountId: AccountId, hashed: HashedPassword, transaction: DatabaseTransaction): Promise<void>;
};

/** Made by `hash`, good for `save` only. */
export type HashedPassword = { phc: string; short: boolean };

/** No account has this id. */
const nobody = '' as AccountId;

export function createPasswords(needs: {
  store: AuthenticatorsStore;
  secrets: Secrets;
  clock: Clock;
  hashing: Hashing;
  former: Former;
  manyFailures?: ManyFailures | undefined;
}): Passwords {
  const { store, secrets, clock, hashing, manyFailures } = needs;
  // The key is not in the database, so that a copy of it cannot be guessed against; the hash stays inside (E7).
  const seal = (accountId: AccountId, { phc }: Pick<HashedPassword, 'phc'>): string =>
    secrets.seal('password', phc, accountId);

  return {
    async verify(accountId, password, asker) {
      const tooLong = lengthOf(password) > longestPassword;
      const { row, tries, right, outdated } = await hashing.turn(asker, async (argon) => {
        // As many questions to the database for nobody as for somebody (F5).
        const row = await store.findPassword(accountId ?? nobody);
        // Counted before it is checked (E9): guesses sent at once are all counted. Not before its turn has come: a crowd
        // that keeps tries from being checked must not switch the password off.
        const tries = await store.countTry('password', accountId ?? nobody, mostFailures);
        const phc = row && tries !== undefined ? secrets.open('password', row.sealed_hash, row.account_id) : undefined;
        return { row, tries, ...(await argon.verify(tooLong ? '' : password, phc)) };
      });
      if (!row || !right || tooLong) {
        if (row && tries === failuresToTell) manyFailures?.(row.account_id, 'password');
        return false;
      }
      await store.clearTries('password', row.account_id);
      await hashing.wasRight(asker);
      if (outdated) {
        const renewed = await hashing.turn(asker, (argon) => argon.hash(password));
        await store.rehash(row.account_id, row.sealed_hash, seal(row.account_id, { phc: renewed }));
      }
      return true;
    },

    hash: async (password, asker) => ({
      phc: await hashing.turn(asker, (argon) => argon.hash(password)),
      short: isShort(password),
    }),

    async save(accountId, hashed, transaction) {
      const row = {
        account_id: accountId,
        sealed_hash: seal(accountId, hashed),
        failed_tries: 0,
        changed_at: clock.now(),
        short: hashed.short ? 1 : 0,
      };
      const addedAt = await store.savePassword(row, transaction);
      const gone = addedAt === undefined ? [] : [{ kind: 'password' as const, addedAt }];
      await needs.former.remember(accountId, gone, transaction);
    },
  };
}
