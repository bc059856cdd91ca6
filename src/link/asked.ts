import type { Client } from '../clients/clients.ts';
import type { LinkRow } from './link-store.ts';

/** What the device will get: what it asked for, within what its client may have (B32). */
export function grantedScope(row: LinkRow, client: Client): string[] {
  const ceiling = new Set(client.scope.split(' '));
  const { scope } = JSON.parse(row.params) as { scope?: string };
  return (scope ?? '').split(' ').filter((value) => ceiling.has(value));
}

export function resourcesOf(row: LinkRow): string[] {
  const { resource } = JSON.parse(row.params) as { resource?: string | string[] };
  return resource === undefined ? [] : [resource].flat();
}
