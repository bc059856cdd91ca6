import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import { type Clock, days } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, DeviceId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { Attempt } from './attempt.ts';
import { type Belonging, sorted } from './belongings.ts';
import type { RecoveryRow, RecoveryStore } from './recovery-store.ts';
import { tokenHash } from './tokens.ts';

type HashedPassword = Awaited<ReturnType<Authenticators['hashPassword']>>;
type NewPasskey = NonNullable<Awaited<ReturnType<Authenticators['passkeys']['verifyCreation']>>>['passkey'];

/** What the account is got back with. */
export type NewWay = { password: HashedPassword } | { passkey: NewPasskey };

export type Ending = {
  /** Takes the lost second step off; without effect where `mayDropSecondStep` is false. */
  dropSecondStep: boolean;
  sessions: boolean;
  /** What is ticked for removal. */
  remove: readonly Belonging[];
};

export type Finishing = {
  /** All of it or nothing; false if the attempt is over, is not this browser's, or the passkey is known already. */
  finish(attempt: Attempt, browserId: string, way: NewWay, ending: Ending): Promise<boolean>;
  /** What a mail's finish link is about. */
  findByFinishToken(token: string): Promise<Attempt | undefined>;
  /** Goes on in this browser after the waiting period, by the link of the mail. */
  takeUp(token: string, browserId: string): Promise<boolean>;
};

export type FinishNeeds = {
  authenticators: Pick<
    Authenticators,
    | 'savePassword'
    | 'addPasskey'
    | 'suspendPassword'
    | 'removeSecondStep'
    | 'listPasskeys'
    | 'takeOff'
    | 'recoveryCodes'
    | 'savedCode'
  >;
  addresses: Pick<Addresses, 'list' | 'takeOff' | 'undoEmail'>;
  /** Signs everybody out, and knows no browser any more but the one named. */
  endSessions(accountId: AccountId, trx: DatabaseTransaction, browserId?: string): Promise<void>;
  devices: {
    list(accountId: AccountId): Promise<{ id: DeviceId; linkedAt: number }[]>;
    unlink(accountId: AccountId, id: DeviceId, trx: DatabaseTransaction): Promise<boolean>;
  };
};

