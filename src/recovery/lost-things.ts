import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, AddressId } from '../ids.ts';

/** Something that may have been on a lost device. `id` tells it from the others of its account, in a form. */
export type Thing = { id: string; kind: 'app' | 'passkey' | 'key' | 'phone'; name: string };

type Listed = { kind: string; value: string; addedAt: number; suspendedAt: number | undefined };

/** Whoever has a lost phone reads the texts to its number. */
export const isReachablePhone = ({ kind, suspendedAt }: Pick<Listed, 'kind' | 'suspendedAt'>): boolean =>
  kind === 'phone' && suspendedAt === undefined;

export type LostThings = {
  /** What the account has that can be reported lost and is not already. */
  reportable(accountId: AccountId): Promise<Thing[]>;
  /** One proof is enough to report, because it opens nothing (E30). What was switched off, until its owner resumes it. */
  reportLost(accountId: AccountId, ids: readonly string[], sessions: boolean): Promise<Thing[]>;
};

export type LostNeeds = {
  authenticators: Pick<Authenticators, 'methodsOf' | 'listPasskeys' | 'listKeys' | 'suspendLost'>;
  addresses: {
    list(accountId: AccountId): Promise<(Listed & { id: AddressId })[]>;
    suspend(accountId: AccountId, ids: readonly AddressId[], trx: DatabaseTransaction): Promise<void>;
  };
  endSessions(accountId: AccountId, trx: DatabaseTransaction): Promise<void>;
  maskPhone(value: string): string;
};

export function createLostThings(
  needs: LostNeeds & { database: Database; journal: Pick<Journal, 'append'> },
): LostThings {
  const { authenticators, addresses, database, journal } = needs;

  const reportable = async (accountId: AccountId): Promise<Thing[]> => {
    const [{ app, off }, passkeys, keys, all] = await Promise.all([
      authenticators.methodsOf(accountId),
      authenticators.listPasskeys(accountId),
      authenticators.listKeys(accountId),
      addresses.list(accountId),
    ]);
    const still = ({ suspendedAt }: { suspendedAt: number | undefined }): boolean => suspendedAt === undefined;
    return [
      ...(app && !off?.app ? [{ id: 'app', kind: 'app' as const, name: '' }] : []),
      ...passkeys.filter(still).map(({ id, name }) => ({ id, kind: 'passkey' as const, name })),
      ...keys.filter(still).map(({ id, name }) => ({ id, kind: 'key' as const, name })),
      ...all
        .filter(isReachablePhone)
        .map(({ id, value }) => ({ id, kind: 'phone' as const, name: needs.maskPhone(value) })),
    ];
  };

  return {
    reportable,

    async reportLost(accountId, ids, sessions) {
      const things = (await reportable(accountId)).filter(({ id }) => ids.includes(id));
      const idsOf = (...kinds: Thing['kind'][]) =>
        things.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id);
      await database.transaction(async (trx) => {
        const lost = { app: idsOf('app').length > 0, credentials: idsOf('passkey', 'key') };
        await authenticators.suspendLost(accountId, lost, trx);
        await addresses.suspend(accountId, idsOf('phone') as AddressId[], trx);
        if (sessions) await needs.endSessions(accountId, trx);
        for (const { kind, name } of things) {
          const data = { what: kind, ...(name && { name }) };
          await journal.append({ type: 'reported', accountId, data }, trx);
        }
      });
      return things;
    },
  };
}
