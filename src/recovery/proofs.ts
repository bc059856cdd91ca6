import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { type AccountId, newId } from '../ids.ts';
import { limitTable } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import type { Attempt, From } from './attempt.ts';
import type { IssuedCodes } from './issued-codes.ts';
import { firstWays, furtherWays, type Kind, kindOf, type Way } from './kinds.ts';
import type { RecoveryRow, RecoveryStore } from './recovery-store.ts';

/** What this room asks of the authenticators to check a proof. */
export type ProofAuthenticators = Pick<
  Authenticators,
  'settled' | 'provenSince' | 'verifyApp' | 'recoveryCodes' | 'savedCode'
> & {
  passkeys: Pick<Authenticators['passkeys'], 'requestOptions' | 'verifyRequest'>;
};

export type ProofResult =
  | { ok: true }
  | {
      ok: false;
      reason: 'wrong' | 'expired' | 'no-tries-left' | 'too-many';
      retryAt?: number;
      way?: string | undefined;
    };

/** What a mail's link is about. */
export type OpenedLink = { attempt: Attempt; live: boolean; sameBrowser: boolean };

export type Proofs = {
  /** Whether this way may be tried now. */
  offers(attempt: Attempt, way: Way): boolean;
  /** Checks what was typed, or signed, for one way; a right one is noted and used up together. */
  prove(attempt: Attempt, way: Way, typed: string, from: From): Promise<ProofResult>;
  /** Options for `navigator.credentials.get`; undefined where a key may not be tried. */
  keyOptions(attempt: Attempt, browserId: string): Promise<object | undefined>;
  /** Looks, and changes nothing: mail scanners open links too. */
  findLink(token: string, browserId: string): Promise<OpenedLink | undefined>;
  /** The same as typing the mail's code, in the browser where the link was opened. */
  proveByLink(token: string, from: From): Promise<boolean>;
};

