import type { UserInfo } from '@latchkey/device';

/** "Sam’s account (s…@example.org)". Never the whole address: others are in the room. */
export function describeAccount({ name, email }: UserInfo): string {
  const [local, domain] = (email ?? '').split('@');
  const hidden = local && domain ? `${local.charAt(0)}…@${domain}` : '';
  // A name that is the address's first half would tell the rest of it.
  if (name && name !== local) return `${name}’s account${hidden ? ` (${hidden})` : ''}`;
  return hidden ? `the account ${hidden}` : 'your account';
}