/** How long "this was not me" undoes a recovery that is done. */
const disownTime = days(7);
export function createFinishing(
  needs: FinishNeeds & {
    store: RecoveryStore;
    database: Database;
    clock: Clock;
    secrets: Secrets;
    journal: Pick<Journal, 'append'>;
    describe(row: RecoveryRow): Promise<Attempt>;
    browserHash(browserId: string): string;
    tell(id: string): void;
  },
): Finishing & { disown(row: RecoveryRow): Promise<boolean> } {
  const { store, database, clock, secrets, journal, authenticators, addresses, devices } = needs;
  const byFinishToken = (token: string) => store.findByToken('finish_hash', tokenHash(secrets, token));

  const saveWay = async (accountId: AccountId, way: NewWay, trx: DatabaseTransaction): Promise<void> => {
    if ('passkey' in way) {
      await authenticators.addPasskey(accountId, way.passkey, trx);
      return;
    }
    await authenticators.savePassword(accountId, way.password, trx);
    await journal.append({ type: 'password_changed', accountId }, trx);
  };

  /**
   * Whoever got in has made ways to come again: the passkey instead of a password, another one beside it, codes, an
   * address, a device. A second step stays, whoever made it: without it, a code to the address would be enough next time (E17).
   */
  const endWhatCameOfIt = async (accountId: AccountId, since: number): Promise<void> => {
    const made = (at: number | undefined): boolean => at !== undefined && at >= since;
    const [passkeys, codesMade, savedMade, listed, all] = await Promise.all([
      authenticators.listPasskeys(accountId),
      authenticators.recoveryCodes.madeAt(accountId),
      authenticators.savedCode.madeAt(accountId),
      addresses.list(accountId),
      devices.list(accountId),
    ]);
    const linked = all.filter(({ linkedAt }) => made(linkedAt));
    const taken = {
      credentials: passkeys.filter(({ createdAt }) => made(createdAt)).map(({ id }) => id),
      recoveryCodes: made(codesMade),
      savedCode: made(savedMade),
    };
    const added = listed.filter(({ addedAt }) => made(addedAt)).map(({ id }) => id);
    await database.transaction(async (trx) => {
      await authenticators.takeOff(accountId, taken, trx, true);
      await addresses.takeOff(accountId, added, trx);
      for (const { id } of linked) await devices.unlink(accountId, id, trx);
    });
  };

  /** Takes off what is ticked; and codes on paper, of which nobody knows who else has read them, unless one was the proof. */
  const remove = async (
    accountId: AccountId,
    { proven, boundWay }: Attempt,
    { app, credentials, addresses: given, devices: linked }: ReturnType<typeof sorted>,
    trx: DatabaseTransaction,
  ): Promise<void> => {
    const byMail = proven.issued !== undefined;
    const recoveryCodes = byMail && boundWay !== 'paper';
    const savedCode = byMail && proven.saved === undefined;
    await authenticators.takeOff(accountId, { app, credentials, recoveryCodes, savedCode }, trx);
    await addresses.takeOff(accountId, given, trx);
    for (const id of linked) await devices.unlink(accountId, id, trx);
  };

  return {
    async finish(attempt, browserId, way, ending) {
      const { accountId } = attempt;
      if (!accountId || !attempt.mayFinish) return false;
      const chosen = sorted(ending.remove);
      const work = async (trx: DatabaseTransaction): Promise<boolean> => {
        const now = clock.now();
        const mine = { browserHash: needs.browserHash(browserId), liveAt: now };
        const from = attempt.status === 'open' ? (['open'] as const) : (['waiting', 'ready'] as const);
        const change = { status: 'done' as const, changed_at: now };
        await store.lock(accountId, trx);
        if (!(await store.change(attempt.id, from, change, trx, mine))) return false;
        await store.closeOthers(accountId, attempt.id, now, trx);
        await saveWay(accountId, way, trx);
        if (ending.dropSecondStep && attempt.mayDropSecondStep) await authenticators.removeSecondStep(accountId, trx);
        if (ending.sessions) await needs.endSessions(accountId, trx, browserId);
        await remove(accountId, attempt, chosen, trx);
        await journal.append(
          { type: 'recovered', accountId, data: { by: Object.keys(attempt.proven).join(' ') } },
          trx,
        );
        return true;
      };
      const done = await database.transaction(work).catch((error) => {
        if (database.isDuplicate(error)) return false;
        throw error;
      });
      // Before it is told: nobody hears of it at an address that was just taken away.
      if (done && chosen.own !== undefined) await addresses.undoEmail({ accountId, id: chosen.own }, undefined);
      if (done) needs.tell(attempt.id);
      return done;
    },

    async findByFinishToken(token) {
      const row = await byFinishToken(token);
      return row && needs.describe(row);
    },

    async takeUp(token, browserId) {
      const row = await byFinishToken(token);
      const attempt = row && (await needs.describe(row));
      if (!row || attempt?.status !== 'ready') return false;
      const change = { browser_hash: needs.browserHash(browserId), changed_at: clock.now() };
      return store.change(row.id, ['waiting', 'ready'], change, undefined, { liveAt: clock.now() });
    },

    /** "This was not me": whoever set the new password is out again, and it signs nobody in. */
    async disown(row) {
      const { account_id: accountId } = row;
      const now = clock.now();
      if (!accountId || row.changed_at <= now - disownTime) return false;
      const done = await database.transaction(async (trx) => {
        if (!(await store.change(row.id, ['done'], { status: 'disowned', changed_at: now }, trx))) return false;
        await authenticators.suspendPassword(accountId, trx);
        await needs.endSessions(accountId, trx);
        await journal.append({ type: 'disowned', accountId, data: { what: 'recovery' } }, trx);
        return true;
      });
      if (!done) return false;
      await endWhatCameOfIt(accountId, row.changed_at);
      needs.tell(row.id);
      return true;
    },
  };
}
