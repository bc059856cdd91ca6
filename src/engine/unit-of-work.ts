import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { ApprovedRequest } from './device-requests.ts';
import type { Visit } from './visit.ts';

/** Someone else consumed the one-time value between our read and our commit. */
export class ClaimLost extends Error {
  /** Whose redemption it was, to find the winner's answer. */
  retry?: AnswerFor;
}

/** Whose redemption a stored answer belongs to: only the same client, proving the same key, may hear it again. */
export type AnswerFor = { token: string; clientId: string; thumbprint: string | undefined };

type Write = (transaction: DatabaseTransaction) => Promise<void>;

/**
 * One request to the engine: what it read, and what it wants written.
 *
 * The engine saves artifacts one by one, which a crash or a race could tear apart. Within a unit, writes wait and are
 * committed together; a one-time value is claimed in that same transaction, so a loser leaves nothing behind.
 * Reads are remembered: the engine must not see "consumed" halfway and revoke what the winner was just given (K5).
 */
export type Unit = {
  readonly reads: Map<string, object | undefined>;
  /** Adds a statement to the one transaction at the end. */
  write(statement: Write): void;
  /** To be done once that transaction has committed. */
  afterwards(act: () => void): void;
  /** What the device authorization endpoint of the engine drew, for our own answer (see device-grant.ts). */
  drawn?: { deviceCode: string; params: Record<string, unknown>; clientId: string };
  /** The browser that is in front of the engine, if one is, and when the app's request that it goes on with began. */
  visit?: Visit | undefined;
  begun?: number | undefined;
  /** The approved request that a device code stands for, read once. */
  approved?: ApprovedRequest;
  /** Whose redemption this is, to find the winner's answer if the claim is lost. */
  retry?: AnswerFor;
};

export type Units = {
  current(): Unit | undefined;
  /** Runs `work`; if it returns true, commits what was written. Rejects with ClaimLost when a claim was lost. */
  run(work: (unit: Unit) => Promise<boolean>): Promise<void>;
};

export function createUnits(database: Database): Units {
  const storage = new AsyncLocalStorage<Unit>();
  return {
    current: () => storage.getStore(),
    async run(work) {
      const writes: Write[] = [];
      const acts: (() => void)[] = [];
      const unit: Unit = {
        reads: new Map(),
        write: (statement) => void writes.push(statement),
        afterwards: (act) => void acts.push(act),
      };
      const keep = await storage.run(unit, () => work(unit));
      if (!keep || writes.length === 0) return;
      try {
        await database.transaction(async (transaction) => {
          for (const write of writes) await write(transaction);
        });
        for (const act of acts) act();
      } catch (error) {
        if (error instanceof ClaimLost && unit.retry) error.retry = unit.retry;
        throw error;
      }
    },
  };
}
