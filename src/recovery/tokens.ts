import type { Secrets } from '../secrets.ts';

/** Derived, so that a mail that is sent again has the same link, and nothing that opens it is stored. */
export const cancelToken = (secrets: Secrets, id: string): string => secrets.hash('recovery', `cancel ${id}`);
export const finishToken = (secrets: Secrets, id: string): string => secrets.hash('recovery', `finish ${id}`);
export const tokenHash = (secrets: Secrets, token: string): string => secrets.hash('mail-link', `recovery ${token}`);
