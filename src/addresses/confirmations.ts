import { type Clock, days, hours, minutes } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits, Refusal } from '../limits/limits.ts';
import { draw, type Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import type { Live } from '../web/live.ts';
import { type ConfirmationRow, createConfirmationsStore, type Place, type Purpose } from './confirmations-store.ts';

/** Who asks for an address to be confirmed, and where: what is asked for ends with that session. */
export type Asker = { accountId: AccountId; sessionId: SessionId };

/** A value that waits for its code. Only the session that asked for it finds it. */
export type Pending = Asker & { id: string; purpose: Purpose; value: string; state: 'waiting' | 'confirmed' };

/** `full` if there is no room for another address, `taken` if the address has an account of its own meanwhile. */
export type Outcome = 'confirmed' | 'wrong' | 'expired' | 'no-tries-left' | 'full' | 'taken';

/** What a mail's link is about. */
export type ConfirmationLink = {
  accountId: AccountId;
  purpose: Purpose;
  value: string;
  sameSession: boolean;
  state: 'waiting' | 'confirmed' | 'expired';
};

export type Confirmations = ReturnType<typeof createConfirmations>;

/** E15: a text is good for 10 minutes at most, a mail for 24 hours. */
const kinds = {
  phone: { length: 6, lifetime: minutes(10) },
  email: { length: 8, lifetime: hours(1) },
  own: { length: 8, lifetime: hours(1) },
};
const mostTries = 5;

export function createConfirmations(needs: {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  live: Pick<Live, 'tell'>;
  /** Is the account still signed in in that session? */
  isSignedIn(accountId: AccountId, sessionId: SessionId): Promise<boolean>;
  /** Makes a confirmed value count, in one transaction with the use of its code; then tells the owner. */
  confirmed(row: ConfirmationRow, use: (trx: DatabaseTransaction) => Promise<boolean>): Promise<Outcome>;
}) {
  const { clock, random, secrets, limits } = needs;
  const store = createConfirmationsStore(needs.database);
  const codeHash = (id: string, code: string): string => secrets.hash('address-code', `${id} ${code}`);
  const linkHash = (token: string): string => secrets.hash('address-link', token);

  const finish = async (row: ConfirmationRow): Promise<Outcome> => {
    // Whoever signs a stranger out everywhere ends with it what the stranger has asked for.
    if (!(await needs.isSignedIn(row.account_id, row.session_id))) return 'expired';
    const outcome = await needs.confirmed(row, (trx) => store.use(row.id, clock.now(), trx));
    await needs.live.tell(topicOf(row.session_id));
    return outcome;
  };

  return {
    /**
     * A code, and for a mail a link. `dead` makes ones that confirm nothing: tries and times run the same, but neither
     * ever fits (F5).
     */
    async begin(asker: Asker, ask: { purpose: Purpose; value: string; dead?: boolean }) {
      const { length, lifetime } = kinds[ask.purpose];
      const id = random.token(16);
      const code = draw(random, '0123456789', length);
      const linkToken = random.token(16);
      const fits = ask.dead ? random.token(32) : undefined;
      const now = clock.now();
      await store.insert({
        id,
        account_id: asker.accountId,
        session_id: asker.sessionId,
        purpose: ask.purpose,
        value: ask.value,
        code_hash: codeHash(id, fits ?? code),
        link_hash: ask.purpose === 'phone' ? null : linkHash(fits ?? linkToken),
        tries: 0,
        created_at: now,
        expires_at: now + lifetime,
        used_at: null,
      });
      return { id, code, linkToken };
    },

    /** May this account have another message sent to this address, from this network? Counts it (E24, F21). */
    async allow(accountId: AccountId, value: string, network: string): Promise<{ allowed: true } | Refusal> {
      const [address, pair] = [secrets.hash('network', value), secrets.hash('network', `${accountId} ${value}`)];
      return limits.inOrder([
        { key: `address-of:${accountId}`, limit: limitTable.confirmationsOfAccount },
        { key: `address-pair:${pair}`, limit: limitTable.confirmationsOfPair },
        { key: `address-from:${network}`, limit: limitTable.confirmationsOfNetwork, spares: ([asked]) => asked === 1 },
        { key: `address-to:${address}`, limit: limitTable.confirmationsToAddress, spares: ([, mine]) => mine === 1 },
        { key: `address-to-day:${address}`, limit: limitTable.confirmationsToAddressADay },
      ]);
    },

    async find(id: string, asker: Asker): Promise<Pending | undefined> {
      const row = await store.find(id, asker);
      if (!row) return undefined;
      const state = (await store.usedSince(row, row.created_at)) ? 'confirmed' : 'waiting';
      return { id, ...asker, purpose: row.purpose, value: row.value, state };
    },

    async confirmByCode(pending: Pending, text: string): Promise<Outcome> {
      const place = placeOf(pending);
      const now = clock.now();
      const code = digitsIn(text);
      const waiting = await store.countTry(place, now, mostTries);
      const right = waiting.find((row) => sameString(row.code_hash, codeHash(row.id, code)));
      if (right) return finish(right);
      if (waiting.some(({ tries }) => tries < mostTries)) return 'wrong';
      const latest = await store.latest(place);
      return !latest || latest.expires_at <= now ? 'expired' : 'no-tries-left';
    },

    async findLink(token: string, asker: Asker | undefined): Promise<ConfirmationLink | undefined> {
      const row = await store.findByLink(linkHash(token));
      if (!row) return undefined;
      const live = row.expires_at > clock.now() && (await needs.isSignedIn(row.account_id, row.session_id));
      return {
        accountId: row.account_id,
        purpose: row.purpose,
        value: row.value,
        sameSession: asker?.sessionId === row.session_id && asker.accountId === row.account_id,
        state: row.used_at !== null ? 'confirmed' : live ? 'waiting' : 'expired',
      };
    },

    /** In whichever browser: whoever presses holds the mailbox. */
    async confirmByLink(token: string): Promise<Outcome> {
      const row = await store.findByLink(linkHash(token));
      if (row?.used_at) return 'confirmed';
      return row && row.expires_at > clock.now() ? finish(row) : 'expired';
    },

    topicOf,
    dropWaiting: store.dropWaiting,
    removeEnded: () => store.removeEnded(clock.now() - days(1)),
  };
}

/** What a page that waits for a link to be opened listens to. */
const topicOf = (sessionId: SessionId): string => `address ${sessionId}`;

function placeOf({ accountId, sessionId, purpose, value }: Pending): Place {
  return { account_id: accountId, session_id: sessionId, purpose, value };
}

/** However they were grouped, in whichever digits the keyboard writes. */
function digitsIn(text: string): string {
  return text
    .slice(0, 40)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/\D/g, '');
}