export function createProofs(needs: {
  store: RecoveryStore;
  codes: IssuedCodes;
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  journal: Pick<Journal, 'append'>;
  authenticators: ProofAuthenticators;
  describe(row: RecoveryRow): Promise<Attempt>;
  newRow(email: string, accountId: AccountId | null, from: From): RecoveryRow;
  browserHash(browserId: string): string;
  /** Whether the account has signed in in this browser before (E10). */
  knows(accountId: AccountId | undefined, browserId: string): Promise<boolean>;
}): Proofs {
  const { store, codes, database, clock, random, secrets, limits, journal, authenticators } = needs;

  const record = (attempt: Attempt, way: Way, from: From, trx: DatabaseTransaction) => {
    if (Object.keys(attempt.proven).length > 0) return Promise.resolve();
    const data = { way, network: from.network, ...(from.country && { country: from.country }) };
    return journal.append({ type: 'recovery_begun', accountId: attempt.accountId, data }, trx);
  };

  /** Notes the proof; throws if the attempt is over, so that nothing is used up for it. */
  const note = async (attempt: Attempt, way: Way, from: From, trx: DatabaseTransaction, saved?: string) => {
    const now = clock.now();
    const column: `${Kind}_at` = `${kindOf[way]}_at`;
    const change = {
      [column]: now,
      ...(kindOf[way] === 'bound' && { bound_way: way }),
      ...(saved !== undefined && { sealed_saved_code: secrets.seal('recovery', saved, attempt.id) }),
    };
    if (!(await store.change(attempt.id, ['open'], change, trx, { liveAt: now }))) throw new Over();
    await record(attempt, way, from, trx);
  };

  /** The browser, if it is one of the owner's: what strangers try does not count against it. */
  const ownOf = async ({ accountId }: Attempt, { browserId }: From): Promise<string | undefined> =>
    (await needs.knows(accountId, browserId)) ? browserId : undefined;

  const proveIssued = async (attempt: Attempt, way: 'email' | 'text' | 'operator', typed: string, from: From) => {
    // For an address without an account the same work is done for nobody (F5).
    const accountId = attempt.accountId ?? newId<AccountId>(random);
    const of = way === 'operator' ? { accountId, channel: way } : ({ recoveryId: attempt.id, channel: way } as const);
    const result = await codes.check(of, typed, {
      ...{ email: attempt.email, network: from.network },
      own: await ownOf(attempt, from),
    });
    if (result.result !== 'right') return { ok: false as const, reason: result.result, ...retry(result) };
    const used = await database.transaction(async (trx) => {
      if (!(await codes.use(result.codeId, trx))) return false;
      await note(attempt, way, from, trx);
      return true;
    });
    return used ? { ok: true as const } : { ok: false as const, reason: 'expired' as const };
  };

  const proveKept = async (attempt: Attempt, way: 'saved' | 'app' | 'paper' | 'key', typed: string, from: From) => {
    const own = (await ownOf(attempt, from)) ?? '';
    const key = (whose: string) => secrets.hash('network', `${way} ${attempt.email} ${whose}`);
    // A stranger must not be able to use up what E9 allows the owner, nor strangers elsewhere a first try (fault B4).
    const turn = await limits.inOrder(
      own
        ? [{ key: `recovery-way:${key(own)}`, limit: limitTable.proofsOfOwner }]
        : [
            { key: `recovery-way:${key(from.network)}`, limit: limitTable.proofsOfPair },
            { key: `recovery-ways:${key('')}`, limit: limitTable.proofsOfStrangers, spares: ([mine]) => mine === 1 },
            { key: `recovery-ways-all:${key('')}`, limit: limitTable.proofsOfStrangersInAll },
          ],
    );
    if (!turn.allowed) return { ok: false as const, reason: 'too-many' as const, retryAt: turn.retryAt, way: turn.way };
    const accountId = attempt.accountId ?? newId<AccountId>(random);
    const done = await check[way](accountId, typed, attempt, { ...from, known: own !== '' });
    return done ? { ok: true as const } : { ok: false as const, reason: 'wrong' as const };
  };

  type Check = (
    accountId: AccountId,
    typed: string,
    attempt: Attempt,
    from: From & { known: boolean },
  ) => Promise<boolean>;
  const check: Record<'saved' | 'app' | 'paper' | 'key', Check> = {
    async saved(accountId, typed, attempt, from) {
      const noted = (code: string, trx: DatabaseTransaction) => note(attempt, 'saved', from, trx, code);
      const replacement = await authenticators.savedCode.use(accountId, typed, noted, attempt.settledBy);
      return replacement !== undefined;
    },
    async paper(accountId, typed, attempt, from) {
      const asker = { account: attempt.email, network: from.network, known: from.known };
      const work = (trx: DatabaseTransaction) => note(attempt, 'paper', from, trx);
      const left = await authenticators.recoveryCodes.use(accountId, typed, asker, work);
      return left !== undefined;
    },
    async app(accountId, typed, attempt, from) {
      if (!(await authenticators.verifyApp(accountId, typed))) return false;
      await database.transaction((trx) => note(attempt, 'app', from, trx));
      return true;
    },
    async key(accountId, credential, attempt, from) {
      const answer = { purpose: 'recover' as const, browserId: from.browserId, credential, accountId };
      const proven = await authenticators.passkeys.verifyRequest(answer);
      const since = proven && (await authenticators.provenSince(accountId, ['key'], proven.credentialId));
      if (since === undefined || since > attempt.settledBy) return false;
      await database.transaction((trx) => note(attempt, 'key', from, trx));
      return true;
    },
  };

  const linkOf = async (token: string) => {
    const found = await codes.findLink(token);
    const row = found?.code.recovery_id ? await store.find(found.code.recovery_id) : undefined;
    return found && row?.account_id ? { ...found, row } : undefined;
  };
  const isHere = (row: RecoveryRow, browserId: string) => sameString(row.browser_hash, needs.browserHash(browserId));

  const offers = ({ status, proven, held }: Attempt, way: Way): boolean => {
    if (status !== 'open') return false;
    if (!held) return (firstWays as readonly Way[]).includes(way);
    return furtherWays(held, proven).includes(way);
  };

  return {
    offers,

    async prove(attempt, way, typed, from) {
      if (!offers(attempt, way)) return { ok: false, reason: 'wrong' };
      const proving =
        way === 'email' || way === 'text' || way === 'operator'
          ? proveIssued(attempt, way, typed, from)
          : proveKept(attempt, way, typed, from);
      const result = await proving.catch((error): ProofResult => {
        if (error instanceof Over) return { ok: false, reason: 'expired' };
        throw error;
      });
      // For an address without an account, too: writing takes time that could be measured (F5).
      if (!result.ok && result.reason !== 'too-many') {
        const data = { reason: 'recovery', way, network: from.network };
        await journal.append({ type: 'proof_failed', accountId: attempt.accountId, data });
      }
      return result;
    },

    async keyOptions(attempt, browserId) {
      if (!attempt.accountId || !offers(attempt, 'key')) return undefined;
      return authenticators.passkeys.requestOptions({ purpose: 'recover', browserId, accountId: attempt.accountId });
    },

    async findLink(token, browserId) {
      const found = await linkOf(token);
      if (!found) return undefined;
      const attempt = await needs.describe(found.row);
      return { attempt, live: found.live && attempt.status === 'open', sameBrowser: isHere(found.row, browserId) };
    },

    async proveByLink(token, from) {
      const found = await linkOf(token);
      if (!found?.live || found.row.status !== 'open') return false;
      const { row, code } = found;
      // Opened elsewhere, it goes on there, and knows nothing of what was proven where it began: somebody who has talked
      // the owner into pressing the button gets nothing, and somebody who reads the owner's mail gets this one proof.
      const here = isHere(row, from.browserId) ? row : needs.newRow(row.email, row.account_id, from);
      const attempt = await needs.describe(here);
      const work = async (trx: DatabaseTransaction): Promise<boolean> => {
        if (!(await codes.use(code.id, trx))) return false;
        if (here !== row) await store.insert(here, trx);
        await note(attempt, 'email', from, trx);
        return true;
      };
      return database.transaction(work).catch((error) => {
        if (error instanceof Over) return false;
        throw error;
      });
    },
  };
}

/** The attempt was over before the proof could be noted. */
class Over extends Error {}

const retry = ({ retryAt, way }: { retryAt?: number; way?: string | undefined }) =>
  retryAt === undefined ? {} : { retryAt, way };
