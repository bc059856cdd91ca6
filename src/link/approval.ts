import type { ApprovedRequest } from '../engine/device-requests.ts';
import type { PolledRow } from './link-store.ts';

/** How the person proved themselves when they approved. */
export type Approval = { amr: string[]; acr?: string; authenticatedAt: number; scope: string; linkedUntil?: number };

/** What a device gets tokens for, once a person has approved it. */
export function approvedRequest(row: PolledRow): ApprovedRequest | undefined {
  if (!row.grant_id || !row.account_id || !row.approval) return undefined;
  return {
    clientId: row.client_id,
    accountId: row.account_id,
    grantId: row.grant_id,
    params: JSON.parse(row.params) as Record<string, unknown>,
    ...(JSON.parse(row.approval) as Approval),
    redeemedAt: row.redeemed_at ?? undefined,
  };
}
