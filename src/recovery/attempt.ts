import type { AccountId } from '../ids.ts';
import { type Held, type Kind, kinds, type Proven, type Way } from './kinds.ts';
import type { RecoveryRow, Status } from './recovery-store.ts';

/** One attempt to get back in, in the browser where it runs. Times are epoch milliseconds. */
export type Attempt = {
  id: string;
  email: string;
  /** None for an address without an account. Never told before a first proof. */
  accountId: AccountId | undefined;
  status: Status;
  proven: Proven;
  boundWay: Way | undefined;
  /** After a first proof only: what the account has, and how many further kinds of proof it asks for. */
  held: Held | undefined;
  missing: number;
  /** A new password may be chosen now. */
  mayFinish: boolean;
  /** A second step that is lost may be taken off with it. */
  mayDropSecondStep: boolean;
  startedAt: number;
  startedIn: { userAgent: string | undefined; country: string | undefined };
  waitsUntil: number | undefined;
  savedCode: string | undefined;
  /** What the account had by then counts; the rest is young (fault A2). */
  settledBy: number;
};

/** Where a request comes from. */
export type From = { browserId: string; network: string; userAgent?: string | undefined; country?: string | undefined };

export function provenOf(row: RecoveryRow): Proven {
  const at: Record<Kind, number | null> = {
    issued: row.issued_at,
    saved: row.saved_at,
    bound: row.bound_at,
    operator: row.operator_at,
  };
  return Object.fromEntries(kinds.flatMap((kind) => (at[kind] === null ? [] : [[kind, at[kind]]])));
}
