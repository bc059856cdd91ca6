import type { Client } from '../clients/clients.ts';
import { acrFor, wantedAcr } from '../engine/acr.ts';
import { allowed } from '../engine/allowed.ts';
import type { SignedInAccount } from '../signin/signin.ts';
import { acrOf } from '../signin/strength.ts';
import type { LinkRow } from './link-store.ts';

/** What the device will get: what it asked for, within what its client may have (B32). */
export function grantedScope(row: LinkRow, client: Client): string[] {
  const { scope } = JSON.parse(row.params) as { scope?: string };
  return allowed(client, { of: 'person', scope, resources: resourcesOf(row) }).scope;
}

export function resourcesOf(row: LinkRow): string[] {
  const { resource } = JSON.parse(row.params) as { resource?: string | string[] };
  return resource === undefined ? [] : [resource].flat();
}

/** How the person is to prove who they are: one of these `acr` values, not before `since` (epoch milliseconds). */
export type AskedProof = { acr: string[]; since: number };

/**
 * `max_age` counts back from when the code was asked for (OpenID Connect Core §3.1.2.1); of 0 the engine makes a
 * `prompt=login`, which wants a proof after that.
 */
export function askedProof(row: LinkRow): AskedProof {
  const params = JSON.parse(row.params) as Partial<Record<'prompt' | 'max_age' | 'acr_values' | 'claims', string>>;
  const anew = params.prompt?.split(' ').includes('login');
  const oldest = params.max_age === undefined ? Number.POSITIVE_INFINITY : Number(params.max_age) * 1000;
  return { acr: wantedAcr(params), since: row.created_at - (anew ? 0 : oldest) };
}

/** What to tell the app, or undefined if the proof is not what it asked for. */
export function acrAsked({ acr, since }: AskedProof, { methods, provenAt }: SignedInAccount): string | undefined {
  return provenAt < since ? undefined : acrFor(acrOf(methods), acr);
}
