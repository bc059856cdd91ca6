import type { AccountId } from '../../ids.ts';
import type { DatabaseTransaction } from '../database/database.ts';

/** What happened, in the words of security.md F34 and F31. Never holds a code, token, password or full address. */
export type SecurityEvent = {
  type:
    | 'code_issued'
    | 'code_claimed'
    | 'code_contested'
    | 'wrong_code'
    | 'guess_limit_reached'
    | 'approved'
    | 'declined'
    | 'reported'
    | 'redeemed'
    | 'redeemed_again'
    | 'replayed'
    | 'unlinked'
    | 'link_undone'
    | 'renamed'
    | 'account_created'
    | 'signed_in'
    | 'sign_in_failed'
    | 'signed_out'
    | 'proved'
    | 'proof_failed'
    | 'passkey_counter'
    | 'authenticator_added'
    | 'authenticator_removed'
    | 'password_changed'
    | 'recovery_codes_made'
    | 'recovery_code_used'
    | 'address_added'
    | 'address_removed'
    | 'email_changed'
    | 'session_ended'
    | 'recovery_begun'
    | 'recovery_cancelled'
    | 'recovered'
    | 'disowned'
    | 'exported'
    | 'closing_begun'
    | 'closing_cancelled'
    | 'keys_rotated';
  accountId?: AccountId | undefined;
  /** Small, flat, safe to show to the account's owner. */
  data?: Record<string, string | number | undefined>;
};

export type RecordedEvent = SecurityEvent & { id: string; at: number };

/** Append-only record of security events. */
export type Journal = {
  /** Within a transaction when the event must be as durable as the act. */
  append(event: SecurityEvent, transaction?: DatabaseTransaction): Promise<void>;
  /**
   * Forgets for good what happened before `before`. Of what happened before `placesBefore` it keeps neither place nor
   * network (security.md B23), and nothing that belongs to no account. For a timer: what is much takes several calls.
   */
  forget(limits: { before: number; placesBefore: number }): Promise<void>;
  /** Forgets everything of an account that is no more. */
  forgetAccount(accountId: AccountId): Promise<void>;
  /** Newest first. `among` narrows it to some types, and to what came before an event. */
  recent(accountId: AccountId, limit: number, among?: Among): Promise<RecordedEvent[]>;
  /** The account's own event; another account's is as unknown as one that never was (security.md F12). */
  find(accountId: AccountId, id: string): Promise<RecordedEvent | undefined>;
};

export type Among = {
  types?: readonly SecurityEvent['type'][] | undefined;
  before?: Pick<RecordedEvent, 'id' | 'at'> | undefined;
};

/** The facts of an event that say where somebody was. */
export const placeFacts = ['network', 'country'] as const;
