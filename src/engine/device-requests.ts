import type { Client } from '../clients/clients.ts';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, GrantId } from '../ids.ts';

/** Who sent a request, as far as the network tells. */
export type Requester = { ip: string; userAgent: string | undefined; country: string | undefined };

export type NewDeviceRequest = {
  deviceCode: string;
  client: Client;
  /** Parameters the engine has checked: scope, resource, claims and the device's own facts. */
  params: Record<string, unknown>;
  requester: Requester;
};

/** RFC 8628 §3.2, in the units of the wire: seconds. */
export type IssuedCode = { userCode: string; expiresIn: number; interval: number };

/**
 * What a poll is told (RFC 8628 §3.5). `approved` and `redeemed` go on to redemption, where the truth is in the
 * database; everything else is final here.
 */
export type PollAnswer =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'
  | 'approved'
  | 'redeemed';

/** An approved request, as the engine needs it to issue tokens. Times in epoch milliseconds. */
export type ApprovedRequest = {
  clientId: string;
  accountId: AccountId;
  grantId: GrantId;
  params: Record<string, unknown>;
  scope: string;
  amr: string[];
  /** Absent in what was approved before there was one. */
  acr?: string;
  authenticatedAt: number;
  /** When the link and its grant end; absent in what an older version approved. */
  linkedUntil?: number;
  redeemedAt: number | undefined;
};

/** The device grant is ours (decision 4): what the engine asks of the room that owns it. */
export type DeviceRequests = {
  /** Rejects with AppError `unavailable` when no free user code can be drawn, `too_many_tries` when one asks too often. */
  issue(request: NewDeviceRequest): Promise<IssuedCode>;
  poll(deviceCode: string, clientId: string): Promise<PollAnswer>;
  /** True if the code waits and its client has no secret, so that a poll needs no client authentication. */
  waitsForPublicClient(deviceCode: string, clientId: string): boolean;
  /**
   * Resolves when the code is decided, after `wait` milliseconds (or fewer), or when `gone` is aborted; with false, at
   * once, if nobody else can be held just now.
   */
  untilDecided(deviceCode: string, wait: number, gone: AbortSignal): Promise<boolean>;
  /** The answer to a client without credentials, if memory alone can give it: the hot path, one hash and one look-up. */
  pollNow(deviceCode: string, clientId: string): 'authorization_pending' | 'slow_down' | undefined;
  /** A poll that may go on to redemption: with the request, if the answer is `approved` or `redeemed`. */
  look(deviceCode: string, clientId: string): Promise<{ answer: PollAnswer; request?: ApprovedRequest }>;
  /** Claims the approved code within the transaction that stores its tokens; false if another won, or it is unlinked. */
  redeem(deviceCode: string, transaction: DatabaseTransaction): Promise<boolean>;
  /** That transaction has committed: whoever waits for the device to collect is told. */
  collected(deviceCode: string): void;
  /** A client that lost its tokens was given them again. */
  answeredAgain(request: ApprovedRequest): Promise<void>;
  /** A redeemed code came again after the retry window: someone else may hold it. Ends the link. */
  replayed(deviceCode: string): Promise<void>;
};
