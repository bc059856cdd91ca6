import type { Accounts } from '../account/account.ts';
import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Devices } from '../devices/devices.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId, AddressId, DeviceId, SessionId } from '../ids.ts';
import { settledBy } from '../older.ts';
import type { Signin } from '../signin/signin.ts';
import type { Done } from './disown.ts';
import type { ChangeKind, WayChangeRow, WayChangesStore } from './way-changes-store.ts';

/** A sign-in that was not its owner's: which session, since when, and with what. */
export type Intrusion = {
  accountId: AccountId;
  session: SessionId;
  from: number;
  methods: readonly string[];
  /** Whether something that is not young vouches for it: then the password is not all that let it in, and stays. */
  vouched: boolean;
  /** The passkey that was used, if one was. */
  credential?: string | undefined;
};

export type TakeBackNeeds = {
  database: Database;
  journal: Pick<Journal, 'append' | 'recent'>;
  accounts: Pick<Accounts, 'find'>;
  signin: Pick<Signin, 'endYoungSince'>;
  devices: Pick<Devices, 'unlink'>;
  authenticators: Pick<Authenticators, 'takeOff' | 'suspendPassword' | 'suspendLost'>;
  addresses: Pick<Addresses, 'takeOff' | 'suspend' | 'undoEmail'>;
};

/** Links looked through for those made there. */
const linksRead = 300;

/**
 * What a press on a mail's link does about somebody who was in the account (fault A2): it ends their session and every
 * young one since, switches off what they signed in with, and takes off what was added there. It can only take away; what
 * was the account's seven days before stays, and so does what is about to get in: that may be the owner.
 */
export function createTakeBack(needs: TakeBackNeeds & { store: WayChangesStore }) {
  const { database, journal, accounts, signin, devices, authenticators, addresses, store } = needs;

  const switchOff = async (
    { accountId, methods, vouched, credential }: Intrusion,
    rows: { theirs: readonly WayChangeRow[]; others: readonly WayChangeRow[] },
    trx: DatabaseTransaction,
  ): Promise<void> => {
    const isPassword = ({ kind }: { kind: ChangeKind }): boolean => kind === 'password';
    // The owner, in a browser of theirs, may have put another one in its place since.
    const replaced = rows.others.some(isPassword) && !rows.theirs.some(isPassword);
    const used = methods.includes('pwd') || rows.theirs.some(isPassword);
    // Else a reader of the mailbox would keep its owner out by taking back what they have done in a browser of theirs.
    if (used && !replaced && !vouched) await authenticators.suspendPassword(accountId, trx);
    if (credential) await authenticators.suspendLost(accountId, { app: false, credentials: [credential] }, trx);
  };

  return {
    /** `claim` is the one conditional update that decides who does it. Undefined if somebody else has. */
    async takeBack(
      intrusion: Intrusion,
      claim: (trx: DatabaseTransaction) => Promise<boolean>,
      about: { event?: string | undefined; what: string },
      now: number,
    ): Promise<Done | undefined> {
      const { accountId, session, from } = intrusion;
      const [account, links] = await Promise.all([
        accounts.find(accountId),
        journal.recent(accountId, linksRead, { types: ['approved'] }),
      ]);
      if (!account) return undefined;
      const settled = settledBy(from, account);
      const own: string[] = [];
      const done = await database.transaction(async (trx) => {
        if (!(await claim(trx))) return undefined;
        const ended = await signin.endYoungSince(accountId, { session, from }, trx);
        const since = await store.since(accountId, from, trx);
        const isTheirs = (row: WayChangeRow): boolean => row.session_id === session || row.vouched_since > settled;
        const theirs = since.filter(isTheirs);
        await switchOff(intrusion, { theirs, others: since.filter((row) => !isTheirs(row)) }, trx);
        const refs = (...kinds: ChangeKind[]): string[] =>
          theirs.flatMap(({ kind, ref }) => (ref !== null && kinds.includes(kind) ? [ref] : []));
        // Of what an account has once, the last one: its owner may have put another one in its place since.
        const has = (kind: ChangeKind): boolean =>
          theirs.some((row) => row === since.findLast((one) => one.kind === kind));
        const taken = {
          app: has('app'),
          credentials: refs('passkey', 'key'),
          recoveryCodes: has('recoveryCodes'),
          savedCode: has('savedCode'),
        };
        let removed = await authenticators.takeOff(accountId, taken, trx, true);
        removed += await addresses.takeOff(accountId, refs('email', 'phone') as AddressId[], trx);
        own.push(...refs('own'));
        // That was the account's before: it is only switched off again, and counts for the bar as it did.
        const resumed = refs('resumed');
        await authenticators.suspendLost(accountId, { app: resumed.includes('app'), credentials: resumed }, trx);
        await addresses.suspend(accountId, resumed as AddressId[], trx);
        let unlinked = 0;
        for (const { at, data } of links)
          if (at >= from && [...ended, session].includes(String(data?.session) as SessionId))
            unlinked += Number(await devices.unlink(accountId, String(data?.device) as DeviceId, trx));
        for (const row of theirs) await store.claim(row.id, now, trx);
        const did = { sessions: ended.length, devices: unlinked, removed };
        await journal.append({ type: 'disowned', accountId, data: { ...about, ...did } }, trx);
        return did;
      });
      // The first of them brings back the address from before all of them.
      const [first] = own;
      if (done && first) await addresses.undoEmail({ accountId, id: first }, undefined);
      return done;
    },
  };
}

export type TakeBack = ReturnType<typeof createTakeBack>;
