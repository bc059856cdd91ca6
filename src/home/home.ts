import type { Account } from '../account/account.ts';
import type { Address } from '../addresses/addresses.ts';
import type { Authenticators, Methods, Passkey } from '../authenticators/authenticators.ts';
import type { Clock } from '../clock.ts';
import type { Device, Devices } from '../devices/devices.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { hasPasskeys } from '../passkey-domain.ts';
import type { Closing } from './closing.ts';
import { exportDocument } from './export.ts';
import { type Advice, type Level, protectionOf } from './protection.ts';

/** How many events of the past an export holds; more than anybody has in the time they are kept. */
const exportedEvents = 20_000;

export type Overview = {
  account: Account;
  methods: Methods;
  passkeys: Passkey[];
  addresses: Address[];
  devices: Device[];
  level: Level;
  /** The most useful first. */
  advice: Advice[];
};

export type HomeNeeds = {
  clock: Clock;
  journal: Pick<Journal, 'append' | 'recent'>;
  accounts: {
    find(id: AccountId): Promise<Account | undefined>;
    setName(id: AccountId, name: string | undefined): Promise<void>;
    setLocale(id: AccountId, locale: NonNullable<Account['locale']>): Promise<void>;
    noteCheckup(id: AccountId): Promise<void>;
  };
  authenticators: Pick<Authenticators, 'methodsOf' | 'listPasskeys' | 'listKeys' | 'savedCode'>;
  addresses: { list(accountId: AccountId): Promise<Address[]> };
  devices: Pick<Devices, 'list'>;
  sessionsOf(
    accountId: AccountId,
  ): Promise<{ userAgent?: string | undefined; country?: string | undefined; signedInAt: number; seenAt: number }[]>;
  closing: Closing;
  config: { issuer: string };
};

export type Home = ReturnType<typeof createHome>;

/** What a person sees and does about the account as a whole: how it stands, a check-up, a copy of everything, closing it. */
export function createHome(needs: HomeNeeds) {
  const { clock, accounts, authenticators, journal } = needs;
  const passkeysHere = hasPasskeys(needs.config.issuer);

  const overview = async (accountId: AccountId): Promise<Overview> => {
    const account = await accounts.find(accountId);
    if (!account) throw new AppError('not_found', 'The account is gone.');
    const [methods, passkeys, addresses, devices, savedCode] = await Promise.all([
      authenticators.methodsOf(accountId),
      authenticators.listPasskeys(accountId),
      needs.addresses.list(accountId),
      needs.devices.list(accountId),
      authenticators.savedCode.has(accountId),
    ]);
    const syncedPasskeys = passkeys.filter(({ synced }) => synced).length;
    const protection = protectionOf({
      ...{ methods, syncedPasskeys, savedCode, passkeysHere },
      alternates: addresses.length,
    });
    return { account, methods, passkeys, addresses, devices, ...protection };
  };

  return {
    overview,
    now: () => clock.now(),
    checkedUp: (accountId: AccountId) => accounts.noteCheckup(accountId),
    rename: (accountId: AccountId, name: string | undefined) => accounts.setName(accountId, name),
    setLocale: (accountId: AccountId, locale: NonNullable<Account['locale']>) => accounts.setLocale(accountId, locale),

    /** Everything kept about the person, for them to keep (B9); that it was given out is recorded first. */
    async export(accountId: AccountId): Promise<object> {
      await journal.append({ type: 'exported', accountId });
      const [kept, keys, savedCode, sessions, activity] = await Promise.all([
        overview(accountId),
        authenticators.listKeys(accountId),
        authenticators.savedCode.has(accountId),
        needs.sessionsOf(accountId),
        journal.recent(accountId, exportedEvents),
      ]);
      return exportDocument({ ...kept, keys, savedCode, sessions, activity }, clock.now());
    },

    closing: needs.closing,
  };
}
