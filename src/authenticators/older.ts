import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { type AccountId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { AuthenticatorsStore } from './authenticators-store.ts';
import { createFormerStore, type FormerKind } from './former-store.ts';
import type { RecoveryStore } from './recovery-store.ts';

type Methods = Awaited<ReturnType<AuthenticatorsStore['methodsOf']>>;

/** What an account could prove itself with at a time, and what raises its bar besides. */
export type Settled = {
  /** Of what it has now, what it had by then. */
  methods: Methods;
  /** All that it had by then, what was removed since too. */
  had: Methods;
  /** All that it has now and what a mail's link has taken off: a press in a mailbox must not make it easier to get into. */
  ever: Methods;
  savedCode: boolean;
};

/** Authenticators to be taken off together. */
export type Taken = { app?: boolean; credentials?: readonly string[]; recoveryCodes?: boolean; savedCode?: boolean };

export type OlderAuthenticators = {
  settled(accountId: AccountId, settledBy: number): Promise<Settled>;
  /** Since when the account has the second step or passkey of these methods; the youngest, if it is not known which. */
  provenSince(accountId: AccountId, methods: readonly string[], credential?: string): Promise<number | undefined>;
  /**
   * Takes off what is named, also the last way in: there is recovery. `takenBack` if a mail's link does it, which must not
   * make the account easier to get into. How many that were.
   */
  takeOff(accountId: AccountId, taken: Taken, transaction: DatabaseTransaction, takenBack?: boolean): Promise<number>;
  /** When the app was set up, epoch milliseconds. */
  appSince(accountId: AccountId): Promise<number | undefined>;
};

const keptFor = days(30);

export type Former = ReturnType<typeof createFormer>;

/** Remembers what goes, in the transaction in which it goes. */
export function createFormer(needs: { database: Database; clock: Clock; random: Random }) {
  const { clock, random } = needs;
  const store = createFormerStore(needs.database);
  return {
    removedSince: store.removedSince,
    async remember(
      accountId: AccountId,
      gone: readonly { kind: FormerKind; addedAt: number }[],
      trx: DatabaseTransaction,
      takenBack = false,
    ): Promise<void> {
      const now = clock.now();
      await store.forget(accountId, now - keptFor, trx);
      const rows = gone.map(({ kind, addedAt }) => ({
        ...{ id: newId(random), account_id: accountId, kind, added_at: addedAt, removed_at: now },
        taken_back: takenBack ? 1 : 0,
      }));
      await store.insert(rows, trx);
    },
  };
}

export function createOlder(needs: {
  store: AuthenticatorsStore;
  codes: RecoveryStore;
  former: Former;
  journal: Pick<Journal, 'append'>;
}): OlderAuthenticators {
  const { store, codes, former, journal } = needs;

  return {
    async settled(accountId, settledBy) {
      // One after the other: asked rarely, and not worth five connections at once.
      const methods = await store.methodsOf(accountId, undefined, settledBy);
      const now = await store.methodsOf(accountId);
      const gone = await former.removedSince(accountId, settledBy);
      const password = await store.findPassword(accountId);
      const saved = await codes.findSaved(accountId);
      const older = gone.filter((row) => row.added_at <= settledBy);
      const hadPassword = (password?.changed_at ?? Number.POSITIVE_INFINITY) <= settledBy;
      return {
        methods,
        had: { ...together(methods, older), password: hadPassword || older.some(({ kind }) => kind === 'password') },
        ever: together(
          now,
          gone.filter((row) => row.taken_back === 1),
        ),
        savedCode: saved !== undefined && saved.created_at <= settledBy,
      };
    },

    async provenSince(accountId, methods, credential) {
      const since: number[] = [];
      if (methods.includes('otp')) since.push((await store.findApp(accountId))?.created_at ?? Number.POSITIVE_INFINITY);
      if (methods.includes('recovery'))
        since.push((await codes.findSet(accountId))?.created_at ?? Number.POSITIVE_INFINITY);
      if (methods.includes('passkey') || methods.includes('key')) {
        const all = await store.passkeysOf(accountId);
        const used = all.filter((row) => credential === undefined || row.credential_id === credential);
        since.push(Math.max(...used.map((row) => row.created_at)));
      }
      const least = Math.min(...since);
      return Number.isFinite(least) ? least : undefined;
    },

    async takeOff(accountId, { app, credentials = [], recoveryCodes, savedCode }, trx, takenBack) {
      await store.lock(accountId, trx);
      const gone: { kind: FormerKind; addedAt: number }[] = [];
      for (const id of credentials) {
        const row = await store.deletePasskey(accountId, id, trx);
        if (row) gone.push({ kind: row.second_step_only === 1 ? 'key' : 'passkey', addedAt: row.created_at });
      }
      const addedAt = app ? await store.deleteApp(accountId, trx) : undefined;
      if (addedAt !== undefined) gone.push({ kind: 'app', addedAt });
      await former.remember(accountId, gone, trx, takenBack);
      const kinds: string[] = gone.map(({ kind }) => kind);
      if (recoveryCodes && (await codes.removeSet(accountId, trx))) kinds.push('recovery codes');
      if (savedCode && (await codes.removeSaved(accountId, trx))) kinds.push('saved');
      for (const kind of kinds) await journal.append({ type: 'authenticator_removed', accountId, data: { kind } }, trx);
      return kinds.length;
    },

    appSince: async (accountId) => (await store.findApp(accountId))?.created_at,
  };
}

/** With what is not there any more. */
function together(methods: Methods, gone: readonly { kind: FormerKind }[]): Methods {
  const count = (kind: FormerKind): number => gone.filter((row) => row.kind === kind).length;
  return {
    ...methods,
    passkeys: methods.passkeys + count('passkey'),
    keys: methods.keys + count('key'),
    app: methods.app || count('app') > 0,
  };
}
