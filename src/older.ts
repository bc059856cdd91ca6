import { days } from './clock.ts';

/**
 * Somebody who knows a password can add anything to an account within a minute, and nobody can tell what they added from
 * what its owner did. Time tells: for so long, every mail about an addition has a link that takes it back. What is younger
 * than this raises no bar, stops no wait and is sent nothing that opens or ends something.
 */
export const settling = days(7);

/**
 * For whatever begins at `began`: what the account had by then is older, the rest is young. An account younger than that
 * is as old as what it was made with.
 */
export function settledBy(began: number, account: { createdAt: number }): number {
  return Math.max(began - settling, account.createdAt);
}

/**
 * Who ends something of an account: one of its sessions, or whoever has a link that was mailed to an address that is not
 * young. Named by every caller, so that no way of ending is one for a stranger by being forgotten.
 */
export type EndedBy<SessionId extends string = string> = SessionId | 'mailbox';
