import { type Clock, days, hours } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits, Refusal } from '../limits/limits.ts';
import { draw, type Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { sameString } from '../secrets.ts';
import type { Live } from '../web/live.ts';
import type { Locale } from '../web/messages.ts';
import type { Account, Accounts } from './account.ts';
import { type ConfirmationRow, createConfirmationStore } from './confirmation-store.ts';

/** How an address is confirmed: eight digits to type in this browser, or a link to press a button behind. */
export type SignupMail = { code: string; linkToken: string };

/** One sign-up in one browser. `email` is normalised. */
export type SignupPlace = { email: string; browserId: string };

export type CodeResult = 'confirmed' | 'wrong' | 'expired' | 'no-tries-left';

export type Signup = {
  /**
   * A code and a link for an address. For a taken one they confirm nothing, and `taken` says to write another mail: it
   * has an account, or had one until lately that can still be moved back.
   */
  begin(place: SignupPlace): Promise<SignupMail & { taken: false | 'account' | 'kept' }>;
  /** May this network have another mail sent to this address? Counts it. */
  allowMail(email: string, network: string): Promise<{ allowed: true } | Refusal>;
  confirmByCode(place: SignupPlace, code: string): Promise<CodeResult>;
  /** What a mail's link is about. `browserId` tells whether it was opened where the sign-up began. */
  findLink(token: string, browserId: string): Promise<SignupLink | undefined>;
  /** Confirms the address behind a mail's link, in whichever browser. */
  confirmByLink(token: string): Promise<boolean>;
  /** What is told when something was confirmed that began in this browser. */
  topicOf(browserId: string): string;
  /** The confirmed, unused sign-up of this browser. */
  findConfirmed(place: SignupPlace): Promise<{ id: string; email: string } | undefined>;
  /**
   * Makes the account and its first authenticator, or nothing. Undefined if the address got an account meanwhile
   * or this sign-up was used already.
   */
  finish(
    confirmed: { id: string; email: string },
    account: { locale: Locale; passkeyUserId?: string },
    authenticate: (account: Account, transaction: DatabaseTransaction) => Promise<unknown>,
  ): Promise<Account | undefined>;
  /** Removes what ended long ago; returns how many rows. For a timer. */
  removeEnded(): Promise<number>;
};

export type SignupLink = {
  email: string;
  startedAt: number;
  sameBrowser: boolean;
  state: 'waiting' | 'confirmed' | 'expired';
};

/** Well within the 24 hours that E15 allows for mail. */
const lifetime = hours(1);
/** A confirmed address waits so long for its first authenticator. */
const patience = hours(1);
const mostTries = 5;
const codeLength = 8;

export function createSignup(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  accounts: Pick<Accounts, 'create' | 'findByEmail'>;
  live: Pick<Live, 'tell'>;
  /** True while an account that gave this address up could take it back: nobody else gets it until then. */
  isKept(email: string): Promise<boolean>;
}): Signup {
  const { database, clock, random, secrets, limits, accounts, live } = needs;
  const store = createConfirmationStore(database);
  const at = ({ email, browserId }: SignupPlace) => ({ email, browserHash: secrets.hash('browser', browserId) });
  const codeHash = (id: string, code: string): string => secrets.hash('mail-code', `${id} ${code}`);

  const topic = (browserHash: string): string => `signup ${browserHash}`;

  const confirm = async (row: ConfirmationRow): Promise<boolean> => {
    const confirmed = await store.confirm(row.id, clock.now());
    if (confirmed) await live.tell(topic(row.browser_hash));
    return confirmed;
  };

  const usable = (row: ConfirmationRow): SignupLink['state'] => {
    if (row.confirmed_at !== null) return 'confirmed';
    return row.expires_at > clock.now() ? 'waiting' : 'expired';
  };

  return {
    async begin(place) {
      const [account, kept] = await Promise.all([accounts.findByEmail(place.email), needs.isKept(place.email)]);
      const taken = account ? 'account' : kept && 'kept';
      const id = random.token(16);
      const code = draw(random, '0123456789', codeLength);
      const linkToken = random.token(16);
      // A row for a taken address too: tries and times run the same, but no code and no link ever fits (F5).
      const fits = taken ? random.token(32) : undefined;
      const now = clock.now();
      await store.insert({
        id,
        email: place.email,
        browser_hash: at(place).browserHash,
        code_hash: codeHash(id, fits ?? code),
        link_hash: secrets.hash('mail-link', fits ?? linkToken),
        tries: 0,
        created_at: now,
        expires_at: now + lifetime,
        confirmed_at: null,
        used_at: null,
      });
      return { code, linkToken, taken };
    },

    async allowMail(email, network) {
      const [address, pair] = [secrets.hash('network', email), secrets.hash('network', `sign-up ${email} ${network}`)];
      // Per network against flooding many mailboxes, per address against flooding one. What strangers elsewhere have asked
      // for does not keep an address's owner, who asks for the first time, from signing up (fault B4).
      return limits.inOrder([
        { key: `signup-pair:${pair}`, limit: limitTable.signUpsOfPair },
        { key: `signup-from:${network}`, limit: limitTable.signUpsOfNetwork },
        { key: `signup-to:${address}`, limit: limitTable.signUpsToAddress, spares: ([mine]) => mine === 1 },
        { key: `signup-to-day:${address}`, limit: limitTable.signUpsToAddressADay },
      ]);
    },

    async confirmByCode(place, text) {
      const now = clock.now();
      const code = cleanCode(text);
      const waiting = await store.countTry(at(place), now, mostTries);
      for (const row of waiting) {
        if (sameString(row.code_hash, codeHash(row.id, code)) && (await confirm(row))) return 'confirmed';
      }
      if (waiting.some(({ tries }) => tries < mostTries)) return 'wrong';
      const latest = await store.latest(at(place));
      return !latest || latest.expires_at <= now ? 'expired' : 'no-tries-left';
    },

    async findLink(token, browserId) {
      const row = await store.findByLink(secrets.hash('mail-link', token));
      if (!row) return undefined;
      const sameBrowser = sameString(row.browser_hash, secrets.hash('browser', browserId));
      return { email: row.email, startedAt: row.created_at, sameBrowser, state: usable(row) };
    },

    async confirmByLink(token) {
      const row = await store.findByLink(secrets.hash('mail-link', token));
      return row !== undefined && confirm(row);
    },

    topicOf: (browserId) => topic(secrets.hash('browser', browserId)),

    findConfirmed: (place) => store.findConfirmed(at(place), clock.now() - patience),

    async finish(confirmed, { locale, passkeyUserId }, authenticate) {
      const work = async (trx: DatabaseTransaction): Promise<Account | undefined> => {
        if (!(await store.use(confirmed.id, clock.now(), trx))) return undefined;
        const account = await accounts.create({ email: confirmed.email, locale, passkeyUserId }, trx);
        await authenticate(account, trx);
        return account;
      };
      try {
        return await database.transaction(work);
      } catch (error) {
        if (database.isDuplicate(error)) return undefined;
        throw error;
      }
    },

    removeEnded: () => store.removeEnded(clock.now() - days(1)),
  };
}

/** Digits only, however they were grouped, in whichever digits the keyboard writes. */
function cleanCode(text: string): string {
  return text
    .slice(0, 40)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/\D/g, '');
}
